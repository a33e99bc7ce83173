"""The rules of each kind of alarm, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from scheduling.enums import AlarmKind

# A judge comes by every 20 s: two visits without the cause are no gap in the reading.
ENDS_AFTER: Final = timedelta(seconds=45)
OFFLINE_FOR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rule:
    """`raise_after`: how long the cause must last, seen without a gap, before anybody hears of it; `end_after`: how long it must be gone.

    A grave kind breaks through quiet hours and waits for no others to be sent with. `stops_charging`: it is on the live page's banner.
    """

    raise_after: timedelta
    end_after: timedelta = ENDS_AFTER
    is_grave: bool = False
    stops_charging: bool = True


RULES: Final[Mapping[AlarmKind, Rule]] = {
    # A server that starts again finds every lease ended; charge points are back within a minute.
    AlarmKind.CIRCUIT_GONE: Rule(timedelta(seconds=90), is_grave=True),
    # Nobody counts as gone for less than half a minute.
    AlarmKind.NOBODY_BALANCES: Rule(timedelta(0), is_grave=True),
    AlarmKind.OVERDRAW: Rule(timedelta(0), is_grave=True),
    # Until the chargers have confirmed a cut it is not covered yet, and that is usual.
    AlarmKind.NOT_COVERED: Rule(timedelta(seconds=60), is_grave=True),
    AlarmKind.LIMIT_REFUSED: Rule(timedelta(seconds=60)),
    AlarmKind.METER_SILENT: Rule(timedelta(seconds=60)),
    AlarmKind.FAULTED: Rule(timedelta(seconds=60)),
    AlarmKind.OFFLINE: Rule(OFFLINE_FOR),
    AlarmKind.EMERGENCY: Rule(timedelta(0), timedelta(0), is_grave=True, stops_charging=False),
    AlarmKind.APPEAL: Rule(timedelta(0), timedelta(0), stops_charging=False),
    AlarmKind.OBJECTION: Rule(timedelta(0), timedelta(0), stops_charging=False),
    AlarmKind.CERTIFICATE: Rule(timedelta(0), timedelta(0), stops_charging=False),
    AlarmKind.FIRMWARE: Rule(timedelta(0), timedelta(0), stops_charging=False),
    # A fault of the grid may flicker.
    AlarmKind.GRID_FAULT: Rule(timedelta(seconds=30), stops_charging=False),
    AlarmKind.WORKERS_GONE: Rule(timedelta(seconds=60), is_grave=True, stops_charging=False),
    AlarmKind.DISK: Rule(timedelta(0), is_grave=True, stops_charging=False),
    AlarmKind.MAIL: Rule(timedelta(0), stops_charging=False),
}
# Judged together for a cluster; the others for the whole server.
OF_CLUSTER: Final = frozenset(kind for kind, rule in RULES.items() if rule.stops_charging)
