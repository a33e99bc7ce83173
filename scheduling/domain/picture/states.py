"""The one vocabulary of states: page, back office, API, metrics and sentences all speak it.

Nothing here reads the database, and nothing judges again after the balancer: its note on the connector counts.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_noop

from chargers.domain import presence
from chargers.domain.limits.managed import is_managed
from chargers.domain.metering import draws
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import Connector, Session
from scheduling.domain.picture.places import Place
from scheduling.solver.solution import ReasonKind

FULL_PCT = 99
DEFERRED = {ReasonKind.DEFERRED_PRICE, ReasonKind.DEFERRED_CARBON, ReasonKind.DEFERRED_PEAK}


class PlaceState(StrEnum):
    AVAILABLE = gettext_noop("available")
    RESERVED = gettext_noop("reserved")
    PLUGGED_IN = gettext_noop("plugged in")
    WAITING = gettext_noop("waiting")
    CHARGING = gettext_noop("charging")
    PAUSED = gettext_noop("paused")
    FULL = gettext_noop("full")
    EMERGENCY = gettext_noop("emergency")
    NOT_OBEYING = gettext_noop("not obeying")
    FAULTED = gettext_noop("faulted")
    OFFLINE = gettext_noop("offline")
    PLANNED = gettext_noop("planned")
    UNMANAGED = gettext_noop("unmanaged")


WITHOUT_SESSION: Final[Mapping[str, PlaceState]] = {
    ConnectorStatus.PREPARING: PlaceState.PLUGGED_IN,
    ConnectorStatus.FINISHING: PlaceState.PLUGGED_IN,
    ConnectorStatus.RESERVED: PlaceState.RESERVED,
}
# States that last until somebody looks after them, the most urgent first.
TROUBLED = (PlaceState.NOT_OBEYING, PlaceState.FAULTED, PlaceState.OFFLINE, PlaceState.UNMANAGED)


def state_of(place: Place, *, now: datetime) -> PlaceState:  # noqa: PLR0911 (one return a state)
    connector, session = place.connector, place.session
    if ConnectorStatus.FAULTED in (connector.status, connector.charge_point.status):
        return PlaceState.FAULTED
    if connector.charge_point.is_planned:
        return PlaceState.PLANNED
    if not presence.is_online(connector.charge_point, now=now) or is_out_of_service(connector):
        return PlaceState.OFFLINE
    if connector.overdraw_ma is not None or (connector.uncontrollable_since is not None and place.running):
        return PlaceState.NOT_OBEYING
    # Without a car nothing can be disobeyed, whatever it would grant one.
    if not is_managed(connector):
        return PlaceState.UNMANAGED
    if session is None:
        return WITHOUT_SESSION.get(connector.status, PlaceState.AVAILABLE)
    if not place.running:
        return PlaceState.FULL if _ended_full(session) else PlaceState.PLUGGED_IN
    if place.emergency is not None:
        return PlaceState.EMERGENCY
    return _while_active(place, session)


def needs_a_person(place: Place, state: PlaceState) -> bool:
    """It stays so until somebody does something. Out of service is what somebody decided."""
    return state in TROUBLED and not (state is PlaceState.OFFLINE and is_out_of_service(place.connector))


def is_out_of_service(connector: Connector) -> bool:
    return connector.status == ConnectorStatus.UNAVAILABLE


def _while_active(place: Place, session: Session) -> PlaceState:
    connector, reason = place.connector, place.history.reason if place.history is not None else ""
    allowed = connector.wanted_ma > 0 or (connector.confirmed_ma or 0) > 0
    if connector.status == ConnectorStatus.SUSPENDED_EV and allowed:
        return PlaceState.FULL if session.energy_wh > 0 else PlaceState.PAUSED
    if reason == ReasonKind.FULL:
        return PlaceState.FULL
    if (place.power_w or 0) >= draws.DRAWING_W or (allowed and connector.status == ConnectorStatus.CHARGING):
        return PlaceState.CHARGING
    return PlaceState.PAUSED if reason in DEFERRED else PlaceState.WAITING


def _ended_full(session: Session) -> bool:
    is_full = session.charge_pct is not None and session.charge_pct >= FULL_PCT
    return session.state == SessionState.FINISHED and is_full
