"""Slots whose car did not come: when they lapse, and when that costs something."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from drivers.models import Notification
from pricing.models import BillLine
from scheduling.domain.booking import no_shows, requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import SlotState
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import TariffFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MORNING = NOW + timedelta(hours=12)


@pytest.fixture
def root():
    root = CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)
    TariffFactory(community=root.community, reservation_fee_minor=100, no_show_fee_minor=500)
    return root


def place_at(root, **changes):
    """In order, and connected for a day."""
    station = {"connected_at": NOW - timedelta(days=1), "online_until": NOW + timedelta(days=1)}
    options = {f"charge_point__{name}": changes.pop(name, value) for name, value in station.items()}
    return ConnectorFactory(circuit=root, status=ConnectorStatus.AVAILABLE, **options | changes)


def ask(root, **changes):
    wish = SlotWish(**({"energy_wh": 10_000, "not_before": NOW, "ready_by": MORNING} | changes))
    return requests.request_slot(DriverFactory(community=root.community), root.cluster, wish, now=NOW)


def lapse(slot, *, at=NOW + 31 * MINUTE):
    """The look of each minute, up to its lapse."""
    moment = NOW
    while moment <= at:
        no_shows.lapse_no_shows(now=moment)
        moment += 10 * MINUTE
    no_shows.lapse_no_shows(now=at)
    slot.refresh_from_db()
    assert slot.state == SlotState.LAPSED


def fees():
    return list(BillLine.objects.values_list("kind", "amount_minor", "about_id", "session"))


def test_slot_of_its_own_connector_lapses_after_half_an_hour(root):
    own = ask(root, connector=place_at(root))
    assert no_shows.lapse_no_shows(now=NOW + 29 * MINUTE) == 0
    assert no_shows.lapse_no_shows(now=NOW + 31 * MINUTE) == 1
    own.refresh_from_db()
    assert (own.state, own.why_told) == (SlotState.LAPSED, "The car did not come")


def test_slot_without_a_connector_of_its_own_lapses_at_its_end(root):
    place_at(root)
    slot = ask(root)
    assert no_shows.lapse_no_shows(now=MORNING - timedelta(seconds=1)) == 0
    assert no_shows.lapse_no_shows(now=MORNING) == 1
    slot.refresh_from_db()
    assert slot.state == SlotState.LAPSED


@pytest.mark.parametrize("booked", [True, False])
def test_who_could_have_charged_and_did_not_come_is_charged_and_hears_why(root, booked):
    place = place_at(root)
    slot = ask(root, connector=place if booked else None)
    lapse(slot, at=NOW + 31 * MINUTE if booked else MORNING)
    assert fees() == [("no_show", 500, slot.pk, None)]
    line = BillLine.objects.get()
    assert (line.driver_id, line.started_at) == (slot.driver_id, NOW)
    assert line.parts[0]["place"] == str(place if booked else root.cluster)
    told = [each.told for each in Notification.objects.filter(driver=slot.driver)]
    assert sum("your car did not come: that costs 5.00 EUR" in words for words in told) == 1


def test_slot_pays_the_fee_by_which_it_was_booked(root):
    slot = ask(root, connector=place_at(root))
    later = {"valid_from": NOW + MINUTE, "no_show_fee_minor": 9_900, "name": "Dear"}
    TariffFactory(community=root.community, **later)
    lapse(slot)
    assert fees() == [("no_show", 500, slot.pk, None)]


def test_slot_that_is_given_back_before_it_lapses_costs_nothing(root):
    slot = ask(root, connector=place_at(root))
    requests.cancel_slot(slot, now=NOW + 29 * MINUTE)
    no_shows.lapse_no_shows(now=NOW + 31 * MINUTE)
    assert fees() == []


def test_queued_slot_that_nobody_used_costs_nothing(root):
    place_at(root)
    ask(root)
    second = ask(root)
    assert second.state == SlotState.QUEUED
    requests.SlotRequest.objects.exclude(pk=second.pk).delete()
    lapse(second, at=MORNING)
    assert fees() == []


@pytest.mark.parametrize(
    "status", [ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE, ConnectorStatus.UNKNOWN]
)
def test_place_that_was_out_of_order_for_a_moment_costs_nothing(root, status):
    place = place_at(root)
    slot = ask(root, connector=place)
    no_shows.note_hindrances(now=NOW)
    slot.refresh_from_db()
    assert slot.hindered_at is None
    place.status = status
    place.save()
    no_shows.note_hindrances(now=NOW + 5 * MINUTE)
    place.status = ConnectorStatus.AVAILABLE
    place.save()
    lapse(slot)
    assert (fees(), slot.hindered_at) == ([], NOW + 5 * MINUTE)


def test_charger_or_server_that_was_away_costs_nothing(root):
    places = [
        place_at(root, online_until=NOW + 20 * MINUTE),
        place_at(root, connected_at=NOW + MINUTE),
        place_at(root, connected_at=None),
    ]
    for place in places:
        lapse(ask(root, connector=place))
    assert fees() == []


@pytest.mark.parametrize("whose", ["another", "nobody", "own"])
def test_place_that_a_car_stood_at_costs_nothing(root, whose):
    place = place_at(root)
    slot = ask(root, connector=place)
    driver = {"another": DriverFactory(community=root.community), "nobody": None, "own": slot.driver}[whose]
    SessionFactory(
        connector=place,
        driver=driver,
        plugged_at=NOW - MINUTE,
        unplugged_at=NOW + 2 * MINUTE,
        state=SessionState.ENDED,
    )
    lapse(slot)
    assert fees() == []


def test_slot_for_any_place_costs_nothing_once_all_were_taken(root):
    places = [place_at(root), place_at(root)]
    slot = ask(root)
    stays = [
        SessionFactory(
            connector=place,
            driver=DriverFactory(community=root.community),
            plugged_at=NOW,
            state=SessionState.PLUGGED_IN,
        )
        for place in places
    ]
    no_shows.note_hindrances(now=NOW + MINUTE)
    slot.refresh_from_db()
    assert slot.hindered_at == NOW + MINUTE
    for stay in stays:
        stay.state = SessionState.ENDED
        stay.save()
    lapse(slot, at=MORNING)
    assert fees() == []


def test_looks_at_many_slots_in_as_many_queries_as_at_one(root, django_assert_num_queries):
    for _ in range(3):
        ask(root, connector=place_at(root), energy_wh=2_000)
    with django_assert_num_queries(3):
        no_shows.note_hindrances(now=NOW)
