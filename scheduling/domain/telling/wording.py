"""The sentences of states and reasons: page, API, admin and notifications all speak them. Nothing here reads the database."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop, ngettext

from chargers.domain import presence
from chargers.enums import ConnectorStatus
from chargers.models import Connector
from evbalancer.common.words.amounts import amps, duration
from scheduling.domain.picture.places import Place
from scheduling.domain.picture.states import PlaceState, is_out_of_service
from scheduling.models import Allotment
from scheduling.solver import explain
from scheduling.solver.solution import Reason, ReasonKind

# Reasons that are not the solver's (a cut under way, a safe plan) may bring words of their own.
OTHERS = {
    "planned": gettext_noop("has never connected"),
    "offline": gettext_noop("was out of reach; its share is being worked out"),
    "unmanaged": gettext_noop("its fallback is not confirmed yet"),
    "not_obeying": gettext_noop("drew more than its limit"),
    "refused": gettext_noop("its card was not accepted; it is being stopped"),
    "watts": gettext_noop(
        "its charger takes limits in watts only, and the car's number of phases is not known yet"
    ),
    "idle": gettext_noop("asks for nothing"),
    "suspended": gettext_noop("the car takes no power now"),
}

# States that are said in the same words wherever they are.
PLAIN: Final = {
    PlaceState.PLANNED: gettext_noop("Planned: it has never connected, so no power is kept for it"),
    PlaceState.AVAILABLE: gettext_noop("Free"),
    PlaceState.RESERVED: gettext_noop("Reserved"),
    PlaceState.PLUGGED_IN: gettext_noop("Plugged in, not started"),
    PlaceState.FULL: gettext_noop("Full: its share goes to the others"),
}


def reason_sentence(place: Place, state: PlaceState, *, now: datetime, brief: bool = False) -> str:
    """Why the connector is in this state, for example "9.2 A: Feeder B, phase L2 is full; 3 cars share it".

    In the language that is active. `brief`: without the amperes, for a page that shows them beside it.

    `allotment.facts` holds `circuit` (a name), `phase` (0..2 or None), `sharing` and `power_w`; all are optional.
    """
    connector = place.connector
    match state:
        case PlaceState.FAULTED:
            return gettext("Faulted: %(code)s") % {"code": fault_words(connector) or gettext("no code given")}
        case PlaceState.OFFLINE:
            return _offline(connector, now)
        case PlaceState.NOT_OBEYING:
            return _disobeys(connector, is_running=place.running)
        case PlaceState.UNMANAGED:
            return _unmanaged(connector)
    if state in PLAIN:
        return gettext(PLAIN[state])
    return _reason(state, place, now=now, brief=brief)


def _disobeys(connector: Connector, *, is_running: bool) -> str:
    if connector.overdraw_ma is not None and not is_running:
        return gettext("Power flows although nobody is charging; the others get less")
    if connector.uncontrollable_since is None or connector.overdraw_ma is not None:
        return gettext("Draws more than its limit; the others get less until it obeys")
    if connector.refusals:
        return gettext("Refuses its limits; the others get less until it accepts one")
    if connector.clocks_apart:
        return gettext(
            "Its clock and ours disagree about when its limit holds; the others get less until they agree"
        )
    return gettext("Offers its car more than its limit; the others get less until it obeys")


def _unmanaged(connector: Connector) -> str:
    if connector.uncontrollable_since is None:
        words = gettext("Its fallback is not confirmed yet: %(amps)s stay reserved for it")
    elif connector.refusals:
        words = gettext("It refused its last limits: %(amps)s stay reserved for it")
    else:
        words = gettext("It would give a car more than its fallback: %(amps)s stay reserved for it")
    return words % {"amps": amps(max(connector.reservation_ma))}


def fault_words(connector: Connector) -> str:
    """OCPP's code and the maker's own words; of the charge point where that is what broke. Empty: it gave none."""
    told = connector if connector.status == ConnectorStatus.FAULTED else connector.charge_point
    words = [word for word in (told.vendor_error, told.error_info) if word]
    return " ".join(word for word in (told.error_code, f"({', '.join(words)})" if words else "") if word)


def _offline(connector: Connector, now: datetime) -> str:
    if is_out_of_service(connector):
        return gettext("Out of service")
    reserved = amps(max(connector.reservation_ma))
    since = presence.offline_since(connector.charge_point)
    if since is None or since > now:
        return gettext("Offline: %(amps)s stay reserved for it") % {"amps": reserved}
    return gettext("Offline for %(time)s: %(amps)s stay reserved for it") % {
        "time": duration(int((now - since).total_seconds())),
        "amps": reserved,
    }


def _reason(state: PlaceState, place: Place, *, now: datetime, brief: bool) -> str:
    allotment = place.history
    if allotment is None:
        return gettext("Its share is being worked out")
    why = _why(allotment, now=now, brief=True) if brief else allotment_sentence(allotment, now=now)
    if state is PlaceState.WAITING and allotment.wanted_ma == 0:
        waited = duration(int((now - allotment.since).total_seconds()))
        words = (
            gettext("Waiting for %(time)s: %(why)s") if brief else gettext("Waiting for %(time)s. %(why)s")
        )
        return words % {"time": waited, "why": why}
    return why[:1].upper() + why[1:] if brief else why


def allotment_sentence(allotment: Allotment, *, now: datetime) -> str:
    """The solver's reason of a stored allotment, with its amperes."""
    return f"{amps(allotment.wanted_ma)}: {_why(allotment, now=now, brief=False)}"


def _why(allotment: Allotment, *, now: datetime, brief: bool) -> str:
    facts: dict[str, Any] = allotment.facts
    try:
        kind = ReasonKind(allotment.reason)
    except ValueError:
        own: str = facts.get("words") or allotment.reason.replace("_", " ")
        return gettext(OTHERS[allotment.reason]) if allotment.reason in OTHERS else own
    change_at = allotment.next_change_at
    change_s = int((change_at - now).total_seconds()) if change_at is not None and change_at > now else None
    reason = Reason(
        kind=kind,
        circuit_id=facts.get("circuit"),
        phase=facts.get("phase"),
        sharing=int(facts.get("sharing") or 0),
        change_s=change_s,
    )
    why = explain.why(reason, brief=brief, gettext=gettext)
    absent = int(facts.get("absent") or 0)
    if not absent:
        return why
    kept = ngettext(
        "%(amps)s of it are kept for %(count)s space that can't be steered now",
        "%(amps)s of it are kept for %(count)s spaces that can't be steered now",
        absent,
    )
    return f"{why}; {kept % {'amps': amps(int(facts['absent_ma'])), 'count': absent}}"
