"""What a night would cost by a version, before anybody charges by it."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from pricing.domain.billing import minor_of
from pricing.domain.versions import rater_of
from pricing.models import TariffVersion
from pricing.rating.rate import Rater
from pricing.rating.register import Register, Sample

EVENING: Final = time(22)
NIGHT: Final = timedelta(hours=8)
NIGHT_WH: Final = 30_000


def night_cost_minor(version: TariffVersion, *, now: datetime) -> int:
    """30 kWh, evenly from 22:00 to 06:00 of the community's next night, in cents with taxes."""
    return night_minor(rater_of(version, time_zone=version.community.time_zone), now=now)


def night_minor(rater: Rater, *, now: datetime) -> int:
    """The same by prices that nobody has published yet."""
    zone = rater.zone
    evening = datetime.combine(now.astimezone(zone).date(), EVENING, tzinfo=zone).astimezone(UTC)
    register = Register([Sample(evening, 0), Sample(evening + NIGHT, NIGHT_WH)])
    return minor_of(rater.rate(register.session(rater.bounds, zone, is_sated=False)).total)
