"""Is a charge point there? Presence is a lease that its open socket renews: it is online until that ends.

Each rule stands as a function and as a condition of queries; `path` leads to the charge point ("" or like
"connector__charge_point__").
"""

from datetime import datetime

from django.db.models import Q

from chargers.models import ChargePoint
from chargers.models.charge_point import NEVER_CONNECTED


def is_online(charge_point: ChargePoint, *, now: datetime) -> bool:
    return charge_point.online_until is not None and charge_point.online_until > now


def match_online(path: str = "", *, now: datetime) -> Q:
    return Q(**{f"{path}online_until__gt": now})


def match_lapsed(path: str = "", *, now: datetime) -> Q:
    """Not online: gone, or never there."""
    return Q(**{f"{path}online_until": None}) | Q(**{f"{path}online_until__lte": now})


def match_offline(*, now: datetime) -> Q:
    """It was there once, and is not now."""
    return match_lapsed(now=now) & ~NEVER_CONNECTED


def offline_since(charge_point: ChargePoint) -> datetime | None:
    """Of one that is offline: when its socket closed, or else when its lease ended. None: nobody knows."""
    return charge_point.online_until or charge_point.disconnected_at
