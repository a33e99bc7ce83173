"""Promise E7 for programs: what would not fit is refused with the missing amperes, and nothing is changed."""

import pytest

from chargers.models import Connector
from grid.models import AuditEntry, Circuit
from tests.asserts.http import assert_problem, client_of
from tests.e2e import site
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import CircuitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E7")]


@pytest.fixture
def built() -> site.Built:
    return site.build()


@pytest.fixture
def manager(built):
    return client_of(manager_of(built.cluster.community))


def change(client, identity, **to):
    connector = Connector.objects.get(charge_point__identity=identity)
    return client.patch(f"/chargers/connectors/{connector.pk}", to, format="json")


def test_fallback_that_fits_is_changed_and_audited(manager) -> None:
    answer = change(manager, "A1", chosen_fallback_ma=20_000, reason="Chosen by the meeting")
    assert (answer.status_code, answer.json()["chosen_fallback_ma"]) == (200, 20_000)
    [entry] = AuditEntry.objects.filter(action="connector.changed")
    assert entry.reason == "Chosen by the meeting"
    assert (entry.before, entry.after) == ({"chosen_fallback_ma": 0}, {"chosen_fallback_ma": 20_000})


def test_fallback_that_does_not_fit_is_refused_with_the_missing_amperes(manager) -> None:
    change(manager, "A1", chosen_fallback_ma=32_000)
    panel = Circuit.objects.get(name="Panel A")
    body = assert_problem(change(manager, "A4", chosen_fallback_ma=16_000), 400, "fallbacks_do_not_fit")
    assert body["missing"] == [{"circuit_id": str(panel.pk), "phase": 1, "missing_ma": 9_000}]
    assert Connector.objects.get(charge_point__identity="A4").chosen_fallback_ma == 0


def test_connector_moved_to_a_circuit_that_can_not_carry_its_fallback_is_refused(manager, built) -> None:
    change(manager, "A1", chosen_fallback_ma=32_000)
    change(manager, "B1", chosen_fallback_ma=32_000)
    panel = str(Circuit.objects.get(name="Panel B").pk)
    assert_problem(change(manager, "A1", circuit_id=panel), 400, "fallbacks_do_not_fit")
    foreign = CircuitFactory()
    assert_problem(change(manager, "A2", circuit_id=str(foreign.pk)), 404, "not_found")


def test_misfit_that_was_there_may_be_made_smaller(manager) -> None:
    Connector.objects.filter(charge_point__identity="A1").update(chosen_fallback_ma=32_000)
    Connector.objects.filter(charge_point__identity="A4").update(chosen_fallback_ma=16_000)
    assert change(manager, "A1", chosen_fallback_ma=30_000).status_code == 200


@pytest.mark.parametrize(
    "to",
    [
        {"chosen_fallback_ma": 3_000},
        {"chosen_fallback_ma": -1},
        {"phase_rotation": "XYZ"},
        {"max_current_ma": 0},
    ],
)
def test_wiring_that_can_not_be_is_refused(manager, to) -> None:
    assert_problem(change(manager, "A1", **to), 400, "invalid")


def test_wiring_is_not_for_drivers(built) -> None:
    driver = client_of(DriverFactory(community=built.cluster.community).user)
    assert_problem(change(driver, "A1", chosen_fallback_ma=6_000), 404, "not_found")


def test_circuit_is_changed_unless_its_fallbacks_would_not_fit(manager) -> None:
    change(manager, "A1", chosen_fallback_ma=20_000)
    panel = Circuit.objects.get(name="Panel A")
    address, low = f"/grid/circuits/{panel.pk}", {"l1": 18_000, "l2": 40_000, "l3": 40_000}
    body = assert_problem(
        manager.patch(address, {"limit_ma": low}, format="json"), 400, "fallbacks_do_not_fit"
    )
    assert body["missing"] == [{"circuit_id": str(panel.pk), "phase": 1, "missing_ma": 3_000}]
    low["l1"] = 21_000
    assert manager.patch(address, {"limit_ma": low}, format="json").json()["limit_ma"] == low
    most = {"l1": 1, "l2": 0, "l3": 0}
    assert_problem(
        manager.patch(address, {"base_load_max_ma": most}, format="json"), 400, "fallbacks_do_not_fit"
    )
