"""What the engine answers: setpoints, reasons, the plan, promises and a certificate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from scheduling.solver.arrays import Floats


class ReasonKind(StrEnum):
    """Why a car has the setpoint it has."""

    CAR_MAX = "car_max"  # all that car, cable and charger take
    CIRCUIT_FULL = "circuit_full"  # shares a full circuit
    PHASOR_FULL = "phasor_full"  # shares a full transformer winding
    WAITING_TURN = "waiting_turn"  # more cars than minimum shares: paused, gets its turn
    AFTER_URGENT = (
        "after_urgent"  # the minimums would fit, but others' departures are at risk: those come first
    )
    RESTING = "resting"  # paused a moment ago, starts again within a minute where there is room
    NO_ROOM = "no_room"  # the circuit cannot carry even this car's minimum
    EMERGENCY = "emergency"
    DEFERRED_PRICE = "deferred_price"  # waits for a cheaper hour, its energy is safe
    DEFERRED_CARBON = "deferred_carbon"
    DEFERRED_PEAK = "deferred_peak"
    SPREAD = "spread"  # gets what it needs to be ready in time
    FULL = "full"
    NOT_HERE = "not_here"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Reason:
    """The binding limit. `circuit_id` is a circuit, or a phasor limit's id; `phase` an index or None for total power.

    sharing: how many cars share that limit now. change_s: when this may change next (a turn, a cheaper hour).
    """

    kind: ReasonKind
    circuit_id: str | None = None
    phase: int | None = None
    sharing: int = 0
    change_s: int | None = None


@dataclass(frozen=True, slots=True)
class Allotment:
    """limit_ma: the setpoint per loaded phase. power_w: what it lets through. promise_wh: still to come by departure."""

    demand_id: str
    limit_ma: int
    power_w: float
    reason: Reason
    promise_wh: float = 0.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """The feasible result and how near the plan is to it.

    feasible_wh: the most energy any plan can deliver (a maximum flow; an upper bound where `exact` is false).
    planned_wh: what the plan delivers. gap_wh: the difference. worst_off: least planned share of what was asked.
    """

    feasible_wh: float
    planned_wh: float
    gap_wh: float
    worst_off: float
    exact: bool


class Plan:
    """Power in W per demand and period, kept as the planner has it and spread out on demand."""

    def __init__(
        self, ids: tuple[str, ...], n_periods: int, spread: Callable[[], Floats], period_s: int
    ) -> None:
        self.ids = ids
        self.n_periods = n_periods
        self.period_s = period_s
        self._spread = spread

    @cached_property
    def power_w(self) -> Floats:
        """One row per demand in the order of `ids`, one column per period."""
        return self._spread()

    def of(self, demand_id: str) -> Floats:
        row: Floats = self.power_w[self.ids.index(demand_id)]
        return row


@dataclass(frozen=True, slots=True)
class Carry:
    """What the next tick can start from: energies per period and car, and the prices of limits that are rows.

    index: car id -> row of `total_w`, the running sum over periods of planned W. rows: which limits the prices belong to.
    """

    at_s: int
    period_s: int
    index: Mapping[str, int]
    total_w: Floats
    rows: tuple[object, ...]
    prices: Floats


class Allotments(Mapping[str, Allotment]):
    """Allotments by demand id. The figures are settled; the objects are made when somebody asks for them."""

    def __init__(
        self, index: Mapping[str, int], limit_ma: Sequence[int], make: Callable[[str, int], Allotment]
    ) -> None:
        self._index = index
        self._make = make
        self.limit_ma = limit_ma

    def __getitem__(self, demand_id: str) -> Allotment:
        return self._make(demand_id, self._index[demand_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def limits(self) -> dict[str, int]:
        return {key: self.limit_ma[at] for key, at in self._index.items()}


@dataclass(frozen=True, slots=True)
class Solution:
    allotments: Allotments
    plan: Plan
    certificate: Certificate
    carry: Carry | None = None

    def limits_ma(self) -> dict[str, int]:
        """Setpoints in mA per phase, by demand id."""
        return self.allotments.limits()
