from collections.abc import Callable
from datetime import UTC, datetime

from evbalancer.life.plan import Plan
from evbalancer.life.sites import drill, garage, maple, office, street, workshop
from evbalancer.life.sites.premises import Premises

# By name, what builds the place in an empty database.
SITES: dict[str, Callable[..., Premises]] = {
    "drill": drill.build,
    "maple": maple.build,
    "garage": garage.build,
    "office": office.build,
    "street": street.build,
    "workshop": workshop.build,
}


# A Sunday, the days before the clocks go forward and back, and one in summer.
DAYS = (
    datetime(2026, 3, 22, tzinfo=UTC),
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 6, 17, tzinfo=UTC),
)
# Where one works, a life begins before the first car comes; elsewhere in the afternoon.
AFTERNOON_H, MORNINGS_H = 15, {"office": 5}


def begin_of(plan: Plan) -> datetime:
    """The seed chooses the day."""
    return DAYS[plan.seed % len(DAYS)].replace(hour=MORNINGS_H.get(plan.site, AFTERNOON_H))


def build(site: str, *, now: datetime) -> Premises:
    return SITES[site](now=now)
