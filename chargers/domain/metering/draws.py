"""The measured draw of a connector, in mA per phase of the grid, and its source.

Chargers tell what their meters have: currents, powers by phase or in total, or nothing but the register. Each of these says
what flows. Where none does, the draw is not measured: that is never 0, and the reservation counts (docs/adr/0063).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from chargers.enums import DrawSource, SessionState
from chargers.models import Connector, Session, StrayDraw
from chargers.models.charge_point import GRID_PHASE
from chargers.reports.charging import Sample
from evbalancer.common.units import MILLI, PHASES, PhaseMilliamps, w_to_ma

# Older than this it is not what flows now. Chargers are asked to measure every `OCPP_METER_SAMPLE_S`; a few values may get lost.
FRESH = timedelta(seconds=60)
# Below this nothing flows that is worth the name: meters and electronics take a little.
DRAWING_W = 200
LETTERS = "RST"
# A meter that tells a small part only of the power beside it does not measure all that flows.
CONTRADICTS_TIMES, CONTRADICTS_W = 1.5, 500
# So near to the power beside it, it measures all.
EXPLAINED_TIMES, EXPLAINED_W = 1.1, 200
# A voltage so far from the grid's is one between phases, of direct current, or of an open contactor.
LEAST_V_SHARE, MOST_V_SHARE = 0.75, 1.25
# More than any nameplate can be wrong by: an unreadable value.
MOST_TIMES_NAMEPLATE = 4
# The rise of a register is known as well as its last digit allows.
RISE_ERROR_W, RISE_ERROR_SHARE = 500, 0.2
RISE_WITHIN = timedelta(minutes=15)
DIGITS_WH = (1_000, 100, 10)
Phases = tuple[int | None, int | None, int | None]
NO_PHASES: Phases = (None, None, None)


class Draw(NamedTuple):
    """A measured draw, when it was heard, and its source."""

    current_ma: PhaseMilliamps
    power_w: int
    source: DrawSource
    at: datetime


class Wiring(NamedTuple):
    """Where a connector's current can flow: its rotation, the grid phases its car was seen on, its nameplate."""

    rotation: str
    phases_seen: str
    max_current_ma: int
    nominal_v: int

    @property
    def wired(self) -> tuple[int, ...]:
        return tuple(GRID_PHASE[letter] for letter in self.rotation) or PHASES

    @property
    def own(self) -> tuple[int, ...]:
        return tuple(GRID_PHASE[letter] for letter in self.phases_seen) or self.wired


class Register(NamedTuple):
    """Where the register stood at a moment."""

    at: datetime
    energy_wh: int


class LastPhases:
    """The last value of each phase, from a meter that reports each phase on its own."""

    __slots__ = ("_currents_ma", "_powers_w")

    def __init__(self) -> None:
        self._currents_ma: dict[int, tuple[datetime, int]] = {}
        self._powers_w: dict[int, tuple[datetime, int]] = {}

    def complete(self, sample: Sample, *, at: datetime) -> Sample:
        """The sample, with what was said of its other phases within the last minute."""
        total_w, powers_w = sample.power_w, sample.powers_w
        if powers_w is not None:
            powers_w = _completed(self._powers_w, powers_w, at=at)
            if total_w == _sum(sample.powers_w):
                total_w = _sum(powers_w)
        currents_ma = sample.currents_ma
        if currents_ma is not None:
            currents_ma = _completed(self._currents_ma, currents_ma, at=at)
        return sample._replace(power_w=total_w, powers_w=powers_w, currents_ma=currents_ma)


def is_partial(sample: Sample, rotation: str) -> bool:
    """Whether it tells some of its phases, and not all that its connector has."""
    if len(rotation) == 1:
        return False
    own = len(rotation) or len(PHASES)
    currents_ma, powers_w = sample.currents_ma, sample.powers_w
    return (currents_ma is not None and None in currents_ma[:own]) or (
        powers_w is not None and None in powers_w[:own]
    )


def _completed(known: dict[int, tuple[datetime, int]], told: Phases, *, at: datetime) -> Phases:
    known |= {phase: (at, value) for phase, value in enumerate(told) if value is not None}
    return _three(
        known[phase][1] if phase in known and is_fresh(known[phase][0], now=at) else None for phase in PHASES
    )


