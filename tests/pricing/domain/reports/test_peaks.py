"""The load of a connection as it was, and with its cars charging at once."""

from datetime import timedelta

import pytest

from grid.models import DemandInterval
from pricing.domain.reports.peaks import read_loads
from pricing.models import LoadProfile
from tests.pricing.domain.reports.test_accounts import cluster, night  # noqa: F401
from tests.pricing.domain.reports.test_profiles import EVENING, MIDNIGHT

pytestmark = pytest.mark.django_db


def test_counted_load_keeps_the_building_and_moves_the_cars(cluster, night):  # noqa: F811
    root = cluster.circuits.get()
    for begin, watts in ((EVENING, 30_000), (MIDNIGHT, 12_000)):
        DemandInterval.objects.create(
            community=cluster.community, circuit=root, begin=begin, length_s=900, target_w=0,
            used_ws=watts * 900, load_w=watts, counted_until=begin + timedelta(minutes=15), finished=True,
        )  # fmt: skip
    loads = read_loads(cluster, list(LoadProfile.objects.all()), start=EVENING, count=16)
    # The building took 30 kW in the evening, and 10 of the 12 at midnight. 3 x 50 A at 230 V are 34.5 kW.
    assert (loads.actual_w[0], loads.at_once_w[0]) == (30_000, 33_680)
    assert (loads.actual_w[12], loads.at_once_w[12]) == (12_000, 10_000)
    assert (loads.measured, loads.limit_w, loads.avoided_w) == (2, 34_500, 3_680)
