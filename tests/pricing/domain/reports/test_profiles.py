"""What a session saved against charging at once, by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from chargers.models import MeterValue
from pricing.domain.billing import bill_session
from pricing.domain.curves import publish_prices
from pricing.domain.reports.profiles import at_once_wh, forget_profile, measure_profiles
from pricing.models import LoadProfile, PricePublication
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import (
    DynamicPriceFactory,
    TariffFactory,
    TariffWindowFactory,
    unknown_headroom,
)
from tests.pricing.domain.test_curves import say

pytestmark = pytest.mark.django_db
# 21:00 in Berlin, in winter.
EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
MIDNIGHT = EVENING + timedelta(hours=3)


@pytest.fixture
def cluster():
    return CircuitFactory(cluster__community__time_zone="Europe/Berlin").cluster


def a_night(cluster, *, samples, **changes):
    """8 kWh from 21:00 to 5:00 on a single phase of 16 A, as the meter says."""
    connector = ConnectorFactory(circuit=cluster.circuits.first(), phase_rotation="R", max_current_ma=16_000)
    session = SessionFactory(
        connector=connector,
        **{
            "plugged_at": EVENING,
            "started_at": EVENING,
            "stopped_at": EVENING + timedelta(hours=8),
            "state": SessionState.ENDED,
            "energy_wh": 8_000,
            "meter_start_wh": 0,
            **changes,
        },
    )
    for at, energy_wh in samples:
        MeterValue.objects.create(
            community=session.community, connector=connector, session=session, received_at=at, measured_at=at,
            energy_wh=energy_wh,
        )  # fmt: skip
    return session


def measured(session, *, now=EVENING + timedelta(hours=9)):
    bill_session(session, now=now)
    assert measure_profiles(now=now) == 1
    return LoadProfile.objects.get(session=session)


# Nothing until midnight, then 2 kW for four hours.
WAITED = [(MIDNIGHT, 0), (MIDNIGHT + timedelta(hours=4), 8_000)]


def test_waiting_for_the_night_saves_what_the_evening_would_have_cost(cluster):
    tariff = TariffFactory(community=cluster.community, base_price_per_mwh_minor=30_000)
    TariffWindowFactory(tariff=tariff, start_min=0, end_min=360, price_per_mwh_minor=20_000)
    profile = measured(a_night(cluster, samples=WAITED))
    # Billed: 8 kWh x 20 cents. At once: 3.68 kW from 21:00 on are full at 23:10, all of it at 30 cents.
    assert (profile.cost_minor, profile.at_once_minor, profile.saved_minor) == (160, 240, 80)
    assert (profile.at_once_w, profile.begins_at) == (3_680, EVENING)
    assert profile.energies_wh == [0] * 12 + [500] * 16 + [0] * 4
    start, wh = at_once_wh(profile)
    assert (start, wh) == (EVENING, [920] * 8 + [640])


def test_one_price_saves_nothing(cluster):
    TariffFactory(community=cluster.community)
    assert measured(a_night(cluster, samples=WAITED)).saved_minor == 0


def test_waiting_for_dear_hours_is_said_as_a_loss(cluster):
    tariff = TariffFactory(community=cluster.community, base_price_per_mwh_minor=20_000)
    TariffWindowFactory(tariff=tariff, start_min=0, end_min=360, price_per_mwh_minor=30_000)
    assert measured(a_night(cluster, samples=WAITED)).saved_minor == -80


def test_without_a_price_nothing_is_known(cluster):
    profile = measured(a_night(cluster, samples=WAITED))
    assert (profile.cost_minor, profile.at_once_minor, profile.saved_minor) == (None, None, None)


def test_published_prices_are_those_of_the_quarters_at_once(cluster):
    policy = DynamicPriceFactory(cluster=cluster, tax_permille=0, grid_fee_per_mwh_minor=0)
    say(policy, *[300] * 12, *[100] * 120, begin=EVENING, now=EVENING)
    publish_prices(policy, headroom=unknown_headroom, now=EVENING)
    profile = measured(a_night(cluster, samples=WAITED))
    # 8 kWh at 10 cents after midnight, against 8 kWh at 30 cents before.
    assert (profile.cost_minor, profile.at_once_minor) == (80, 240)


def test_a_price_that_was_not_published_is_not_guessed(cluster):
    policy = DynamicPriceFactory(cluster=cluster)
    say(policy, *[100] * 120, begin=EVENING, now=EVENING)
    publish_prices(policy, headroom=unknown_headroom, now=EVENING)
    PricePublication.objects.update(begins_at=EVENING + timedelta(hours=1))
    session = a_night(
        cluster,
        samples=WAITED,
        started_at=EVENING + timedelta(hours=1),
    )
    profile = measured(session)
    # It was plugged in an hour before anything was published.
    assert profile.cost_minor is not None
    assert (profile.at_once_minor, profile.saved_minor) == (None, None)


def test_the_car_counts_and_so_does_what_was_measured(cluster):
    TariffFactory(community=cluster.community)
    car = VehicleFactory(community=cluster.community, phases=1, max_current_ma=10_000)
    assert measured(a_night(cluster, samples=WAITED, vehicle=car)).at_once_w == 2_300
    fast = [(MIDNIGHT, 0), (MIDNIGHT + timedelta(hours=2), 8_000)]
    assert measured(a_night(cluster, samples=fast, vehicle=car)).at_once_w == 4_000


def test_a_later_transaction_of_a_stay_begins_when_it_began(cluster):
    TariffFactory(community=cluster.community)
    session = a_night(
        cluster,
        samples=[],
        started_at=MIDNIGHT,
        stay_began_at=EVENING,
        energy_before_wh=3_000,
    )
    assert measured(session).at_once_from == MIDNIGHT


def test_a_correction_is_measured_again(cluster):
    TariffFactory(community=cluster.community)
    session = a_night(cluster, samples=WAITED)
    measured(session)
    forget_profile(session)
    assert measure_profiles(now=EVENING + timedelta(hours=10)) == 1
    assert measure_profiles(now=EVENING + timedelta(hours=10)) == 0


def test_what_ended_long_ago_is_left(cluster):
    TariffFactory(community=cluster.community)
    session = a_night(cluster, samples=WAITED)
    bill_session(session, now=EVENING + timedelta(hours=9))
    assert measure_profiles(now=EVENING + timedelta(days=90)) == 0
