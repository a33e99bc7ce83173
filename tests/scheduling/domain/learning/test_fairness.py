from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from drivers.domain.standing import give_strike
from grid.domain.audit import SYSTEM
from grid.models.audit import AppendOnlyError
from scheduling.domain.learning import fairness
from scheduling.models import FairnessEntry, Habit
from scheduling.rules.guard import USUAL_WISH_WH
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def connector():
    return ConnectorFactory()


def ended(connector, driver=None, **changes):
    driver = driver or DriverFactory(community=connector.community)
    values = {
        "plugged_at": NOW - timedelta(hours=3),
        "started_at": NOW - timedelta(hours=2),
        "energy_wh": 8_000,
    }
    return SessionFactory(connector=connector, driver=driver, state=SessionState.ENDED, **(values | changes))


def entry(connector, driver, *, wanted_wh, received_wh, at=NOW):
    return FairnessEntry.objects.create(
        community=connector.community,
        cluster=connector.circuit.cluster,
        driver=driver,
        session=ended(connector, driver),
        at=at,
        wanted_wh=wanted_wh,
        received_wh=received_wh,
    )


def weight(connector, driver, now=NOW):
    return fairness.ledger_weights(connector.circuit.cluster, [driver.pk], now=now)[driver.pk]


def test_weight_of_a_driver_without_history_is_neutral(connector):
    assert weight(connector, DriverFactory(community=connector.community)) == 1.0


def test_weight_grows_with_what_was_missed_against_the_community_and_decays(connector):
    short, served = (DriverFactory(community=connector.community) for _ in range(2))
    entry(connector, short, wanted_wh=30_000, received_wh=15_000)
    entry(connector, served, wanted_wh=30_000, received_wh=24_000)
    usual = 21 / 60
    own, other = (15 + 10 * usual) / 40, (6 + 10 * usual) / 40
    assert weight(connector, short) == pytest.approx(((own + 0.02) / (usual + 0.02)) ** 3)
    assert weight(connector, served) == pytest.approx(((other + 0.02) / (usual + 0.02)) ** 3)
    assert 1 < weight(connector, short, NOW + timedelta(days=28)) < weight(connector, short)
    assert weight(connector, short, NOW + timedelta(days=43)) == 1.0


def test_weight_is_neutral_where_all_went_equally_short(connector):
    for _ in range(3):
        driver = DriverFactory(community=connector.community)
        entry(connector, driver, wanted_wh=30_000, received_wh=10_000)
    assert weight(connector, driver) == pytest.approx(1.0)


def test_weight_is_bounded_both_ways(connector):
    nothing, *others = (DriverFactory(community=connector.community) for _ in range(20))
    entry(connector, nothing, wanted_wh=900_000, received_wh=0)
    for driver in others:
        entry(connector, driver, wanted_wh=900_000, received_wh=900_000)
    assert weight(connector, nothing) == 4.0
    assert weight(connector, others[0]) == pytest.approx(1 / 3)


def test_weight_is_the_same_whoever_else_is_asked_for(connector):
    short, served = (DriverFactory(community=connector.community) for _ in range(2))
    entry(connector, short, wanted_wh=30_000, received_wh=10_000)
    entry(connector, served, wanted_wh=30_000, received_wh=30_000)
    cluster = connector.circuit.cluster
    both = fairness.ledger_weights(cluster, [short.pk, served.pk], now=NOW)
    assert both == {driver.pk: weight(connector, driver) for driver in (short, served)}


def test_next_to_nothing_missed_in_a_community_without_shortage_hardly_weighs(connector):
    driver, other = (DriverFactory(community=connector.community) for _ in range(2))
    entry(connector, driver, wanted_wh=30_000, received_wh=29_900)
    entry(connector, other, wanted_wh=900_000, received_wh=900_000)
    assert 1.0 < weight(connector, driver) < 1.5


def test_weight_of_who_got_all_stays_neutral(connector):
    driver = DriverFactory(community=connector.community)
    entry(connector, driver, wanted_wh=30_000, received_wh=31_000)
    assert weight(connector, driver) == 1.0


def test_ledger_takes_the_wish_of_the_slot_up_to_the_battery(connector):
    driver = DriverFactory(community=connector.community)
    session = ended(connector, driver, vehicle=VehicleFactory(driver=driver, battery_wh=40_000))
    SlotRequestFactory(
        cluster=connector.circuit.cluster, driver=driver, session=session, energy_wh=60_000, created_at=NOW
    )
    line = fairness.record_session(session, now=NOW)
    assert (line.wanted_wh, line.promised_wh, line.received_wh, line.waited_s) == (
        40_000,
        10_000,
        8_000,
        3600,
    )


def test_ledger_takes_the_room_in_the_battery_without_a_slot(connector):
    driver = DriverFactory(community=connector.community)
    session = ended(
        connector, driver, vehicle=VehicleFactory(driver=driver, battery_wh=50_000), charge_pct=80
    )
    assert fairness.record_session(session, now=NOW).wanted_wh == 18_000


def test_ledger_of_a_full_car_wants_what_it_got(connector):
    assert fairness.record_session(ended(connector, charge_pct=100), now=NOW).wanted_wh == 8_000


def test_ledger_of_an_unknown_car_wants_a_usual_evening(connector):
    assert fairness.record_session(ended(connector), now=NOW).wanted_wh == USUAL_WISH_WH


def test_ledger_is_written_once_and_never_without_a_driver(connector):
    session = ended(connector)
    fairness.record_session(session, now=NOW)
    assert fairness.record_session(session, now=NOW) is None
    nobody = SessionFactory(connector=connector, state=SessionState.ENDED, plugged_at=NOW)
    assert fairness.record_session(nobody, now=NOW) is None
    assert FairnessEntry.objects.count() == 1


@pytest.mark.promise("E18")
def test_stay_whose_end_lies_before_its_beginning_is_in_the_ledger_and_teaches_nothing(connector):
    """The server's clock was set back while the car was there."""
    session = ended(connector, plugged_at=NOW + timedelta(minutes=50), unplugged_at=NOW)
    assert fairness.record_session(session, now=NOW).received_wh == 8_000
    assert Habit.objects.filter(driver=session.driver).exists() is False
    fairness.record_session(ended(connector, session.driver, unplugged_at=NOW), now=NOW)
    assert Habit.objects.get(driver=session.driver).usual_stay_s == 3 * 3_600


def test_ledger_is_append_only(connector):
    line = fairness.record_session(ended(connector), now=NOW)
    line.received_wh = 1
    with pytest.raises(AppendOnlyError):
        line.save()


@pytest.mark.parametrize(("count", "lowered"), [(0, 1.0), (1, 0.75), (2, 0.5), (5, 0.5)])
def test_strikes_lower_the_weight_until_they_lapse(connector, count, lowered):
    driver = DriverFactory(community=connector.community)
    for _ in range(count):
        give_strike(driver, kind="overstay", evidence={}, decision="stood", actor=SYSTEM, now=NOW)
    assert weight(connector, driver) == lowered
    assert weight(connector, driver, now=NOW + timedelta(days=90)) == 1.0
