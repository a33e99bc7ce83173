"""A decision as a sentence a driver understands.

This room knows no framework: for another language a caller hands in `gettext`, which maps the English words.
"""

from collections.abc import Callable, Mapping

from scheduling.solver.solution import Allotment, Reason, ReasonKind, Solution

Translate = Callable[[str], str]


def gettext_noop(words: str) -> str:
    """Marks words for translation that are looked up later."""
    return words


_PLAIN = {
    ReasonKind.CAR_MAX: gettext_noop("all that car, cable and charger take"),
    ReasonKind.EMERGENCY: gettext_noop("emergency, served before everybody else"),
    ReasonKind.DEFERRED_PRICE: gettext_noop("waits for a cheaper hour; its energy is safe"),
    ReasonKind.DEFERRED_CARBON: gettext_noop("waits for a cleaner hour; its energy is safe"),
    ReasonKind.DEFERRED_PEAK: gettext_noop("waits so that the peak stays low; its energy is safe"),
    ReasonKind.SPREAD: gettext_noop("what it needs to be ready in time"),
    ReasonKind.RESTING: gettext_noop("was paused a moment ago"),
    ReasonKind.FULL: gettext_noop("has all the energy it asked for"),
    ReasonKind.NOT_HERE: gettext_noop("has not arrived yet"),
    ReasonKind.GONE: gettext_noop("its departure has passed"),
}
SHARED = (
    ReasonKind.CIRCUIT_FULL,
    ReasonKind.PHASOR_FULL,
    ReasonKind.WAITING_TURN,
    ReasonKind.AFTER_URGENT,
)


def sentence(allotment: Allotment, names: Mapping[str, str] | None = None) -> str:
    """For example "9.2 A: feeder B, phase L2 is full; 3 cars share it". `names` maps circuit ids to names."""
    return f"{_amps(allotment.limit_ma)}: {why(allotment.reason, names)}"


def why(
    reason: Reason,
    names: Mapping[str, str] | None = None,
    *,
    brief: bool = False,
    gettext: Translate = str,
) -> str:
    """The reason alone. `brief` leaves out what a reader knows from the page: that the car waits."""
    parts = [_why(reason, _place(reason, names or {}, gettext), brief=brief, gettext=gettext)]
    if reason.sharing > 1 and reason.kind in SHARED:
        parts.append(gettext("%(count)s cars share it") % {"count": reason.sharing})
    if reason.change_s is not None:
        parts.append(gettext("next change in about %(time)s") % {"time": _minutes(reason.change_s, gettext)})
    return "; ".join(parts)


def _why(reason: Reason, place: str, *, brief: bool, gettext: Translate) -> str:
    named = {"place": place}
    if reason.kind in (ReasonKind.CIRCUIT_FULL, ReasonKind.PHASOR_FULL):
        return gettext("%(place)s is full") % named
    if reason.kind is ReasonKind.NO_ROOM:
        return gettext("%(place)s cannot carry this car's minimum") % named
    if reason.kind is ReasonKind.AFTER_URGENT:
        return gettext("%(place)s is full; cars whose charging cannot wait come first") % named
    if reason.kind is not ReasonKind.WAITING_TURN:
        return gettext(_PLAIN[reason.kind])
    if brief:
        return gettext("%(place)s cannot carry every car's minimum") % named
    return gettext("waiting for its turn: %(place)s cannot carry every car's minimum") % named


def _place(reason: Reason, names: Mapping[str, str], gettext: Translate) -> str:
    if reason.circuit_id is None:
        return ""
    name = names.get(reason.circuit_id, reason.circuit_id)
    if reason.phase is None:
        return name
    return gettext("%(circuit)s, phase %(phase)s") % {"circuit": name, "phase": f"L{reason.phase + 1}"}


def sentences(
    solution: Solution, *, only: str | None = None, names: Mapping[str, str] | None = None
) -> list[str]:
    """One line per car in order of id, then what the plan as a whole can deliver."""
    ids = sorted(solution.allotments) if only is None else [only]
    lines = []
    for key in ids:
        allotment = solution.allotments[key]
        promise = f"; {allotment.promise_wh / 1000:.1f} kWh more by departure"
        lines.append(f"{key}: {sentence(allotment, names)}{promise}")
    certificate = solution.certificate
    bound = "exactly the most possible" if certificate.exact else "at most"
    lines.append(
        f"planned {certificate.planned_wh / 1000:.1f} kWh of {certificate.feasible_wh / 1000:.1f} kWh ({bound}); "
        f"the worst off gets {100 * certificate.worst_off:.0f} % of what it asked for"
    )
    return lines


def _amps(limit_ma: int) -> str:
    return f"{limit_ma / 1000:.1f}".rstrip("0").rstrip(".") + " A"


def _minutes(seconds: int, gettext: Translate) -> str:
    minutes = max(1, round(seconds / 60))
    return gettext("1 minute") if minutes == 1 else gettext("%(count)s minutes") % {"count": minutes}
