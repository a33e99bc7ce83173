from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.sessions import sessions, status
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, OrphanMessage, Session, TransactionNumber
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

INT32_MAX = 2**31 - 1


@pytest.fixture
def driver(connector):
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="TAG")
    return driver


@pytest.fixture
def take(now):
    def take(report):
        return sessions.start_session(report, now=report.received_at)

    return take


def end(report):
    return sessions.stop_session(report, now=report.received_at)


def test_preparing_opens_one_session(say, connector, now):
    for _ in range(2):
        status.report_status(say.status(ConnectorStatus.PREPARING), now=now)
    session = Session.objects.get()
    assert (session.state, session.connector, session.plugged_at) == (SessionState.PLUGGED_IN, connector, now)


def test_start_makes_the_plugged_in_session_active(say, take, driver, now):
    status.report_status(say.status(ConnectorStatus.PREPARING), now=now)
    outcome = take(say.start(id_tag="tag", meter_wh=1_500))
    session = Session.objects.get()
    assert outcome.status == "Accepted"
    assert outcome.transaction_id == session.transaction_id == TransactionNumber.objects.get().pk
    assert (session.state, session.driver, session.meter_start_wh) == (SessionState.ACTIVE, driver, 1_500)
    assert (session.started_at, session.clock_suspect) == (now, False)


@pytest.mark.promise("O1")
def test_replayed_start_is_one_session_with_the_same_transaction(say, take, driver):
    outcomes = {take(say.start()) for _ in range(5)}
    assert len(outcomes) == 1
    assert Session.objects.count() == TransactionNumber.objects.count() == 1


@pytest.mark.promise("O1")
def test_start_replayed_after_its_stop_begins_nothing_new(say, take, driver):
    first = take(say.start())
    end(say.stop(first.transaction_id))
    assert take(say.start()) == first
    assert Session.objects.get().state == SessionState.FINISHED


def test_start_with_an_unknown_tag_is_recorded_and_invalid(say, take, connector):
    outcome = take(say.start(id_tag="STRANGER"))
    session = Session.objects.get()
    assert (outcome.status, session.driver, session.state) == ("Invalid", None, SessionState.ACTIVE)


@pytest.mark.promise("O3")
def test_start_on_an_unknown_connector_is_answered_and_kept_aside(say, take, connector):
    for _ in range(2):
        assert take(say.start(number=9)).status == "Invalid"
    assert Session.objects.count() == 0
    orphan = OrphanMessage.objects.get()
    assert (orphan.action, orphan.payload["connectorId"]) == ("StartTransaction", 9)


def test_start_while_another_transaction_runs_closes_that_one(say, take, driver, now):
    first = take(say.start())
    later = now + timedelta(minutes=5)
    second = take(say.start(later, meter_wh=2_000))
    old, new = Session.objects.order_by("transaction_id")
    assert (old.state, old.stop_reason) == (SessionState.ENDED, "Another transaction began")
    assert (new.state, new.transaction_id) == (SessionState.ACTIVE, second.transaction_id)
    assert first.transaction_id != second.transaction_id


@pytest.mark.promise("O4")
def test_start_from_an_old_queue_does_not_end_the_transaction_that_runs(say, take, driver, now):
    take(say.start())
    hours_ago = now - timedelta(hours=3)
    old = take(say.start(now + timedelta(minutes=1), charger_at=hours_ago, meter_wh=100))
    end(
        say.stop(
            old.transaction_id,
            now + timedelta(minutes=1),
            charger_at=hours_ago + timedelta(hours=1),
            meter_wh=900,
        )
    )
    history, running = Session.objects.order_by("started_at")
    assert (history.state, history.energy_wh, history.started_at) == (SessionState.ENDED, 800, hours_ago)
    assert running.state == SessionState.ACTIVE


def test_stop_fixes_energy_and_waits_for_the_car_to_leave(say, take, driver, now):
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
def test_stop_replayed_counts_energy_once(say, take, driver):
    started = take(say.start(meter_wh=1_000))
    for _ in range(5):
        end(say.stop(started.transaction_id, meter_wh=8_500))
    end(say.stop(started.transaction_id, meter_wh=9_999))
    assert Session.objects.get().energy_wh == 7_500
    assert OrphanMessage.objects.count() == 0


@pytest.mark.promise("O2")
@pytest.mark.parametrize("transaction_id", [-1, 0, 123_456, INT32_MAX, 2**40])
def test_stop_of_no_known_transaction_is_kept_aside_once(say, connector, transaction_id):
    for _ in range(5):
        end(say.stop(transaction_id))
    orphan = OrphanMessage.objects.get()
    assert orphan.payload["transactionId"] == transaction_id


def test_stop_of_another_charge_points_transaction_is_refused(say, take, driver, source):
    started = take(say.start())
    Session.objects.update(connector=ConnectorFactory())
    end(say.stop(started.transaction_id))
    assert Session.objects.get().state == SessionState.ACTIVE
    assert OrphanMessage.objects.count() == 1


@pytest.mark.promise("O3")
def test_stop_with_a_meter_that_went_back_keeps_what_was_metered(say, take, driver):
    started = take(say.start(meter_wh=1_000))
    Session.objects.update(energy_wh=400)
    end(say.stop(started.transaction_id, meter_wh=10))
    session = Session.objects.get()
    assert (session.state, session.energy_wh) == (SessionState.FINISHED, 400)
    assert "backwards" in OrphanMessage.objects.get().why


@pytest.mark.promise("O18")
def test_clock_of_the_future_is_flagged_and_not_believed(say, take, driver, now):
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
def test_known_skew_of_a_late_clock_is_taken_off(say, take, driver, connector, now):
    ChargePoint.objects.update(clock_skew_s=-86_400)
    take(say.start(charger_at=now - timedelta(days=1)))
    session = Session.objects.get()
    assert (session.started_at, session.clock_suspect) == (now, True)


@pytest.mark.promise("O18")
def test_session_over_the_night_of_the_clock_change_is_not_negative(say, take, driver):
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


def test_available_alone_does_not_end_a_transaction(say, take, driver, now):
    """Field case 27."""
    take(say.start())
    status.report_status(say.status(ConnectorStatus.AVAILABLE), now=now)
    assert Session.objects.get().state == SessionState.ACTIVE
    assert sessions.end_zombies(now=now + timedelta(minutes=4)) == 0


def test_transaction_without_a_stop_is_closed_with_a_reason(say, take, driver, now):
    """Field case 18."""
    take(say.start())
    status.report_status(say.status(ConnectorStatus.AVAILABLE), now=now)
    assert sessions.end_zombies(now=now + timedelta(minutes=6)) == 1
    session = Session.objects.get()
    assert (session.state, session.stop_reason) == (SessionState.ENDED, "Unplugged, no stop was sent")


def test_transaction_of_an_online_charger_that_says_nothing_for_hours_is_closed(say, take, driver, now):
    take(say.start())
    later = now + timedelta(hours=13)
    assert sessions.end_zombies(now=later) == 0
    ChargePoint.objects.update(online_until=later + timedelta(seconds=30))
    assert sessions.end_zombies(now=later) == 1
    assert Session.objects.get().stop_reason == "No sign of life"


def test_stop_that_comes_after_the_janitor_corrects_the_energy(say, take, driver, now):
    started = take(say.start(meter_wh=1_000))
    status.report_status(say.status(ConnectorStatus.AVAILABLE), now=now)
    sessions.end_zombies(now=now + timedelta(minutes=6))
    end(say.stop(started.transaction_id, meter_wh=3_000))
    assert Session.objects.get().energy_wh == 2_000
    assert OrphanMessage.objects.count() == 1
