from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chargers.models import MeterValue
from evbalancer.dashboard.live.facts import gather
from evbalancer.dashboard.live.today import price, today
from pricing.domain.curves import publish_prices
from pricing.models import Tariff
from scheduling.enums import SlotState
from scheduling.models import FairnessEntry
from tests.evbalancer.dashboard.conftest import House
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import DynamicPriceFactory, TariffFactory, TariffWindowFactory, unknown_headroom
from tests.factories.scheduling import SlotRequestFactory


def today_of(house: House) -> dict:
    return today(gather(house.cluster, now=house.now))


def account(house: House, driver: object, *, wanted_wh: int, received_wh: int, days_ago: int = 1) -> None:
    at = house.now - timedelta(days=days_ago)
    FairnessEntry.objects.create(
        community=house.cluster.community,
        cluster=house.cluster,
        driver=driver,
        session=SessionFactory(
            connector=house.connector(f"X-{days_ago}-{wanted_wh}"), plugged_at=at, state="ended"
        ),
        at=at,
        wanted_wh=wanted_wh,
        received_wh=received_wh,
    )


def test_today_knows_nothing_where_nothing_was_recorded(house: House) -> None:
    assert today_of(house) == {
        "energy_wh": 0,
        "cars": 0,
        "jain": None,
        "ready_on_time": None,
        "over_days": 30,
        "billed": None,
    }


def test_today_knows_the_months_highest_interval_and_its_target(house: House) -> None:
    house.interval(target_w=50_000, used_ws=900 * 12_000)
    local_month = datetime(2026, 11, 1, 0, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    house.interval(begin=local_month, used_ws=900 * 41_000, finished=True)
    house.interval(begin=local_month - timedelta(minutes=15), used_ws=900 * 60_000, finished=True)
    assert today_of(house)["billed"] == {"month_peak_w": 41_000, "target_w": 50_000}


def test_today_counts_energy_since_local_midnight(house: House) -> None:
    """It is 18:00 in Berlin; the second car was plugged in yesterday and had 5 kWh by midnight."""
    house.charging("A-01", energy_wh=3_000)
    yesterday = house.now - timedelta(hours=24)
    night = house.charging(
        "A-02", energy_wh=8_000, started_at=yesterday, plugged_at=yesterday, meter_start_wh=100_000
    )
    for hours, register_wh in ((20, 104_000), (18.1, 105_000), (17, 106_000)):
        at = house.now - timedelta(hours=hours)
        MeterValue.objects.create(
            received_at=at,
            measured_at=at,
            community_id=night.community_id,
            connector_id=night.connector_id,
            session_id=night.pk,
            energy_wh=register_wh,
        )
    found = today_of(house)
    assert (found["energy_wh"], found["cars"]) == (6_000, 2)


def test_today_counts_a_car_that_came_twice_once(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    for name in ("A-01", "A-02"):
        house.charging(name, driver=driver, energy_wh=2_000)
    for name in ("A-03", "A-04"):
        visitor = house.charging(name, energy_wh=1_000)
        visitor.driver = None
        visitor.save()
    found = today_of(house)
    assert (found["energy_wh"], found["cars"]) == (6_000, 3)  # one who came twice, two visitors


def test_today_claims_no_energy_of_a_night_without_meter_values(house: House) -> None:
    yesterday = house.now - timedelta(hours=24)
    house.charging("A-02", energy_wh=8_000, started_at=yesterday, plugged_at=yesterday)
    found = today_of(house)
    assert (found["energy_wh"], found["cars"]) == (0, 0)


def test_today_leaves_out_what_ended_yesterday(house: House) -> None:
    ended = house.now - timedelta(hours=20)
    house.charging("A-01", state="ended", started_at=ended, plugged_at=ended, stopped_at=ended)
    assert today_of(house)["energy_wh"] == 0


def test_fairness_is_jains_index_over_drivers(house: House) -> None:
    one, two = DriverFactory.create_batch(2, community=house.cluster.community)
    account(house, one, wanted_wh=10_000, received_wh=10_000)
    assert today_of(house)["jain"] is None
    account(house, two, wanted_wh=20_000, received_wh=10_000, days_ago=2)
    # (1 + 0.5)^2 / (2 * (1 + 0.25))
    assert today_of(house)["jain"] == pytest.approx(0.9)
    account(house, two, wanted_wh=90_000, received_wh=0, days_ago=31)
    assert today_of(house)["jain"] == pytest.approx(0.9)


def test_ready_on_time_counts_used_slots_whose_time_is_over(house: House) -> None:
    for state, hours_ago in (
        (SlotState.FULFILLED, 2),
        (SlotState.FULFILLED, 3),
        (SlotState.LAPSED, 4),
        (SlotState.CANCELLED, 5),
        (SlotState.ACTIVE, -2),
    ):
        ready_by = house.now - timedelta(hours=hours_ago)
        SlotRequestFactory(
            cluster=house.cluster,
            session=SessionFactory(connector=house.connector(f"A-{hours_ago}"), plugged_at=ready_by),
            state=state,
            created_at=ready_by - timedelta(hours=8),
            ready_by=ready_by,
        )
    assert today_of(house)["ready_on_time"] == {"ready": 2, "of": 3}


def tariff(house: House) -> Tariff:
    made: Tariff = TariffFactory(community=house.cluster.community)
    TariffWindowFactory(tariff=made, start_min=22 * 60, end_min=24 * 60, price_per_mwh_minor=20_000)
    TariffWindowFactory(tariff=made, start_min=0, end_min=6 * 60, price_per_mwh_minor=20_000)
    return made


def test_price_names_the_next_cheap_window(house: House) -> None:
    """18:00 in Berlin: 30 cents now, 20 from 22:00 until 06:00."""
    tariff(house)
    assert price(house.cluster, now=house.now) == {
        "currency": "EUR",
        "per_kwh_minor": 30.0,
        "cheap": {
            "price_per_kwh_minor": 20.0,
            "from": (house.now + timedelta(hours=4)).isoformat(),
            "to": (house.now + timedelta(hours=12)).isoformat(),
        },
        "dearer_at": None,
        "parts": None,
    }


def test_price_in_the_cheap_window_says_until_when(house: House) -> None:
    tariff(house)
    now = house.now + timedelta(hours=5, minutes=7)
    found = price(house.cluster, now=now)
    assert found is not None
    assert (found["per_kwh_minor"], found["cheap"]) == (20.0, None)
    assert datetime.fromisoformat(found["dearer_at"]) == house.now + timedelta(hours=12)


def test_price_that_never_changes_offers_no_window(house: House) -> None:
    TariffFactory(community=house.cluster.community)
    found = price(house.cluster, now=house.now)
    assert found == {
        "currency": "EUR",
        "per_kwh_minor": 30.0,
        "cheap": None,
        "dearer_at": None,
        "parts": None,
    }


def test_price_without_a_tariff_is_none(house: House) -> None:
    assert price(house.cluster, now=house.now) is None


def test_price_that_follows_the_market_is_told_in_parts(house: House) -> None:
    tariff(house)
    policy = DynamicPriceFactory(cluster=house.cluster)
    publish_prices(policy, headroom=unknown_headroom, now=house.now)
    found = price(house.cluster, now=house.now)
    assert found is not None
    # (10000 + 11000) x 1.19, the market being silent.
    assert (found["per_kwh_minor"], found["cheap"]) == (24.99, None)
    assert found["parts"] == {
        "market": 10_000, "grid": 11_000, "levies": 0, "scarcity": 0, "carbon": 0, "tax": 3_990, "limit": 0,
        "is_fallback": True,
    }  # fmt: skip
