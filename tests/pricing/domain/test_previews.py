from datetime import UTC, datetime

import pytest

from pricing.domain.previews import night_cost_minor
from tests.factories.pricing import TariffWindowFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("day", [1, 28])
def test_night_costs_its_hours_in_each_window(day):
    # 2 h at 0.30 and 6 h at 0.20 of 3.75 kWh each: 2.25 + 4.50. On 28 March the clock skips an hour of the cheap ones,
    # and the night of eight hours ends at 07:00: 2.25 + 5 x 3.75 x 0.20 + 3.75 x 0.30 = 7.125
    version = TariffWindowFactory(tariff__community__time_zone="Europe/Berlin").tariff.versions.get()
    now = datetime(2026, 3, day, 12, 0, tzinfo=UTC)
    assert night_cost_minor(version, now=now) == {1: 675, 28: 713}[day]
