from datetime import UTC, datetime

import pytest
import time_machine

from drivers.enums import Role
from pricing.domain.curves import publish_prices
from pricing.models import DynamicPrice
from tests.factories.drivers import MembershipFactory
from tests.factories.grid import ClusterFactory
from tests.factories.pricing import DynamicPriceFactory, EnergySignalFactory, unknown_headroom

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
ADD = "/admin/pricing/dynamicprice/add/"


@pytest.fixture
def cluster(client):
    member = MembershipFactory(role=Role.MANAGER, user__is_staff=True)
    client.force_login(member.user)
    return ClusterFactory(community=member.community)


def add(client, cluster, **fields):
    filled = {
        "cluster": cluster.pk, "active": "on", "market": EnergySignalFactory(community=cluster.community).pk,
        "fallback_per_mwh_minor": "0.1", "grid_fee_per_mwh_minor": "0.11", "levies_per_mwh_minor": "0.0205",
        "tax_permille": "190", "scarcity_most_per_mwh_minor": "0.2", "scarcity_from_pct": "20",
        "carbon_per_tonne_minor": "0", "floor_per_mwh_minor": "0", "ceiling_per_mwh_minor": "1",
    }  # fmt: skip
    return client.post(ADD, filled | fields)


def errors(response):
    return response.context["adminform"].form.errors


def test_manager_sets_the_numbers_of_the_formula_in_money_per_kwh(client, cluster):
    response = add(client, cluster)
    assert response.status_code == 302, errors(response)
    policy = DynamicPrice.objects.get()
    assert (policy.community, policy.levies_per_mwh_minor, policy.ceiling_per_mwh_minor) == (
        cluster.community,
        2_050,
        100_000,
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"ceiling_per_mwh_minor": "11"}, "ceiling_per_mwh_minor"),
        ({"floor_per_mwh_minor": "-0.1"}, "floor_per_mwh_minor"),
        ({"tax_permille": "501"}, "tax_permille"),
        ({"scarcity_from_pct": "0"}, "scarcity_from_pct"),
    ],
)
def test_numbers_that_can_not_be_right_are_refused_beside_their_field(client, cluster, fields, field):
    assert field in errors(add(client, cluster, **fields))
    assert not DynamicPrice.objects.exists()


def test_floor_above_the_ceiling_is_refused_in_words(client, cluster):
    found = errors(add(client, cluster, floor_per_mwh_minor="0.5", ceiling_per_mwh_minor="0.4"))
    assert found["__all__"] == ["The ceiling is not below the floor."]


def test_signal_of_carbon_is_no_market_and_a_foreign_one_none_at_all(client, cluster):
    carbon = EnergySignalFactory(community=cluster.community, quantity="carbon")
    assert errors(add(client, cluster, market=carbon.pk))["market"] == [
        "This signal says carbon, not prices."
    ]
    assert "market" in errors(add(client, cluster, market=EnergySignalFactory().pk))
    assert not DynamicPrice.objects.exists()


@time_machine.travel(NOW, tick=False)
def test_page_draws_the_curve_and_says_the_price_in_parts(client, cluster):
    policy = DynamicPriceFactory(cluster=cluster)
    publish_prices(policy, headroom=unknown_headroom, now=NOW)
    page = client.get(f"/admin/pricing/dynamicprice/{policy.pk}/change/").content.decode()
    assert "from 0.1 EUR to 0.2499 EUR" in page
    assert "nothing is known: the fallback price holds" in page
    assert "fallback" in client.get("/admin/pricing/dynamicprice/").content.decode()
