"""Promise E7, seen beforehand: what fallbacks need, what each choice costs, and choosing for many at once."""

import pytest

from chargers.models import ChargePoint, Connector, Make
from grid.models import AuditEntry, Circuit
from tests.asserts.http import assert_problem, client_of
from tests.e2e import site
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E7")]


@pytest.fixture
def built() -> site.Built:
    return site.build()


@pytest.fixture
def manager(built):
    return client_of(manager_of(built.cluster.community))


@pytest.fixture
def page(built) -> str:
    return f"/grid/cluster/{built.cluster.pk}/fallbacks"


def outlook(body, choice):
    return next(each for each in body["outlooks"] if each["choice"] == choice)


def test_each_choice_says_what_it_needs_and_costs(manager, page) -> None:
    body = manager.get(page).json()
    # 75 A less 8 A of the building and 1 A of margin, on three phases.
    assert body["usable_w"] == 66 * 230 * 3
    least, none = outlook(body, "least"), outlook(body, "none")
    assert (least["fits"], least["charge_on"], least["unreachable_w"]) == (True, 10, 6 * 230 * (6 + 4 * 3))
    assert (none["fits"], none["charge_on"], none["unreachable_w"]) == (True, 0, 0)
    by_place = {(need["circuit"], need["phase"]): need for need in least["needs"]}
    assert len(by_place) == 9
    assert (by_place["Panel A", 1]["fallbacks_ma"], by_place["Panel A", 1]["room_ma"]) == (18_000, 39_000)
    assert by_place["Transformer", 1]["fallbacks_ma"] == 36_000


def test_fallback_is_free_while_idle_once_the_make_has_shown_that_it_waits(manager, page) -> None:
    assert outlook(manager.get(page).json(), "least")["idle_w"] == 6 * 230 * 18
    waits = Make.objects.create(vendor="V", model="M", honours_relative=True)
    ChargePoint.objects.update(make=waits)
    body = manager.get(page).json()
    assert outlook(body, "least")["idle_w"] == 0
    assert (body["unconfirmed"], body["unconfirmed_w"]) == (10, 230 * (6 * 32 + 4 * 3 * 16))


def test_all_are_chosen_at_once_and_audited(manager, page) -> None:
    answer = manager.put(page, {"least": True, "reason": "Winter"}, format="json")
    assert outlook(answer.json(), "chosen")["charge_on"] == 10
    assert set(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == {6_000}
    entries = AuditEntry.objects.filter(action="connector.changed", reason="Winter")
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"chosen_fallback_ma": 0}, {"chosen_fallback_ma": 6_000})
    ] * 10


def test_choice_that_does_not_fit_changes_nothing(manager, page) -> None:
    body = assert_problem(
        manager.put(page, {"fallback_ma": 16_000}, format="json"), 400, "fallbacks_do_not_fit"
    )
    panel = Circuit.objects.get(name="Panel A")
    assert {"circuit_id": str(panel.pk), "phase": 1, "missing_ma": 9_000} in body["missing"]
    assert set(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == {0}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"least": True, "fallback_ma": 6_000},
        {"fallback_ma": 5_900},
        {"fallback_ma": 20_000},
        {"fallback_ma": -1},
        {"fallback_ma": 10**12},
        {"least": True, "connector_ids": ["00000000-0000-4000-8000-000000000000"]},
    ],
)
def test_choice_that_can_not_be_is_refused(manager, page, body) -> None:
    assert_problem(manager.put(page, body, format="json"), 400, "invalid")
    assert not AuditEntry.objects.filter(action="connector.changed").exists()


def test_some_connectors_are_chosen(manager, page) -> None:
    some = Connector.objects.get(charge_point__identity="A1")
    manager.put(page, {"fallback_ma": 8_000, "connector_ids": [str(some.pk)]}, format="json")
    assert list(Connector.objects.filter(chosen_fallback_ma=8_000)) == [some]


def test_fallbacks_are_for_the_clusters_own_managers(built, page) -> None:
    driver = client_of(DriverFactory(community=built.cluster.community).user)
    assert_problem(driver.get(page), 403, "permission_denied")
    stranger = client_of(manager_of(DriverFactory().community))
    assert_problem(stranger.get(page), 404, "not_found")
    assert_problem(stranger.put(page, {"least": True}, format="json"), 404, "not_found")


def test_overview_takes_as_many_queries_for_many_connectors(
    manager, page, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(8):
        manager.get(page)
