"""What drivers are told of: their slot moved, power cut and why, car full, time to leave. Each thing once."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chargers.enums import SessionState
from chargers.models import Session
from drivers.domain.notifications import notify
from drivers.enums import NotificationKind
from grid.models import Community, TemporaryLimit
from scheduling.domain.wording import amps
from scheduling.enums import SlotState
from scheduling.models import EmergencyRequest, SlotRequest

LEFT_LONG_AGO = timedelta(days=1)


def slot_moved(slot: SlotRequest, *, now: datetime) -> None:
    """By somebody else than its driver: more was promised, it lapsed, or a manager cancelled it."""
    by = local(slot.ready_by, slot.cluster.community)
    match slot.state:
        case SlotState.PROMISED:
            text = f"All {slot.energy_wh / 1000:.3g} kWh are promised by {by}."
        case SlotState.PARTLY_PROMISED:
            text = f"{slot.promised_wh / 1000:.3g} of {slot.energy_wh / 1000:.3g} kWh are promised by {by}."
        case _:
            text = f"Your slot until {by} is {SlotState(slot.state).label.lower()}: {slot.why}."
    about = f"{slot.pk}:{slot.state}:{slot.promised_wh}"
    notify(slot.driver, kind=NotificationKind.SLOT_MOVED, text=text, now=now, about=about)


def power_cut(limit_id: UUID, *, now: datetime) -> int:
    """Tell everybody who charges in the cluster of a temporary limit. Returns how many."""
    limit = TemporaryLimit.objects.select_related("circuit__cluster__community").get(pk=limit_id)
    circuit = limit.circuit
    community = circuit.cluster.community
    until = f" until {local(limit.until, community)}" if limit.until is not None else ""
    text = f"{circuit.name} is limited to {amps(min(limit.limit_ma))} a phase{until}: {limit.reason}. Cars may get less."
    charging = Session.objects.filter(
        connector__circuit__cluster=circuit.cluster_id,
        state=SessionState.ACTIVE,
        driver__isnull=False,
    ).select_related("driver__community")
    drivers = {session.driver_id: session.driver for session in charging}
    for driver in drivers.values():
        if driver is not None:
            notify(driver, kind=NotificationKind.POWER_CUT, text=text, now=now, about=str(limit.pk))
    return len(drivers)


def emergency_served_first(claim: EmergencyRequest, *, now: datetime) -> int:
    """Tell the others who charge in the cluster that one of them is served first. Returns how many; names nobody."""
    session = claim.session
    if session is None or claim.until is None:
        return 0
    until = local(claim.until, claim.community)
    text = f"An emergency nearby is served first until {until}. Your car may get less until then."
    others = Session.objects.filter(
        connector__circuit__cluster=session.connector.circuit.cluster_id,
        state=SessionState.ACTIVE,
        driver__isnull=False,
    ).exclude(driver_id=claim.driver_id)
    drivers = {other.driver_id: other.driver for other in others.select_related("driver__community")}
    for driver in drivers.values():
        if driver is not None:
            notify(driver, kind=NotificationKind.POWER_CUT, text=text, now=now, about=str(claim.pk))
    return len(drivers)


def car_full(connector_id: UUID, *, now: datetime) -> None:
    """The car on this connector takes no more, after it took some."""
    session = (
        Session.objects.filter(
            connector=connector_id, state=SessionState.ACTIVE, driver__isnull=False, energy_wh__gt=0
        )
        .select_related("driver__community", "connector__charge_point")
        .first()
    )
    if session is not None and session.driver is not None:
        text = f"Your car at {session.connector} takes no more: {session.energy_wh / 1000:.3g} kWh."
        notify(session.driver, kind=NotificationKind.CAR_FULL, text=text, now=now, about=str(session.pk))


def warn_overstays(*, now: datetime) -> int:
    """Who is done and still stands there after the community's grace. Returns how many were told now."""
    warned = 0
    standing = Session.objects.filter(
        state=SessionState.FINISHED,
        driver__isnull=False,
        stopped_at__gt=now - LEFT_LONG_AGO,
    ).select_related("driver__community", "connector__charge_point")
    for session in standing:
        driver, stopped_at = session.driver, session.stopped_at
        if driver is None or stopped_at is None:
            continue
        free_by = stopped_at + timedelta(minutes=driver.community.overstay_grace_min)
        if now < free_by:
            continue
        text = f"Your car at {session.connector} is done. Please move it: others may need the space."
        told = notify(driver, kind=NotificationKind.OVERSTAY, text=text, now=now, about=str(session.pk))
        warned += told is not None
    return warned


def local(moment: datetime, community: Community) -> str:
    return f"{moment.astimezone(ZoneInfo(community.time_zone)):%a %H:%M}"
