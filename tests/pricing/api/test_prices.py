"""The price now and ahead, in parts where it follows the market."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from pricing.domain.curves import publish_prices
from pricing.models import EnergySignal
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory
from tests.factories.grid import ClusterFactory
from tests.factories.pricing import DynamicPriceFactory, TariffFactory, unknown_headroom
from tests.pricing.domain.test_curves import say

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
PRICES = "/pricing/prices"


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def policy():
    made = DynamicPriceFactory()
    TariffFactory(community=made.community)
    return made


@pytest.fixture
def client(policy):
    return client_of(DriverFactory(community=policy.community).user)


def publish(policy):
    return publish_prices(policy, headroom=unknown_headroom, now=NOW)


def test_published_prices_are_told_with_their_parts(policy, client):
    say(policy, 82)
    publication = publish(policy)
    body = client.get(PRICES, {"hours": 1}).json()
    # (8200 + 11000) x 1.19 = 22848, then the fallback: (10000 + 11000) x 1.19.
    assert body["per_mwh_minor"] == [22_848, 24_990, 24_990, 24_990]
    assert (body["cluster_id"], body["publication_id"], body["published_at"]) == (
        str(policy.cluster_id),
        str(publication.pk),
        "2026-03-02T12:07:00Z",
    )
    first, second, *_ = body["parts"]
    assert first == {
        "market": 8_200, "grid": 11_000, "levies": 0, "scarcity": 0, "carbon": 0, "tax": 3_648, "limit": 0,
        "is_fallback": False,
    }  # fmt: skip
    assert (second["market"], second["is_fallback"]) == (10_000, True)


def test_tariff_counts_until_prices_are_published(policy, client):
    body = client.get(PRICES, {"hours": 1}).json()
    assert (body["per_mwh_minor"], body["parts"], body["publication_id"]) == ([30_000] * 4, None, None)


def test_silent_market_is_seen_as_fallback_and_as_silence(policy, client):
    say(policy, 82)
    publish(policy)
    with time_machine.travel(NOW + timedelta(minutes=15), tick=False):
        body = client.get(PRICES, {"hours": 1}).json()
        [signal] = client.get("/pricing/signals").json()["results"]
    assert [part["is_fallback"] for part in body["parts"]] == [True] * 4
    assert (signal["is_silent"], signal["age_s"]) == (True, 900)
    assert EnergySignal.objects.count() == 1


def test_one_of_several_clusters_has_to_be_named(policy, client):
    publish(policy)
    other = ClusterFactory(community=policy.community)
    assert client.get(PRICES).json()["cluster_id"] is None
    named = client.get(PRICES, {"cluster": policy.cluster_id, "hours": 1}).json()
    assert named["per_mwh_minor"] == [24_990] * 4
    assert client.get(PRICES, {"cluster": other.pk, "hours": 1}).json()["per_mwh_minor"] == [30_000] * 4


def test_cluster_of_another_community_does_not_exist(client):
    foreign = DynamicPriceFactory()
    publish(foreign)
    assert_problem(client.get(PRICES, {"cluster": foreign.cluster_id}), 404, "not_found")
