"""Demand charges in the back office, with what they would have come to."""

import pytest
import time_machine
from django.urls import reverse

from drivers.enums import Role
from pricing.models import DemandCharge
from tests.factories.drivers import MembershipFactory
from tests.factories.grid import ClusterFactory
from tests.pricing.domain.statements import test_demand as months

pytestmark = pytest.mark.django_db
ADD = "/admin/pricing/demandcharge/add/"
cluster = months.cluster
evening = months.evening


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(months.NOW, tick=False):
        yield


@pytest.fixture
def manager(client, cluster):
    member = MembershipFactory(community=cluster.community, role=Role.MANAGER, user__is_staff=True)
    client.force_login(member.user)
    return client


def add(client, cluster, **changes):
    filled = {"cluster": cluster.pk, "first_day": "2027-01-15", "per_kw_minor": "18.50", "sharing": "peak"}
    return client.post(ADD, filled | changes)


def panel_of(client, row):
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    panels = {panel.title: panel.context for panel in client.get(page).context["panels"]}
    [rows] = [context["rows"] for title, context in panels.items() if "2026-11" in title]
    return [[cell.text for cell in line] for line in rows]


def test_manager_sets_a_charge_and_sees_both_ways_to_share_the_last_month(manager, cluster, evening):
    assert add(manager, cluster).status_code == 302
    charge = DemandCharge.objects.get()
    assert (charge.per_kw_minor, charge.first_day.day, charge.sharing) == (1_850, 1, "peak")
    assert panel_of(manager, charge) == [
        ["The connection, from 2026-11-10 18:30", "", "62.4 kW", "1,154.40 USD", "1,154.40 USD"],
        ["The building and cars of nobody known: the community", "", "40.5 kW", "749.62", "749.62"],
        ["Ann", "4.5 kWh", "11 kW", "127.28", "203.50"],
        ["Bo", "1.8 kWh", "7.2 kW", "50.35", "133.20"],
        ["Cy", "0.92 kWh", "3.7 kW", "25.74", "68.08"],
        ["Dee", "7.2 kWh", "0 kW", "201.41", "0.00"],
    ]


def test_month_to_bill_shows_its_charge(manager, cluster, evening):
    months.charge_of(cluster)
    assert panel_of(manager, months.draft(cluster))[2] == ["Ann", "4.5 kWh", "11 kW", "127.28", "203.50"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"first_day": "2026-12-31"}, "first_day"), ({"per_kw_minor": "-1"}, "per_kw_minor"), ({"per_kw_minor": "1000.01"}, "per_kw_minor")],
)  # fmt: skip
def test_wrong_charge_is_refused_at_its_field(manager, cluster, changes, field):
    answer = add(manager, cluster, **changes)
    assert field in answer.context["adminform"].form.errors
    assert not DemandCharge.objects.exists()


def test_foreign_cluster_is_no_choice(manager):
    assert "cluster" in add(manager, ClusterFactory()).context["adminform"].form.errors


def test_what_has_begun_is_only_shown(manager, cluster):
    charge = months.charge_of(cluster)
    page = reverse("admin:pricing_demandcharge_change", args=[charge.pk])
    assert manager.post(page, {"per_kw_minor": "1"}).status_code == 403
    assert manager.post(reverse("admin:pricing_demandcharge_delete", args=[charge.pk])).status_code == 403
    assert DemandCharge.objects.get().per_kw_minor == 1_850
