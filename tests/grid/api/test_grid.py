from datetime import timedelta

import pytest
from django.utils import timezone

from grid.models import AuditEntry, LoadCurve, MeterReading, TemporaryLimit
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db
PHASES = ("l1", "l2", "l3")


def same(current_ma):
    return dict.fromkeys(PHASES, current_ma)


@pytest.fixture
def root():
    return CircuitFactory(base_load_max_l1_ma=5_000, base_load_max_l2_ma=5_000, base_load_max_l3_ma=5_000)


@pytest.fixture
def manager(root):
    return client_of(manager_of(root.community))


def test_cluster_lists_the_callers_clusters_with_their_tree(root):
    panel = CircuitFactory(cluster=root.cluster, parent=root)
    LoadCurve.objects.create(
        community=root.community, circuit=panel, l1_ma=[1] * 96, l2_ma=[2] * 96, l3_ma=[3] * 96
    )
    CircuitFactory()
    body = client_of(DriverFactory(community=root.community).user).get("/grid/cluster").json()
    assert [row["id"] for row in body["results"]] == [str(root.cluster_id)]
    circuits = {row["id"]: row for row in body["results"][0]["circuits"]}
    assert circuits[str(root.pk)]["base_load_ma"] == same(5_000)
    assert circuits[str(panel.pk)]["parent_id"] == str(root.pk)
    assert circuits[str(panel.pk)]["base_load_ma"] == {"l1": 1, "l2": 2, "l3": 3}


def test_cluster_list_asks_a_constant_number_of_queries(root, manager, django_assert_num_queries):
    for _ in range(2):
        for cluster in ClusterFactory.create_batch(3, community=root.community):
            CircuitFactory(cluster=cluster, has_meter=True)
        with django_assert_num_queries(6):
            manager.get("/grid/cluster")


def cut(manager, root, **changes):
    body = {"circuit_id": str(root.pk), "pct": 50, "reason": "Works on the line"}
    return manager.post("/grid/limits", body | changes, format="json")


def test_limit_is_imposed_shown_and_lifted_by_a_manager(root, manager):
    response = cut(manager, root)
    assert response.status_code == 201
    limit = response.json()
    assert limit["limit_ma"] == same(24_000)
    [cluster] = manager.get("/grid/cluster").json()["results"]
    assert cluster["circuits"][0]["limit_now_ma"] == same(24_000)
    assert [row["id"] for row in cluster["temporary_limits"]] == [limit["id"]]
    lifted = manager.post(f"/grid/limits/{limit['id']}/lift", {"reason": "Done"}, format="json")
    assert lifted.json()["cancelled_at"] is not None
    assert_problem(manager.post(f"/grid/limits/{limit['id']}/lift"), 409, "state_moved")
    assert list(AuditEntry.objects.order_by("at").values_list("action", "reason")) == [
        ("limit.imposed", "Works on the line"),
        ("limit.lifted", "Done"),
    ]


def test_limit_per_phase_is_taken_as_it_is(root, manager):
    phases = {"l1": 10_000, "l2": 20_000, "l3": 30_000}
    body = {"circuit_id": str(root.pk), "limit_ma": phases, "reason": "x"}
    assert manager.post("/grid/limits", body, format="json").json()["limit_ma"] == phases


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pct": 101}, "pct"),
        ({"reason": " "}, "reason"),
        ({"limit_ma": {"l1": 1, "l2": 1, "l3": 1}}, "limit"),
        ({"pct": None}, "pct"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00Z"}, "until"),
        ({"until": "2150-01-01T00:00:00Z"}, "until"),
        ({"until": "2050-01-01T00:00:00"}, "until"),
        ({"source": "weather"}, "source"),
        ({"limit_ma": {"l1": -1, "l2": 1, "l3": 1}}, "limit_ma"),
        ({"limit_ma": 7}, "limit_ma"),
    ],
)
def test_limit_that_can_not_be_is_refused(root, manager, changes, field):
    body = assert_problem(cut(manager, root, **changes), 400, "invalid")
    assert list(body["errors"]) == [field]
    assert not TemporaryLimit.objects.exists()


def test_limit_above_the_permanent_one_is_refused(root, manager):
    body = {"circuit_id": str(root.pk), "limit_ma": same(48_001), "reason": "x"}
    assert_problem(manager.post("/grid/limits", body, format="json"), 400, "invalid")


def test_limit_is_not_for_drivers(root):
    driver = client_of(DriverFactory(community=root.community).user)
    assert_problem(cut(driver, root), 403, "permission_denied")


def test_limit_on_a_circuit_of_another_community_does_not_exist(manager):
    assert_problem(cut(manager, CircuitFactory()), 404, "not_found")


def test_reading_of_a_meter_is_stored(manager, root):
    meter = CircuitFactory(cluster=root.cluster, parent=root, has_meter=True)
    body = {"measured_at": timezone.now().isoformat(), "base_load_ma": same(7_000)}
    assert manager.post(f"/grid/circuits/{meter.pk}/readings", body, format="json").status_code == 201
    assert MeterReading.objects.get().base_load_ma == (7_000,) * 3
    circuits = manager.get(f"/grid/cluster/{root.cluster_id}").json()["circuits"]
    assert next(row for row in circuits if row["id"] == str(meter.pk))["base_load_ma"] == same(7_000)


def test_reading_from_the_future_is_refused(manager, root):
    meter = CircuitFactory(cluster=root.cluster, parent=root, has_meter=True)
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    response = manager.post(
        f"/grid/circuits/{meter.pk}/readings", {"measured_at": later, "base_load_ma": same(1)}, format="json"
    )
    assert_problem(response, 400, "invalid")
    assert not MeterReading.objects.exists()


def test_reading_of_a_circuit_without_a_meter_does_not_exist(manager, root):
    assert_problem(manager.post(f"/grid/circuits/{root.pk}/readings", {}, format="json"), 404, "not_found")