def _sum(powers_w: Phases | None) -> int:
    return sum(each or 0 for each in powers_w or ())


def measure_draw(
    sample: Sample, wiring: Wiring, *, rise_w: int | None, at: datetime
) -> tuple[Draw | None, str]:
    """The draw that a sample tells of, if any, and the grid phases on which it reports a current, as R, S and T.

    Currents come first, then powers by phase; the total power is spread over the phases that the connector may use where
    the phases say nothing or far less. `rise_w`: how fast the register rose, for a meter that tells nothing else.
    """
    volts = _volts(sample, wiring)
    told = told_by_phase(sample, wiring.rotation)
    source = DrawSource.CURRENT
    if told == NO_PHASES and sample.powers_w is not None:
        source = DrawSource.PHASE_POWER
        powers_w = on_grid(sample.powers_w, wiring.rotation)
        told = _three(
            None if power_w is None else w_to_ma(power_w, voltage_v=volts[phase], phases=1)
            for phase, power_w in enumerate(powers_w)
        )
    l1_ma, l2_ma, l3_ma = told
    told_w = ((l1_ma or 0) * volts[0] + (l2_ma or 0) * volts[1] + (l3_ma or 0) * volts[2]) // MILLI
    total_w = sample.power_w
    if told == NO_PHASES and total_w is None:
        total_w, source = rise_w, DrawSource.REGISTER
        if total_w is None:
            return None, ""
    elif total_w is not None and (told == NO_PHASES or total_w > told_w * CONTRADICTS_TIMES + CONTRADICTS_W):
        source = DrawSource.POWER
    if source in (DrawSource.POWER, DrawSource.REGISTER):
        flows = _spread(told, told_w, total_w or 0, wiring, volts)
    else:
        flows = PhaseMilliamps(l1_ma or 0, l2_ma or 0, l3_ma or 0)
        total_w = told_w if total_w is None else total_w
    if max(flows) > wiring.max_current_ma * MOST_TIMES_NAMEPLATE:
        return None, ""
    # Without values of the phases, the share spread over them teaches nothing; nor do some phases about the others.
    teaches = any(told) and (
        None not in told or source == DrawSource.POWER or _is_all(sample, told, told_w, wiring)
    )
    return Draw(flows, total_w or 0, source, at), _loaded(flows) if teaches else ""


def _is_all(sample: Sample, told: Phases, told_w: int, wiring: Wiring) -> bool:
    """Whether nothing flows on phases that were not told: none of them is wired, or the total says so."""
    if all(told[phase] is not None for phase in wiring.wired):
        return True
    if sample.power_w is None or sample.power_w == _sum(sample.powers_w):
        return False
    return sample.power_w <= told_w * EXPLAINED_TIMES + EXPLAINED_W


def _loaded(flows: PhaseMilliamps) -> str:
    return (
        LETTERS
        if all(flows)
        else "".join(letter for letter, flow_ma in zip(LETTERS, flows, strict=True) if flow_ma)
    )


def draw_now(
    session: Session | None, stray: StrayDraw | None, *, wiring: Wiring | None = None, now: datetime
) -> Draw | None:
    """The draw of a connector, in its running transaction or without one; None if not measured lately.

    `wiring`: for a session whose power alone is known.
    """
    if session is not None and session.state == SessionState.ACTIVE:
        return _of_session(session, wiring, now=now)
    if stray is None or not is_fresh(stray.drawn_at, now=now):
        return None
    return Draw(stray.current_ma, stray.power_w, DrawSource(stray.source), stray.drawn_at)


def _of_session(session: Session, wiring: Wiring | None, *, now: datetime) -> Draw | None:
    at = session.drawn_at or session.metered_at
    if at is None or not is_fresh(at, now=now):
        return None
    told: Phases = (session.current_l1_ma, session.current_l2_ma, session.current_l3_ma)
    power_w = session.power_w
    if power_w and not any(told) and wiring is not None:
        return measure_draw(Sample(None, power_w=power_w), wiring, rise_w=None, at=at)[0]
    if told == NO_PHASES:
        return None
    return Draw(session.current_ma, power_w or 0, DrawSource(session.draw_source or DrawSource.CURRENT), at)


