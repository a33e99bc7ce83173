"""Notices to drivers: their slot moved, power cut and why, car full, time to leave. Each thing once."""

from datetime import datetime, timedelta
from uuid import UUID

from chargers.enums import SessionState
from chargers.models import Connector, Session
from drivers.domain.notifications import notify_all, notify_driver, notify_managers
from drivers.enums import NotificationKind
from drivers.models import Driver
from evbalancer.common.loops import for_each
from evbalancer.common.words.said import Said
from grid.domain.local_time import on_the_clock
from grid.models import TemporaryLimit
from scheduling.enums import SlotState
from scheduling.models import EmergencyRequest, SlotRequest

LEFT_LONG_AGO = timedelta(days=1)


def slot_moved(slot: SlotRequest, *, now: datetime) -> None:
    """By somebody else than its driver: more was promised, it lapsed, or a manager cancelled it."""
    about = f"{slot.pk}:{slot.state}:{slot.promised_wh}"
    notify_driver(slot.driver, kind=NotificationKind.SLOT_MOVED, said=_of_slot(slot), now=now, about=about)


def no_show_charged(slot: SlotRequest, *, fee_minor: int, now: datetime) -> None:
    """What it costs that the car did not come, and why."""
    sum_text = f"{fee_minor / 100:.2f} {slot.cluster.community.currency}"
    said = Said("notice.no_show_charged", {"by_at": _by(slot), "sum": sum_text})
    notify_driver(slot.driver, kind=NotificationKind.SLOT_MOVED, said=said, now=now, about=f"{slot.pk}:fee")


def promise_falls_short(slot: SlotRequest, *, now: datetime) -> None:
    """Before it is too late to do something else. Once, even if it looks better in between."""
    said = Said(
        "notice.promise_falls_short",
        {"expected_wh": slot.expected_wh or 0, "promised_wh": slot.promised_wh, "by_at": _by(slot)},
    )
    notify_driver(
        slot.driver, kind=NotificationKind.SLOT_MOVED, said=said, now=now, about=f"{slot.pk}:falls-short"
    )


def _by(slot: SlotRequest) -> str:
    return on_the_clock(slot.ready_by, slot.cluster.community)


def _of_slot(slot: SlotRequest) -> Said:
    by = _by(slot)
    match slot.state:
        case SlotState.PROMISED:
            return Said("notice.slot_promised", {"energy_wh": slot.energy_wh, "by_at": by})
        case SlotState.PARTLY_PROMISED:
            return Said(
                "notice.slot_partly_promised",
                {"promised_wh": slot.promised_wh, "energy_wh": slot.energy_wh, "by_at": by},
            )
        case SlotState.UNMET:
            return Said(
                "notice.slot_unmet",
                {
                    "received_wh": slot.received_wh or 0,
                    "promised_wh": slot.promised_wh or slot.energy_wh,
                    "by_at": by,
                },
            )
    state = Said(f"slot_state.{slot.state}")
    if slot.why_said is None:
        return Said("notice.slot_moved", {"by_at": by, "state": state})
    return Said("notice.slot_moved_because", {"by_at": by, "state": state, "why": slot.why_said})


def power_cut(limit_id: UUID, *, now: datetime) -> int:
    """Tell everybody who charges in the cluster of a temporary limit. Returns how many."""
    limit = TemporaryLimit.objects.select_related("circuit__cluster__community").get(pk=limit_id)
    circuit = limit.circuit
    why = limit.reason_said or limit.reason
    facts = {"circuit": circuit.name, "limit_ma": min(limit.limit_ma), "why": why}
    if limit.until is None:
        said = Said("notice.power_cut", facts)
    else:
        until = on_the_clock(limit.until, circuit.cluster.community)
        said = Said("notice.power_cut_until", {**facts, "until_at": until})
    drivers = _charging_in(circuit.cluster_id)
    notify_all(drivers, kind=NotificationKind.POWER_CUT, said=said, now=now, about=str(limit.pk))
    return len(drivers)


def emergency_served_first(claim: EmergencyRequest, *, now: datetime) -> int:
    """Tell the others who charge in the cluster that one of them is served first. Returns how many; names nobody."""
    session = claim.session
    if session is None or claim.until is None:
        return 0
    said = Said("notice.emergency_first", {"until_at": on_the_clock(claim.until, claim.community)})
    charging = _charging_in(session.connector.circuit.cluster_id)
    others = [driver for driver in charging if driver.pk != claim.driver_id]
    notify_all(others, kind=NotificationKind.POWER_CUT, said=said, now=now, about=str(claim.pk))
    return len(others)


def _charging_in(cluster_id: UUID) -> list[Driver]:
    """Each driver whose car charges in the cluster now, once."""
    charging = Session.objects.filter(
        connector__circuit__cluster=cluster_id, state=SessionState.ACTIVE, driver__isnull=False
    )
    drivers = {session.driver_id: session.driver for session in charging.select_related("driver__community")}
    return [driver for driver in drivers.values() if driver is not None]


def tell_overdraw(
    connector: Connector, *, measured_ma: int, allowed_ma: int, running: bool, now: datetime
) -> int:
    """Tell the managers of a connector that gives more than it may, once for each time that it does. Returns how many."""
    since = connector.overdrawn_since or now
    facts = {"connector": str(connector), "measured_ma": measured_ma}
    said = Said("notice.stray", facts)
    if running:
        said = Said("notice.overdraw", {**facts, "allowed_ma": allowed_ma})
    return notify_managers(
        connector.community_id,
        kind=NotificationKind.OVERDRAW,
        said=said,
        now=now,
        about=f"{connector.pk}:{since:%Y%m%dT%H%M%S}",
    )


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
        facts = {"connector": str(session.connector), "energy_wh": session.stay_energy_wh}
        said = Said("notice.car_full", facts)
        notify_driver(
            session.driver, kind=NotificationKind.CAR_FULL, said=said, now=now, about=str(session.pk)
        )


def warn_overstays(*, now: datetime) -> int:
    """Notify drivers whose car is done and still there after the community's grace. Returns how many."""
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
        said = Said("notice.overstay", {"connector": str(session.connector)})
        told = notify_driver(
            driver, kind=NotificationKind.OVERSTAY, said=said, now=now, about=str(session.pk)
        )
        return told is not None

    return for_each(standing, warn, what="The overstay of session")
