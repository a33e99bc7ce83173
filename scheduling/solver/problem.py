"""The engine's input: circuits, cars, loads that cannot be controlled, and the community's policy.

Everything is relative to now: period 0 starts now, period k starts ``k * period_s`` seconds later. Currents are mA
per phase (L1, L2, L3 are indices 0, 1, 2), power is W, energy Wh. Input order never matters; ids decide ties.
"""

from dataclasses import dataclass, field
from enum import StrEnum

PhaseMa = tuple[float, float, float]
ALL_PHASES = (0, 1, 2)
LONG_AGO_S = 7 * 24 * 3600


class ShortageRule(StrEnum):
    """How a shortage is shared; `FIRST_COME` and `SERVE` trade fairness for full batteries."""

    FAIR = "fair"
    SERVE = "serve"
    EQUAL = "equal"
    FIRST_COME = "first-come"


class Aim(StrEnum):
    """The use of slack once everybody's energy is safe."""

    NONE = "none"
    PRICE = "price"
    CARBON = "carbon"
    PEAK = "peak"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A node of the tree. Limits are what the equipment carries now; base load and margin are taken from them.

    The series hold one entry per period from now on; the last entry holds beyond its end and an empty series
    means "as now". A circuit's base load counts for the circuit and for all its ancestors.
    """

    id: str
    parent_id: str | None = None
    limit_ma: PhaseMa | None = None
    base_load_ma: PhaseMa = (0, 0, 0)
    margin_ma: int = 0
    limit_w: float | None = None
    base_load_w: float = 0.0
    limit_ma_series: tuple[PhaseMa, ...] = ()
    base_load_ma_series: tuple[PhaseMa, ...] = ()
    limit_w_series: tuple[float, ...] = ()
    base_load_w_series: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """One car on one connector.

    phases: the circuit's phases the car loads after the connector's rotation; unknown counts on all three.
    max_ma: least of charger, cable and car, per phase; max_w: the same as total power where that is what is known.
    energy_wh: asked for in this session; remaining_wh: still missing, None when nobody knows (counts as large).
    promised_wh: the missing part of a promise by the departure, served before anybody's share of the rest.
    depart_s: seconds until departure, None when unknown; arrive_s: above 0 for a booked car that is not here yet.
    priority: 3 is highest. weight: the fairness ledger's (1.0 neutral, more for who went short before).
    emergency_min_ma: above 0 for a claimed emergency: at least this much, before everybody else.
    current_ma: setpoint in force (0: paused), since_s: for how long. starts: how often it was started this session.
    keeps_minimum: while it runs its minimum comes before everybody's: its charger would end the transaction at 0 A.
    taper_wh: below this remaining energy the car's own maximum falls linearly (0: no taper).
    """

    id: str
    circuit_id: str
    phases: tuple[int, ...] = ALL_PHASES
    min_ma: int = 6_000
    max_ma: int = 32_000
    step_ma: int = 1_000
    volts: float = 230.0
    max_w: float | None = None
    energy_wh: float | None = None
    remaining_wh: float | None = None
    promised_wh: float = 0.0
    arrive_s: int = 0
    depart_s: int | None = None
    priority: int = 1
    weight: float = 1.0
    emergency_min_ma: int = 0
    current_ma: int = 0
    since_s: int = LONG_AGO_S
    starts: int = 0
    taper_wh: float = 0.0
    connected_s: int = 0
    keeps_minimum: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """Load that cannot be controlled (an offline charger's fallback, a foreign device), on a circuit and its ancestors."""

    circuit_id: str
    load_ma: PhaseMa = (0, 0, 0)
    load_w: float = 0.0
    from_period: int = 0
    until_period: int | None = None


@dataclass(frozen=True, slots=True)
class PhasorLimit:
    """``|sum of coefficient x current| <= limit_ma`` with current = power / volts; terms: (demand id, re, im).

    For delta-wye transformers, where line currents are vector sums (Lee et al., ACN-Sim, 2021).
    """

    id: str
    limit_ma: int
    terms: tuple[tuple[str, float, float], ...]
    volts: float = 208.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The community's choices.

    efficiency: where cars load several phases fairness costs energy; 1 is fairest, 8 keeps over 99 % of the energy.
    quantise: real setpoints (0 or min_ma and up, in steps); off gives continuous rates for studies.
    dwell_s: a car keeps running, or stays paused, at least this long unless a limit or an emergency demands otherwise.
    rotate_s: with more cars than minimum shares, a running car may be swapped for a waiting one after this long.
    dead_band_ma: a raise smaller than this is not worth a message; cuts always go through.
    minimum_first: throttle before pausing, but after what cannot wait: while everybody's minimum fits and nobody's
    departure is at risk, nobody waits; otherwise the plan's urgent parts come first, then who was never started.
    everybody_first: the minimum for everybody who fits comes before any departure, whatever that costs.
    """

    rule: ShortageRule = ShortageRule.FAIR
    aim: Aim = Aim.NONE
    efficiency: float = 8.0
    quantise: bool = True
    dwell_s: int = 300
    rotate_s: int = 900
    dead_band_ma: int = 0
    minimum_first: bool = False
    everybody_first: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One cluster, now.

    horizon: periods to plan, None: until the last departure. price: per kWh and carbon: g per kWh, one entry per
    period (the last one holds). expected: cars that may yet come (arrive_s above 0), from past days; they get no
    setpoint and no promise. peak_w: the highest load of this billing period so far; staying below it costs nothing.
    at_s: now on any clock of whole seconds; tells how far the last tick's plan has moved.
    """

    circuits: tuple[Circuit, ...]
    demands: tuple[Demand, ...]
    reservations: tuple[Reservation, ...] = ()
    phasors: tuple[PhasorLimit, ...] = ()
    policy: Policy = field(default_factory=Policy)
    period_s: int = 300
    horizon: int | None = None
    price: tuple[float, ...] = ()
    carbon: tuple[float, ...] = ()
    expected: tuple[Demand, ...] = ()
    peak_w: float = 0.0
    at_s: int = 0
