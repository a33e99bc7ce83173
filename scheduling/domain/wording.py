"""The one vocabulary of states and reasons: page, API, admin and notifications all speak it.

Nothing here reads the database: give it rows with `connector.charge_point` (and what else you name) selected.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext

from chargers.domain import draws, presence
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import Connector, Session
from evbalancer.common.amounts import amps, duration
from scheduling.models import Allotment
from scheduling.solver import explain
from scheduling.solver.solution import Reason, ReasonKind

DRAWING_W = 200
OVERDRAW_MA = 1_000
OVERDRAW_FOR = timedelta(seconds=20)
# Reasons that are not the solver's (a cut under way, a safe plan) may bring words of their own.
OTHERS = {
    "planned": gettext_noop("has never connected"),
    "offline": gettext_noop("was out of reach; its share is being worked out"),
    "unmanaged": gettext_noop("its default limit is not confirmed yet"),
    "not_obeying": gettext_noop("drew more than it was told"),
    "refused": gettext_noop("its card was not accepted; it is being stopped"),
    "watts": gettext_noop(
        "its charger takes watts only, and on how many phases the car charges is not known yet"
    ),
    "idle": gettext_noop("asks for nothing"),
    "suspended": gettext_noop("the car takes no power now"),
}
DEFERRED = {ReasonKind.DEFERRED_PRICE, ReasonKind.DEFERRED_CARBON, ReasonKind.DEFERRED_PEAK}


class Word(StrEnum):
    AVAILABLE = "available"
    PLUGGED_IN = "plugged in"
    WAITING = "waiting"
    CHARGING = "charging"
    PAUSED = "paused"
    FULL = "full"
    EMERGENCY = "emergency"
    NOT_OBEYING = "not obeying"
    FAULTED = "faulted"
    OFFLINE = "offline"
    PLANNED = "planned"
    UNMANAGED = "unmanaged"


def connector_state(  # noqa: PLR0911 (one return a state)
    connector: Connector,
    session: Session | None,
    now: datetime,
    *,
    allotment: Allotment | None = None,
    emergency: bool = False,
) -> Word:
    """The state in plain words. `session` is the open one, or None; `emergency`: an accepted one is running."""
    if ConnectorStatus.FAULTED in (connector.status, connector.charge_point.status):
        return Word.FAULTED
    if connector.charge_point.is_planned:
        return Word.PLANNED
    is_online = presence.is_online(connector.charge_point, now=now)
    if not is_online or connector.status == ConnectorStatus.UNAVAILABLE:
        return Word.OFFLINE
    is_active = session is not None and session.state == SessionState.ACTIVE
    is_uncontrollable = connector.uncontrollable_since is not None
    if (
        is_stray(connector, session)
        or (is_uncontrollable and is_active)
        or (session is not None and overdraws(connector, session, now))
    ):
        return Word.NOT_OBEYING
    # Without a car nothing can be disobeyed, whatever it would grant one.
    if is_uncontrollable or is_unmanaged(connector):
        return Word.UNMANAGED
    if session is None:
        plugged = connector.status in (ConnectorStatus.PREPARING, ConnectorStatus.FINISHING)
        return Word.PLUGGED_IN if plugged else Word.AVAILABLE
    if session.state != SessionState.ACTIVE:
        full = (
            session.state == SessionState.FINISHED
            and session.charge_pct is not None
            and session.charge_pct >= 99
        )
        return Word.FULL if full else Word.PLUGGED_IN
    if emergency:
        return Word.EMERGENCY
    return _while_active(connector, session, allotment, now)


def _while_active(connector: Connector, session: Session, allotment: Allotment | None, now: datetime) -> Word:
    allowed = connector.wanted_ma > 0 or (connector.confirmed_ma or 0) > 0
    if connector.status == ConnectorStatus.SUSPENDED_EV and allowed:
        return Word.FULL if session.energy_wh > 0 else Word.PAUSED
    if allotment is not None and allotment.reason == ReasonKind.FULL:
        return Word.FULL
    power_w = draws.power_now_w(session, now=now) or 0
    if power_w >= DRAWING_W or (allowed and connector.status == ConnectorStatus.CHARGING):
        return Word.CHARGING
    if allotment is not None and allotment.reason in DEFERRED:
        return Word.PAUSED
    return Word.WAITING


def is_unmanaged(connector: Connector) -> bool:
    """Its charger has not confirmed the default limit since it last booted."""
    confirmed_at = connector.fallback_confirmed_at
    booted_at = connector.charge_point.booted_at
    return confirmed_at is None or (booted_at is not None and confirmed_at < booted_at)


def is_stray(connector: Connector, session: Session | None) -> bool:
    """More flows than may, and no transaction runs that it could belong to."""
    return connector.overdraw_ma is not None and (session is None or session.state != SessionState.ACTIVE)


def overdraws(connector: Connector, session: Session, now: datetime) -> bool:
    """The car draws more than its charger was told, long after it had to follow."""
    limit_ma = connector.confirmed_ma
    draw = draws.draw_now(session, None, now=now)
    if limit_ma is None or draw is None:
        return False
    must_follow_at = max(
        filter(None, (connector.settled_at, connector.confirmed_at)), default=session.state_since
    )
    if draw.at < must_follow_at + OVERDRAW_FOR:
        return False
    return bool(max(draw.current_ma) > limit_ma + max(OVERDRAW_MA, limit_ma // 10))


def sentence(  # noqa: PLR0911 (one return a state)
    allotment: Allotment | None,
    *,
    connector: Connector,
    session: Session | None,
    now: datetime,
    emergency: bool = False,
    brief: bool = False,
) -> str:
    """Why the connector is as it is, for example "9.2 A: Feeder B, phase L2 is full; 3 cars share it".

    In the language that is active. `brief`: without the amperes, for a page that shows them beside it.

    `allotment.facts` holds `circuit` (a name), `phase` (0..2 or None), `sharing` and `power_w`; all are optional.
    """
    state = connector_state(connector, session, now, allotment=allotment, emergency=emergency)
    match state:
        case Word.FAULTED:
            return gettext("Faulted: %(code)s") % {"code": _fault(connector)}
        case Word.PLANNED:
            return gettext("Planned: it has never connected, so no power is kept for it")
        case Word.OFFLINE:
            return _offline(connector, now)
        case Word.NOT_OBEYING if is_stray(connector, session):
            return gettext("Power flows although nobody is charging; the others get less")
        case Word.NOT_OBEYING:
            return _disobeys(connector, session, now)
        case Word.UNMANAGED:
            return _unmanaged(connector)
        case Word.AVAILABLE:
            return gettext("Reserved") if connector.status == ConnectorStatus.RESERVED else gettext("Free")
        case Word.PLUGGED_IN:
            return gettext("Plugged in, not started")
        case Word.FULL:
            return gettext("Full: its share goes to the others")
    return _reason(state, allotment, session, now, brief=brief)


def _disobeys(connector: Connector, session: Session | None, now: datetime) -> str:
    if connector.uncontrollable_since is None or (session is not None and overdraws(connector, session, now)):
        return gettext("Draws more than it was told; the others get less until it follows")
    if connector.refusals:
        return gettext("Refuses its limits; the others get less until it takes one")
    return gettext("Offers its car more than it was told; the others get less until it follows")


def _unmanaged(connector: Connector) -> str:
    if connector.uncontrollable_since is None:
        words = gettext("Its default limit is not confirmed yet: %(amps)s stay reserved for it")
    elif connector.refusals:
        words = gettext("It refused its last limits: %(amps)s stay reserved for it")
    else:
        words = gettext("It would give a car more than its default limit: %(amps)s stay reserved for it")
    return words % {"amps": amps(max(connector.reservation_ma))}


def _fault(connector: Connector) -> str:
    """OCPP's code and the maker's own words; of the charge point where that is what broke."""
    told = connector if connector.status == ConnectorStatus.FAULTED else connector.charge_point
    words = [word for word in (told.vendor_error, told.error_info) if word]
    code = told.error_code or ("" if words else gettext("no code given"))
    return " ".join(word for word in (code, f"({', '.join(words)})" if words else "") if word)


def _offline(connector: Connector, now: datetime) -> str:
    if connector.status == ConnectorStatus.UNAVAILABLE:
        return gettext("Out of service")
    reserved = amps(max(connector.reservation_ma))
    since = connector.charge_point.disconnected_at or connector.charge_point.online_until
    if since is None or since > now:
        return gettext("Offline: %(amps)s stay reserved for it") % {"amps": reserved}
    return gettext("Offline for %(time)s: %(amps)s stay reserved for it") % {
        "time": duration(int((now - since).total_seconds())),
        "amps": reserved,
    }


def _reason(
    state: Word,
    allotment: Allotment | None,
    session: Session | None,
    now: datetime,
    *,
    brief: bool,
) -> str:
    if allotment is None:
        return gettext("Its share is being worked out")
    why = _why(allotment, now=now, brief=True) if brief else allotment_sentence(allotment, now=now)
    if state is Word.WAITING and session is not None and allotment.wanted_ma == 0:
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
