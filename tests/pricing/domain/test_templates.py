from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from pricing.domain.templates import Template, prices_of, read_price, set_tariff
from pricing.domain.versions import rater_of, version_at
from pricing.models import TariffVersion
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)


def price_at(community, moment):
    version = version_at(community, at=NOON + timedelta(hours=1))
    return float(rater_of(version, time_zone=community.time_zone).price_per_kwh(moment))


@pytest.mark.parametrize(
    ("told", "per_mwh"),
    [("0.35", 35_000), ("0,35", 35_000), (0.35, 35_000), (1, 100_000), ("0.29995", 29_995), (0, 0)],
)
def test_price_is_read_as_people_write_it(told, per_mwh):
    assert read_price(told, field="price_per_kwh") == per_mwh


@pytest.mark.parametrize("told", ["", None, "cheap", "-0.1", "101", "nan", "inf", "0.123456"])
def test_price_that_is_none_is_refused(told):
    with pytest.raises(InvalidInput) as refusal:
        read_price(told, field="price_per_kwh")
    assert refusal.value.field == "price_per_kwh"


def test_night_is_cheaper_on_the_communitys_clock():
    community = CommunityFactory(time_zone="Europe/Berlin")
    prices = prices_of(Template.DAY_AND_NIGHT, price="0.35", night_price="0.29")
    set_tariff(community, name="House", prices=prices, by=SYSTEM, now=NOON)
    night, last, morning = (
        NOON.replace(hour=hour, minute=minute) for hour, minute in ((21, 0), (4, 59), (5, 0))
    )
    assert [price_at(community, each) for each in (NOON, night, last, morning)] == [
        0.35,
        0.29,
        0.29,
        0.35,
    ]


def test_same_prices_publish_nothing_and_others_a_version():
    community = CommunityFactory()
    for price in ("0.35", "0.35", "0.40"):
        set_tariff(
            community, name="House", prices=prices_of(Template.ONE_PRICE, price=price), by=SYSTEM, now=NOON
        )
    assert list(TariffVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    set_tariff(community, name="House", prices=prices_of(Template.FREE), by=SYSTEM, now=NOON)
    assert price_at(community, NOON) == 0


def test_second_tariff_of_a_day_begins_now():
    community = CommunityFactory()
    for name in ("House", "Other"):
        set_tariff(community, name=name, prices=prices_of(Template.FREE), by=SYSTEM, now=NOON)
    assert sorted(TariffVersion.objects.values_list("tariff__valid_from", flat=True))[1] == NOON
