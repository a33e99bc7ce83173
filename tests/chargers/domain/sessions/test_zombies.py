"""Transactions that no charger speaks of any more are closed, with a reason."""

from datetime import timedelta

from chargers.domain.sessions import status, zombies
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, OrphanMessage, Session


def test_available_alone_does_not_end_a_transaction(say, take, driver, now):
    """Field case 27."""
    take(say.start())
    status.report_status(say.status(ConnectorStatus.AVAILABLE), now=now)
    assert Session.objects.get().state == SessionState.ACTIVE
    assert zombies.end_zombies(now=now + timedelta(minutes=4)) == 0


def test_transaction_without_a_stop_is_closed_with_a_reason(say, take, driver, now):
    """Field case 18."""
    take(say.start())
    status.report_status(say.status(ConnectorStatus.AVAILABLE), now=now)
    assert zombies.end_zombies(now=now + timedelta(minutes=6)) == 1
    session = Session.objects.get()
    assert (session.state, session.stop_reason) == (SessionState.ENDED, "Unplugged, no stop was sent")


def test_transaction_of_an_online_charger_that_says_nothing_for_hours_is_closed(say, take, driver, now):
    take(say.start())
    later = now + timedelta(hours=13)
    assert zombies.end_zombies(now=later) == 0
    ChargePoint.objects.update(online_until=later + timedelta(seconds=30))
    assert zombies.end_zombies(now=later) == 1
    assert Session.objects.get().stop_reason == "No sign of life"


def test_stop_that_comes_after_the_janitor_corrects_the_energy(say, take, driver, now, end):
    started = take(say.start(meter_wh=1_000))
    status.report_status(say.status(ConnectorStatus.AVAILABLE), now=now)
    zombies.end_zombies(now=now + timedelta(minutes=6))
    end(say.stop(started.transaction_id, meter_wh=3_000))
    assert Session.objects.get().energy_wh == 2_000
    assert OrphanMessage.objects.count() == 1
