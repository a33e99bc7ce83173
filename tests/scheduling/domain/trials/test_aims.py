"""What each aim would have cost, by the cluster's own past."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling.domain.trials.aims import measure_aims, measure_all_aims
from scheduling.models import AimTrial
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory
from tests.scheduling.domain.trials.test_sharing_price import evenings

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)


@pytest.fixture
def root():
    """Room for everybody: 32 A."""
    return CircuitFactory(limit_l1_ma=97_000, limit_l2_ma=97_000, limit_l3_ma=97_000)


def test_price_costs_less_and_takes_no_energy_from_anybody(root):
    evenings(root, count=3)
    tariff = TariffFactory(community=root.community)
    TariffWindowFactory(tariff=tariff, start_min=0, end_min=360, price_per_mwh_minor=10_000)
    trial = measure_aims(root.cluster, now=NOW)
    assert (trial.days, trial.cars, set(trial.outcomes)) == (3, 9, {"none", "price", "peak"})
    none, price, peak = (trial.outcomes[name] for name in ("none", "price", "peak"))
    # Steps of chargers leave up to 50 Wh of a car's 10 kWh or more.
    assert price["energy"] >= none["energy"] - 0.003
    assert price["worst"] >= none["worst"] - 0.005
    assert price["cost_minor"] < 0.8 * none["cost_minor"]
    assert peak["peak_w"] < 0.8 * none["peak_w"]
    assert peak["energy"] >= none["energy"] - 0.005
    assert none["carbon_g"] is None


def test_aim_whose_prices_are_not_known_is_not_played(root):
    evenings(root, count=1)
    trial = measure_aims(root.cluster, now=NOW)
    assert set(trial.outcomes) == {"none", "peak"}
    assert trial.outcomes["none"]["cost_minor"] is None


def test_cluster_without_cars_has_no_outcomes(root):
    assert measure_aims(root.cluster, now=NOW).outcomes == {}


def test_aims_are_measured_once_a_week(root):
    assert measure_all_aims(now=NOW) == 1
    assert measure_all_aims(now=NOW + timedelta(days=6)) == 0
    assert measure_all_aims(now=NOW + timedelta(days=7)) == 1
    assert AimTrial.objects.count() == 1
