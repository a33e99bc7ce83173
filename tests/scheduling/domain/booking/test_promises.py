from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.access.judging import SpaceClosed
from chargers.domain.access.rules import set_access_in_words
from chargers.enums import SessionState
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from scheduling.domain.booking.promises import Book, SlotWish, promised_share
from scheduling.enums import EmergencyState, SlotState
from scheduling.errors import SlotRefused, SlotTaken, VehicleBooked
from scheduling.models import EmergencyRequest, FairnessEntry, SlotRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = NOW + 4 * HOUR


@pytest.fixture
def connector():
    """Room for one car on one phase: 16 A at 230 V, 3.68 kW."""
    root = CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)
    return ConnectorFactory(circuit=root, phase_rotation="R")


def book(connector):
    return Book(connector.charge_point.cluster, until=END, now=NOW)


def answer(at, energy_wh=7_000, **changes):
    wish = SlotWish(energy_wh, **({"not_before": NOW, "ready_by": END} | changes))
    return book(at).answer(wish)


def promise(planned, energy_wh, **changes):
    given = {"created_at": NOW, "ready_by": END, "planned_connector": planned} | changes
    return SlotRequestFactory(
        cluster=planned.charge_point.cluster, energy_wh=energy_wh, promised_wh=energy_wh, **given
    )


def session_of(slot, connector, **changes):
    return SessionFactory(
        connector=connector,
        driver=slot.driver,
        state=SessionState.ACTIVE,
        plugged_at=NOW,
        started_at=NOW,
        **changes,
    )


@pytest.mark.parametrize(
    ("missed", "share"), [(0, 1), (0.02, 1), (0.05, 0.9475), (0.4, 0.335), (0.9, 0.2), (1, 0.2)]
)
def test_less_is_promised_the_more_the_community_misses_and_never_nothing(missed, share):
    assert promised_share(missed) == pytest.approx(share)


def test_whole_wish_is_promised_where_it_fits_and_nothing_is_written(connector):
    given = answer(connector)
    assert (given.state, given.promised_wh, given.planned) == (SlotState.PROMISED, 7_000, connector)
    assert (given.why, given.offer) == (None, None)
    assert not SlotRequest.objects.exists()


def test_part_is_promised_beside_another_and_the_rest_is_offered_later(connector):
    other = ConnectorFactory(circuit=connector.circuit, phase_rotation="R")
    promise(connector, 6_624)
    given = answer(connector, 14_000)
    # Nine tenths of 3.68 kW are counted on, and two hours are left.
    assert (given.state, given.promised_wh, given.planned) == (SlotState.PARTLY_PROMISED, 6_624, other)
    assert (given.why.code, given.why.facts["promised_wh"]) == ("slot.fits_in_part", 6_624)
    assert given.offer["connector_id"] == str(other.pk)
    assert given.offer["expected_start"] == "2026-11-02T20:00:00+00:00"
    assert given.offer["ready_by"] == "2026-11-03T00:13:37+00:00"


def test_wish_that_is_not_flexible_is_refused_with_the_same_offer(connector):
    ConnectorFactory(circuit=connector.circuit, phase_rotation="R")
    promise(connector, 6_624)
    part = answer(connector, 14_000)
    with pytest.raises(SlotRefused) as refused:
        answer(connector, 14_000, flexible=False)
    assert refused.value.facts == {"offer": part.offer, "why_said": part.why.stored}
    assert answer(connector, 6_600, flexible=False).state == SlotState.PROMISED


def test_wish_for_a_full_time_is_queued(connector):
    ConnectorFactory(circuit=connector.circuit, phase_rotation="R")
    promise(connector, 13_248)
    given = answer(connector, 7_000)
    assert (given.state, given.promised_wh, given.planned) == (SlotState.QUEUED, 0, None)
    assert (given.why.code, given.offer["energy_wh"]) == ("slot.no_room", 0)


def test_community_that_went_short_is_promised_less_and_no_later_time_helps(connector):
    driver = DriverFactory(community=connector.community)
    FairnessEntry.objects.create(
        community=connector.community,
        cluster=connector.circuit.cluster,
        driver=driver,
        session=SessionFactory(connector=connector, driver=driver, plugged_at=NOW, state=SessionState.ENDED),
        at=NOW,
        wanted_wh=10_000,
        received_wh=0,
    )
    given = answer(connector, 7_000)
    assert (given.state, given.promised_wh) == (SlotState.PARTLY_PROMISED, 1_400)
    assert (given.why.code, given.offer["ready_by"]) == ("slot.held_back", None)


def test_wish_beyond_what_the_time_holds_is_no_wish(connector):
    with pytest.raises(InvalidInput, match=r"14\.7 kWh is the most") as refused:
        answer(connector, 14_721)
    assert refused.value.code == "more_than_time_holds"
    assert answer(connector, 14_720).state == SlotState.PROMISED


def test_booked_connector_is_taken_and_the_next_free_one_is_offered(connector):
    promise(connector, 1_000, connector=connector)
    with pytest.raises(SlotTaken) as taken:
        answer(connector, connector=connector)
    assert taken.value.facts == {"offer": None}
    free = ConnectorFactory(circuit=connector.circuit)
    with pytest.raises(SlotTaken) as taken:
        answer(connector, connector=connector)
    assert taken.value.facts == {"offer": {"connector_id": str(free.pk), "connector": str(free)}}
    assert (
        answer(connector, connector=connector, not_before=END, ready_by=END + 4 * HOUR).planned == connector
    )


