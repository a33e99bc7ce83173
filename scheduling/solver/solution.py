"""What the engine answers: setpoints, reasons, the plan, promises and a certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class ReasonKind(StrEnum):
    """Why a car has the setpoint it has."""

    CAR_MAX = "car_max"  # all that car, cable and charger take
    CIRCUIT_FULL = "circuit_full"  # shares a full circuit
    PHASOR_FULL = "phasor_full"  # shares a full transformer winding
    WAITING_TURN = "waiting_turn"  # more cars than minimum shares: paused, gets its turn
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
    """What was feasible and how near the plan is.

    feasible_wh: the most energy any plan can deliver (a maximum flow; an upper bound where `exact` is false).
    planned_wh: what the plan delivers. gap_wh: the difference. worst_off: least planned share of what was asked.
    """

    feasible_wh: float
    planned_wh: float
    gap_wh: float
    worst_off: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Power in W per demand (row, in the order of `ids`) and period (column)."""

    ids: tuple[str, ...]
    power_w: npt.NDArray[np.float64]
    period_s: int

    def of(self, demand_id: str) -> npt.NDArray[np.float64]:
        row: npt.NDArray[np.float64] = self.power_w[self.ids.index(demand_id)]
        return row


@dataclass(frozen=True, slots=True)
class Solution:
    allotments: Mapping[str, Allotment]
    plan: Plan
    certificate: Certificate
    warm: object | None = field(default=None, repr=False, compare=False)

    def limits_ma(self) -> dict[str, int]:
        return {key: allotment.limit_ma for key, allotment in self.allotments.items()}
