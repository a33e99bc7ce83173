"""What a session would have been if its car had charged at once: the same energy in the same stay, as fast as it flows."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from pricing.rating.register import Register, Sample

HOUR_S: Final = 3_600
HOUR_US: Final = HOUR_S * 1_000_000


def register_at_once(energy_wh: int, *, power_w: int, begin: datetime, end: datetime) -> Register:
    """`energy_wh` at `power_w`, which is above 0, from `begin` on; nothing more until `end`. It ends later if the power needs longer."""
    full = begin + timedelta(microseconds=-(-energy_wh * HOUR_US // power_w))
    return Register([Sample(begin, 0), Sample(full, energy_wh), Sample(max(full, end), energy_wh)])


def energies_wh(register: Register, *, start: datetime, length: timedelta) -> list[int]:
    """The energy in each period of `length` from `start`, which is not after the register's own, to its end. They add up to the Wh."""
    count = max(1, -((start - register.end) // length))
    used_wh = [register.used_wh(start + at * length) for at in range(count + 1)]
    return [after - before for before, after in pairwise(used_wh)]
