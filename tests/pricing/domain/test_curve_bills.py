"""Sessions of a cluster whose price follows the market are billed by what was published."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from pricing.domain.billing import bill_session, cost_so_far_minor
from pricing.domain.corrections import adjust_bill_line
from pricing.domain.curves import publish_prices
from pricing.models import BillLine
from scheduling.enums import SlotState
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import DynamicPriceFactory, TariffFactory, unknown_headroom
from tests.factories.scheduling import SlotRequestFactory
from tests.pricing.domain.test_curves import say

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def policy():
    """8 cents on the market until half past twelve, then 20; with 11 cents of grid fee and 19 % tax."""
    root = CircuitFactory()
    made = DynamicPriceFactory(cluster=root.cluster)
    TariffFactory(community=root.community)
    say(made, 80, 80, *[200] * 120, now=NOON)
    publish_prices(made, headroom=unknown_headroom, now=NOON)
    return made


def a_session(policy, energy_wh=4_000, **changes):
    """An hour from noon on, at an even power."""
    connector = ConnectorFactory(circuit=policy.cluster.circuits.first())
    usual = {
        "plugged_at": NOON,
        "started_at": NOON,
        "stopped_at": NOON + timedelta(hours=1),
        "state": SessionState.ENDED,
        "driver": DriverFactory(community=policy.community),
    }
    return SessionFactory(connector=connector, energy_wh=energy_wh, meter_start_wh=0, **(usual | changes))


def test_energy_is_billed_at_the_prices_of_its_quarters(policy):
    line = bill_session(a_session(policy), now=NOON + timedelta(hours=1))
    # (8000 + 11000) x 1.19 = 22610 and (20000 + 11000) x 1.19 = 36890 a MWh; 2 kWh each: 45.22 + 73.78 cents.
    assert [(part["energy_wh"], part["price_per_mwh_minor"]) for part in line.parts] == [
        (2_000, 22_610),
        (2_000, 36_890),
    ]
    assert (line.amount_minor, line.energy_wh, line.version) == (119, 4_000, None)
    assert line.parts[1]["start"] == "2026-03-02T12:30:00+00:00"


def test_cost_so_far_is_that_of_the_bill(policy):
    session = a_session(
        policy, state=SessionState.ACTIVE, stopped_at=None, metered_at=NOON + timedelta(hours=1)
    )
    assert cost_so_far_minor(session, now=NOON + timedelta(hours=2)) == 119


def test_who_booked_pays_the_lower_price(policy):
    seen = publish_prices(policy, headroom=unknown_headroom, now=NOON)
    assert seen is None
    session = a_session(policy)
    booked = policy.cluster.price_publications.get()
    SlotRequestFactory(
        cluster=policy.cluster, driver=session.driver, session=session, price_publication=booked,
        state=SlotState.FULFILLED, not_before=NOON, ready_by=NOON + timedelta(hours=1), created_at=NOON,
    )  # fmt: skip
    say(policy, *[10] * 30, *[500] * 90, begin=NOON + timedelta(minutes=15), now=NOON + timedelta(minutes=1))
    say(policy, *[500] * 2, begin=NOON + timedelta(minutes=45), now=NOON + timedelta(minutes=2))
    publish_prices(policy, headroom=unknown_headroom, now=NOON + timedelta(minutes=3))
    line = bill_session(session, now=NOON + timedelta(hours=1))
    # 12:00 as published, 12:15 and 12:30 cheaper later on, and 12:45 dearer later on: the booked price holds.
    prices = [part["price_per_mwh_minor"] for part in line.parts]
    assert prices == [22_610, 14_280, 36_890]
    assert [part["energy_wh"] for part in line.parts] == [1_000, 2_000, 1_000]


def test_correction_is_rated_by_the_prices_of_the_bill(policy):
    session = a_session(policy)
    bill_session(session, now=NOON + timedelta(hours=1))
    policy.grid_fee_per_mwh_minor = 90_000
    policy.save()
    session.energy_wh = 8_000
    session.save()
    adjust_bill_line(session, now=NOON + timedelta(hours=2))
    assert sum(line.amount_minor for line in BillLine.objects.all()) == 238


def test_tariff_counts_where_prices_were_not_published_in_time_or_are_off(policy):
    early = a_session(policy, started_at=NOON - timedelta(hours=1), plugged_at=NOON - timedelta(hours=1))
    assert bill_session(early, now=NOON + timedelta(hours=1)).amount_minor == 120
    policy.active = False
    policy.save()
    off = a_session(policy)
    assert bill_session(off, now=NOON + timedelta(hours=1)).amount_minor == 120
