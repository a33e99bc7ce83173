"""The end of a transaction: its energy, its times, and the car that is still there."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.sessions import status
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import OrphanMessage, Session


def test_stop_fixes_energy_and_waits_for_the_car_to_leave(say, take, driver, now, end):
    started = take(say.start(meter_wh=1_000))
    end(say.stop(started.transaction_id, meter_wh=8_500))
    session = Session.objects.get()
    assert (session.state, session.energy_wh, session.meter_stop_wh) == (SessionState.FINISHED, 7_500, 8_500)
    status.report_status(
        say.status(ConnectorStatus.AVAILABLE, now + timedelta(hours=2)), now=now + timedelta(hours=2)
    )
    session.refresh_from_db()
    assert (session.state, session.unplugged_at) == (SessionState.ENDED, now + timedelta(hours=2))


@pytest.mark.promise("O2")
def test_stop_replayed_counts_energy_once(say, take, driver, end):
    started = take(say.start(meter_wh=1_000))
    for _ in range(5):
        end(say.stop(started.transaction_id, meter_wh=8_500))
    end(say.stop(started.transaction_id, meter_wh=9_999))
    assert Session.objects.get().energy_wh == 7_500
    assert OrphanMessage.objects.count() == 0


@pytest.mark.promise("O3")
def test_stop_with_a_meter_that_went_back_keeps_what_was_metered(say, take, driver, end):
    started = take(say.start(meter_wh=1_000))
    Session.objects.update(energy_wh=400)
    end(say.stop(started.transaction_id, meter_wh=10))
    session = Session.objects.get()
    assert (session.state, session.energy_wh) == (SessionState.FINISHED, 400)
    assert "backwards" in OrphanMessage.objects.get().why


@pytest.mark.promise("O18")
def test_clock_of_the_future_is_flagged_and_not_believed(say, take, driver, now, end):
    started = take(say.start(charger_at=now + timedelta(days=1)))
    end(
        say.stop(
            started.transaction_id,
            now + timedelta(minutes=30),
            charger_at=now + timedelta(days=1, minutes=30),
        )
    )
    session = Session.objects.get()
    assert session.clock_suspect
    assert (session.started_at, session.stopped_at) == (now, now + timedelta(minutes=30))
    assert session.charger_started_at == now + timedelta(days=1)


@pytest.mark.promise("O18")
def test_session_over_the_night_of_the_clock_change_is_not_negative(say, take, driver, end):
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    started = take(say.start(before))
    end(
        say.stop(
            started.transaction_id, before + timedelta(hours=1), charger_at=before - timedelta(minutes=1)
        )
    )
    session = Session.objects.get()
    assert session.stopped_at == session.started_at
    assert session.clock_suspect
