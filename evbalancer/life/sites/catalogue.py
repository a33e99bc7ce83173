from collections.abc import Callable
from datetime import datetime

from evbalancer.life.sites import drill
from evbalancer.life.sites.premises import Premises

# By name, what builds the place in an empty database.
SITES: dict[str, Callable[..., Premises]] = {"drill": drill.build}


def build(site: str, *, now: datetime) -> Premises:
    return SITES[site](now=now)
