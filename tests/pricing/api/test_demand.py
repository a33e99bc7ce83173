"""Demand charges by the API."""

from datetime import UTC, datetime

import pytest
import time_machine

from pricing.models import DemandCharge
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import ClusterFactory
from tests.pricing.domain.statements import test_demand as months

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
PAGE = "/pricing/demand-charges"
cluster = months.cluster
evening = months.evening


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def manager(cluster):
    return client_of(manager_of(cluster.community))


def add(client, cluster, **changes):
    body = {
        "cluster_id": str(cluster.pk),
        "first_day": "2027-01-01",
        "per_kw_minor": 1_850,
        "sharing": "peak",
    }
    return client.post(PAGE, body | changes, format="json")


def test_charge_is_set_changed_and_removed(manager, cluster):
    made = add(manager, cluster)
    assert (made.status_code, made.data["sharing"]) == (201, "peak")
    page = f"{PAGE}/{made.data['id']}"
    assert manager.patch(page, {"sharing": "energy"}, format="json").data["sharing"] == "energy"
    assert manager.delete(page).status_code == 204
    assert not DemandCharge.objects.exists()


def test_preview_shows_each_drivers_part_of_the_last_month(manager, cluster, evening):
    page = f"{PAGE}/{add(manager, cluster).data['id']}/preview"
    shared = manager.get(page).data["shared"]
    assert (shared["month"], shared["peak_w"], shared["charge_minor"], shared["kept_minor"]) == (
        "2026-11-01",
        62_400,
        115_440,
        74_962,
    )
    found = {part["driver_id"]: part["amount_minor"] for part in shared["parts"]}
    assert found == {
        str(evening[name].pk): minor
        for name, minor in (("Ann", 20_350), ("Bo", 13_320), ("Cy", 6_808), ("Dee", 0))
    }
    by_energy = manager.get(page, {"sharing": "energy", "per_kw_minor": 3_700}).data["shared"]
    assert (by_energy["charge_minor"], by_energy["kept_minor"]) == (230_880, 149_924)
    assert manager.get(page, {"month": "2026-10-05"}).data == {"shared": None}
    assert DemandCharge.objects.get().per_kw_minor == 1_850


def test_refusals_say_why_and_change_nothing(manager, cluster):
    assert_problem(add(manager, cluster, first_day="2026-12-31"), 400, "invalid")
    assert_problem(add(manager, cluster, per_kw_minor=-5), 400, "invalid")
    assert_problem(add(manager, cluster, sharing="loud"), 400, "invalid")
    assert_problem(add(manager, ClusterFactory()), 404, "not_found")
    assert_problem(
        add(client_of(DriverFactory(community=cluster.community).user), cluster), 403, "permission_denied"
    )
    assert not DemandCharge.objects.exists()


def test_driver_reads_the_arithmetic_of_the_own_part(cluster, evening):
    months.charge_of(cluster)
    months.issue(cluster)
    rows = client_of(evening["Ann"].user).get("/pricing/bills", {"kind": "demand"}).data["results"]
    [row] = rows
    assert (row["amount_minor"], row["cluster_id"], row["why"]) == (
        20_350,
        str(cluster.pk),
        [
            "The month's highest quarter of an hour, from 10 Nov 2026, 18:30: 62.40 kW x 18.50 $ = 1,154.40 $.",
            "All cars had 21.88 kW of it. The building's part is not shared.",
        ],
    )
