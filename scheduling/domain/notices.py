"""What drivers are told of: their slot moved, power cut and why, car full, time to leave. Each thing once."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.utils.translation import gettext

from chargers.enums import SessionState
from chargers.models import Connector, Session
from drivers.domain.notifications import notify, notify_all, notify_managers
from drivers.enums import NotificationKind
from evbalancer.common.loops import for_each
from grid.domain.local_time import day_and_time
from grid.models import TemporaryLimit
from scheduling.domain.wording import amps, kwh, why_told
from scheduling.enums import SlotState
from scheduling.models import EmergencyRequest, SlotRequest

LEFT_LONG_AGO = timedelta(days=1)


def slot_moved(slot: SlotRequest, *, now: datetime) -> None:
    """By somebody else than its driver: more was promised, it lapsed, or a manager cancelled it."""
    about = f"{slot.pk}:{slot.state}:{slot.promised_wh}"
    words = partial(_of_slot, slot)
    notify(slot.driver, kind=NotificationKind.SLOT_MOVED, text=words, now=now, about=about)


def promise_falls_short(slot: SlotRequest, *, now: datetime) -> None:
    """Before it is too late to do something else. Once, even if it looks better in between."""
    words = partial(_of_shortfall, slot)
    notify(slot.driver, kind=NotificationKind.SLOT_MOVED, text=words, now=now, about=f"{slot.pk}:falls-short")


def _of_shortfall(slot: SlotRequest) -> str:
    told = gettext(
        "Your promise can't be kept in full: %(expected)s of the %(promised)s by %(by)s is what is left. There is less room than was expected."
    )
    return told % {
        "expected": kwh(slot.expected_wh or 0),
        "promised": kwh(slot.promised_wh),
        "by": day_and_time(slot.ready_by, slot.cluster.community),
    }


def _of_slot(slot: SlotRequest) -> str:
    by = day_and_time(slot.ready_by, slot.cluster.community)
    match slot.state:
        case SlotState.PROMISED:
            return gettext("All %(energy)s are promised by %(by)s.") % {
                "energy": kwh(slot.energy_wh),
                "by": by,
            }
        case SlotState.PARTLY_PROMISED:
            return gettext("%(promised)s of %(energy)s are promised by %(by)s.") % {
                "promised": kwh(slot.promised_wh),
                "energy": kwh(slot.energy_wh),
                "by": by,
            }
        case SlotState.UNMET:
            return gettext(
                "Your car left with %(received)s of the %(promised)s that were promised by %(by)s."
            ) % {
                "received": kwh(slot.received_wh or 0),
                "promised": kwh(slot.promised_wh or slot.energy_wh),
                "by": by,
            }
    return gettext("Your slot until %(by)s: %(state)s. %(why)s.") % {
        "by": by,
        "state": gettext(SlotState(slot.state).label),
        "why": why_told(slot),
    }


def power_cut(limit_id: UUID, *, now: datetime) -> int:
    """Tell everybody who charges in the cluster of a temporary limit. Returns how many."""
    limit = TemporaryLimit.objects.select_related("circuit__cluster__community").get(pk=limit_id)
    circuit = limit.circuit
    community = circuit.cluster.community

    def words() -> str:
        facts = {"circuit": circuit.name, "amps": amps(min(limit.limit_ma)), "why": limit.reason}
        if limit.until is None:
            told = gettext("%(circuit)s is limited to %(amps)s a phase: %(why)s. Cars may get less.")
            return told % facts
        told = gettext(
            "%(circuit)s is limited to %(amps)s a phase until %(until)s: %(why)s. Cars may get less."
        )
        return told % {**facts, "until": day_and_time(limit.until, community)}

    charging = Session.objects.filter(
        connector__circuit__cluster=circuit.cluster_id,
        state=SessionState.ACTIVE,
        driver__isnull=False,
    ).select_related("driver__community")
    drivers = {session.driver_id: session.driver for session in charging}
    told = [driver for driver in drivers.values() if driver is not None]
    notify_all(told, kind=NotificationKind.POWER_CUT, text=words, now=now, about=str(limit.pk))
    return len(drivers)


def emergency_served_first(claim: EmergencyRequest, *, now: datetime) -> int:
    """Tell the others who charge in the cluster that one of them is served first. Returns how many; names nobody."""
    session = claim.session
    if session is None or claim.until is None:
        return 0
    until, community = claim.until, claim.community

    def words() -> str:
        told = gettext(
            "An emergency nearby is served first until %(until)s. Your car may get less until then."
        )
        return told % {"until": day_and_time(until, community)}

    others = Session.objects.filter(
        connector__circuit__cluster=session.connector.circuit.cluster_id,
        state=SessionState.ACTIVE,
        driver__isnull=False,
    ).exclude(driver_id=claim.driver_id)
    drivers = {other.driver_id: other.driver for other in others.select_related("driver__community")}
    told = [driver for driver in drivers.values() if driver is not None]
    notify_all(told, kind=NotificationKind.POWER_CUT, text=words, now=now, about=str(claim.pk))
    return len(drivers)


def overdrawn(
    connector: Connector, *, measured_ma: int, allowed_ma: int, running: bool, now: datetime
) -> int:
    """Tell the managers of a connector that gives more than it may, once for each time that it does. Returns how many."""
    since = connector.overdrawn_since or now
    words = (
        partial(_of_overdraw, connector, measured_ma=measured_ma, allowed_ma=allowed_ma)
        if running
        else partial(_of_stray, connector, measured_ma=measured_ma)
    )
    return notify_managers(
        connector.community_id,
        kind=NotificationKind.OVERDRAW,
        text=words,
        now=now,
        about=f"{connector.pk}:{since:%Y%m%dT%H%M%S}",
    )


def _of_overdraw(connector: Connector, *, measured_ma: int, allowed_ma: int) -> str:
    told = gettext(
        "The car at %(connector)s draws %(measured)s where %(allowed)s are allowed. Others may get less, and it is stopped if it goes on."
    )
    facts = {"measured": amps(measured_ma), "allowed": amps(allowed_ma)}
    return told % {"connector": str(connector), **facts}


def _of_stray(connector: Connector, *, measured_ma: int) -> str:
    told = gettext(
        "%(measured)s flow at %(connector)s although nobody is charging there. Others may get less. The charger can't be stopped from here: please have a look at it."
    )
    return told % {"connector": str(connector), "measured": amps(measured_ma)}


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
        words = partial(_of_full_car, session)
        notify(session.driver, kind=NotificationKind.CAR_FULL, text=words, now=now, about=str(session.pk))


def _of_full_car(session: Session) -> str:
    facts = {"connector": str(session.connector), "energy": kwh(session.stay_energy_wh)}
    return gettext("Your car at %(connector)s takes no more: %(energy)s.") % facts


def warn_overstays(*, now: datetime) -> int:
    """Who is done and still stands there after the community's grace. Returns how many were told now."""
    standing = Session.objects.filter(
        state=SessionState.FINISHED,
        driver__isnull=False,
        stopped_at__gt=now - LEFT_LONG_AGO,
    ).select_related("driver__community", "connector__charge_point")

    def warn(session: Session) -> bool:
        driver, stopped_at = session.driver, session.stopped_at
        if driver is None or stopped_at is None:
            return False
        free_by = stopped_at + timedelta(minutes=driver.community.overstay_grace_min)
        if now < free_by:
            return False
        words = partial(_of_overstay, session)
        told = notify(driver, kind=NotificationKind.OVERSTAY, text=words, now=now, about=str(session.pk))
        return told is not None

    return for_each(standing, warn, what="The overstay of session")


def _of_overstay(session: Session) -> str:
    told = gettext("Your car at %(connector)s is done. Please move it: others may need the space.")
    return told % {"connector": str(session.connector)}
