"""A decision as a sentence a driver understands."""

from collections.abc import Mapping

from scheduling.solver.solution import Allotment, ReasonKind, Solution

_PLAIN = {
    ReasonKind.CAR_MAX: "all that car, cable and charger take",
    ReasonKind.EMERGENCY: "emergency, served before everybody else",
    ReasonKind.DEFERRED_PRICE: "waits for a cheaper hour; its energy is safe",
    ReasonKind.DEFERRED_CARBON: "waits for a cleaner hour; its energy is safe",
    ReasonKind.DEFERRED_PEAK: "waits so that the peak stays low; its energy is safe",
    ReasonKind.SPREAD: "what it needs to be ready in time",
    ReasonKind.FULL: "has all the energy it asked for",
    ReasonKind.NOT_HERE: "has not arrived yet",
    ReasonKind.GONE: "its departure has passed",
}


def sentence(allotment: Allotment, names: Mapping[str, str] | None = None) -> str:
    """For example "9.2 A: feeder B, phase L2 is full; 3 cars share it". `names` maps circuit ids to names."""
    reason = allotment.reason
    place = ""
    if reason.circuit_id is not None:
        place = (names or {}).get(reason.circuit_id, reason.circuit_id)
        place += f", phase L{reason.phase + 1}" if reason.phase is not None else ""
    sharing = f"; {reason.sharing} cars share it" if reason.sharing > 1 else ""
    if reason.kind in (ReasonKind.CIRCUIT_FULL, ReasonKind.PHASOR_FULL):
        why = f"{place} is full{sharing}"
    elif reason.kind is ReasonKind.WAITING_TURN:
        why = f"waiting for its turn: {place} cannot carry every car's minimum{sharing}"
    elif reason.kind is ReasonKind.NO_ROOM:
        why = f"{place} cannot carry this car's minimum"
    else:
        why = _PLAIN[reason.kind]
    soon = f"; next change in about {_minutes(reason.change_s)}" if reason.change_s is not None else ""
    return f"{_amps(allotment.limit_ma)}: {why}{soon}"


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


def _minutes(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
