"""Values of a provider, made ours or nothing: a car that tells nonsense tells nothing."""

import math
from typing import Any

from fleet.enums import PlugState


def whole(value: Any, factor: int, *, most: int = 2_000_000) -> int | None:
    """`value * factor`, rounded; None for what is no number, negative, or above `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    number = round(value * factor)
    return number if 0 <= number <= most else None


def degrees(value: Any, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if -most <= value <= most else None


def plug_state(value: Any) -> PlugState:
    if not isinstance(value, bool):
        return PlugState.UNKNOWN
    return PlugState.PLUGGED if value else PlugState.UNPLUGGED