def wiring_of(connector: Connector, session: Session | None, *, nominal_v: int) -> Wiring:
    """Where the connector's current can flow, and its running car's."""
    is_running = session is not None and session.state == SessionState.ACTIVE
    seen = session.phases_seen if session is not None and is_running else ""
    return Wiring(connector.phase_rotation, seen, connector.max_current_ma, nominal_v)


def power_now_w(session: Session, *, now: datetime) -> int | None:
    """The power of the session's car now; None when nobody measured it within the last minute."""
    return session.power_w if is_fresh(session.drawn_at or session.metered_at, now=now) else None


def is_fresh(at: datetime | None, *, now: datetime) -> bool:
    return at is not None and now - at <= FRESH


def rise_w(before: Register | None, after: Register) -> int | None:
    """How fast a register rose between two moments; None while its last digit is too coarse to say."""
    if before is None or after.energy_wh < before.energy_wh:
        return None
    elapsed_s = (after.at - before.at).total_seconds()
    if elapsed_s <= 0 or after.at - before.at > RISE_WITHIN:
        return None
    risen_w = (after.energy_wh - before.energy_wh) * 3600 / elapsed_s
    digit_wh = next(
        (each for each in DIGITS_WH if after.energy_wh % each == 0 == before.energy_wh % each),
        1,
    )
    error_w = digit_wh * 3600 / elapsed_s
    return round(risen_w) if error_w <= max(RISE_ERROR_W, risen_w * RISE_ERROR_SHARE) else None


def told_by_phase(sample: Sample, rotation: str) -> Phases:
    """Currents by the grid's phases. A current without a phase flows on every phase that the connector has."""
    if sample.currents_ma is not None:
        return on_grid(sample.currents_ma, rotation)
    if sample.current_ma is None:
        return NO_PHASES
    wired = rotation or LETTERS
    return _three(sample.current_ma if letter in wired else None for letter in LETTERS)


def on_grid(values: Phases, rotation: str) -> Phases:
    """Values of the connector's own phases by the grid's."""
    if rotation in ("", LETTERS):
        return values
    found: list[int | None] = [None, None, None]
    for letter, value in zip(rotation, values, strict=False):
        found[GRID_PHASE[letter]] = value
    return _three(found)


def _volts(sample: Sample, wiring: Wiring) -> tuple[int, int, int]:
    """Of each grid phase as measured, else as measured on another, else as configured."""
    told = sample.voltages_mv
    if told is None:
        return wiring.nominal_v, wiring.nominal_v, wiring.nominal_v
    least_mv = wiring.nominal_v * MILLI * LEAST_V_SHARE
    most_mv = wiring.nominal_v * MILLI * MOST_V_SHARE
    sane = _three(each if each is not None and least_mv <= each <= most_mv else None for each in told)
    other_mv = next((each for each in sane if each is not None), wiring.nominal_v * MILLI)
    found = [round((other_mv if each is None else each) / MILLI) for each in on_grid(sane, wiring.rotation)]
    return found[0], found[1], found[2]


def _spread(
    told: Phases, told_w: int, total_w: int, wiring: Wiring, volts: tuple[int, int, int]
) -> PhaseMilliamps:
    """The power over the phases of its car; beside currents that say far less, over those that nobody measured."""
    flows, rest_w, phases = [0, 0, 0], total_w, wiring.own
    if told != NO_PHASES and (silent := tuple(phase for phase in wiring.wired if told[phase] is None)):
        flows, rest_w, phases = [each or 0 for each in told], total_w - told_w, silent
    each_ma = w_to_ma(rest_w, voltage_v=wiring.nominal_v, phases=len(phases))
    if each_ma > wiring.max_current_ma * MOST_V_SHARE:
        phases = wiring.wired  # so much can't flow on the few phases that it was seen on
    for phase in phases:
        flows[phase] = w_to_ma(rest_w / len(phases), voltage_v=volts[phase], phases=1)
    return PhaseMilliamps(*flows)


def _three(values: Iterable[int | None]) -> Phases:
    l1, l2, l3 = values
    return l1, l2, l3