def test_car_has_one_slot_at_a_time(connector):
    ConnectorFactory(circuit=connector.circuit)
    vehicle = VehicleFactory(driver=DriverFactory(community=connector.community))
    mine = promise(connector, 1_000, vehicle=vehicle, driver=vehicle.driver)
    with pytest.raises(VehicleBooked):
        answer(connector, vehicle=vehicle)
    wish = SlotWish(7_000, not_before=NOW, ready_by=END, vehicle=vehicle)
    assert book(connector).answer(wish, instead_of=mine).state == SlotState.PROMISED


def test_outlook_counts_what_the_stay_has_had(connector):
    slot = promise(connector, 7_000, state=SlotState.ACTIVE)
    slot.session = session_of(slot, connector, energy_wh=4_000)
    slot.save()
    assert list(book(connector).outlook()) == [(slot, 7_000)]


def test_outlook_leaves_to_emergencies_what_they_are_served_first(connector):
    other = ConnectorFactory(circuit=connector.circuit, phase_rotation="R")
    slot = promise(connector, 13_000, state=SlotState.ACTIVE)
    slot.session = session_of(slot, connector)
    slot.save()
    neighbour = session_of(promise(other, 1_000, state=SlotState.FULFILLED), other)
    EmergencyRequest.objects.create(
        community=connector.community,
        driver=neighbour.driver,
        session=neighbour,
        reason="Hospital",
        energy_wh=5_000,
        granted_wh=5_000,
        minimum_ma=10_000,
        needed_by=NOW + 2 * HOUR,
        until=NOW + 2 * HOUR,
        state=EmergencyState.ACCEPTED,
        state_since=NOW,
        created_at=NOW,
    )
    # 6 A for two hours, and 16 A for two more.
    assert list(book(connector).outlook()) == [(slot, 2 * 1_380 + 2 * 3_680)]


def keep(connector, words):
    set_access_in_words(connector, words, actor=SYSTEM, now=NOW)


def ask(at, driver, **changes):
    wish = SlotWish(7_000, **({"not_before": NOW, "ready_by": END} | changes))
    return Book(at.charge_point.cluster, until=END, now=NOW, driver=driver).answer(wish)


def test_a_space_that_the_driver_may_not_use_is_refused_and_others_are_planned(connector):
    other = ConnectorFactory(
        charge_point__circuit=connector.circuit, circuit=connector.circuit, phase_rotation="R"
    )
    driver = DriverFactory(community=connector.community)
    keep(connector, "guests")
    with pytest.raises(SpaceClosed) as refusal:
        ask(connector, driver, connector=connector)
    assert refusal.value.said.code == "access.others"
    assert ask(connector, driver).planned == other
    guest = DriverFactory(community=connector.community, user=None, membership=None)
    assert ask(connector, guest, connector=connector).planned == connector
    keep(other, "guests")
    with pytest.raises(SpaceClosed, match="No space here is open to you at that time"):
        ask(connector, driver)


def test_hours_count_when_the_window_begins(connector):
    """It is 19:00 on a Monday in Berlin."""
    driver = DriverFactory(community=connector.community)
    keep(connector, "everybody, 19:00-20:00")
    assert ask(connector, driver).state == SlotState.PROMISED
    with pytest.raises(SpaceClosed):
        ask(connector, driver, connector=connector, not_before=NOW + HOUR)


def test_a_car_that_charges_already_may_be_promised_more_after_hours(connector):
    slot = promise(connector, 1_000)
    vehicle = VehicleFactory(driver=slot.driver)
    session_of(slot, connector, vehicle=vehicle)
    slot.delete()
    keep(connector, "guests")
    assert ask(connector, slot.driver, vehicle=vehicle).planned == connector


def alternatives(at, energy_wh=7_000, **changes):
    wish = SlotWish(energy_wh, **({"not_before": NOW, "ready_by": END} | changes))
    own = book(at)
    return [(row.ready_by, row.energy_wh) for row in own.alternatives(wish, own.answer(wish))]


def test_promise_that_fits_easily_could_be_kept_sooner_and_be_more(connector):
    # 7 kWh take 1 h 54 min, and four hours hold 14.7 kWh.
    assert alternatives(connector) == [(NOW + timedelta(minutes=115), 7_000), (END, 14_500)]


def test_promise_that_just_fits_could_be_less_an_hour_earlier(connector):
    assert alternatives(connector, 14_700) == [(END - HOUR, 11_000)]


def test_part_of_a_wish_is_whole_later(connector):
    ConnectorFactory(circuit=connector.circuit, phase_rotation="R")
    promise(connector, 6_624)
    assert alternatives(connector, 14_000) == [(datetime(2026, 11, 3, 0, 13, 37, tzinfo=UTC), 14_000)]


def test_more_than_the_battery_takes_is_no_alternative(connector):
    vehicle = VehicleFactory(driver=DriverFactory(community=connector.community), battery_wh=7_200, phases=1)
    assert alternatives(connector, vehicle=vehicle) == [
        (NOW + timedelta(minutes=115), 7_000),
        (END, 8_000),
    ]


def test_what_is_held_back_from_all_wishes_has_no_alternative_by_more_time(connector, monkeypatch):
    monkeypatch.setattr(Book, "share", 0.5)
    assert alternatives(connector) == []
