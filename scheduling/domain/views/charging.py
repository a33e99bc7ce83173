"""A driver's cars now, in plain words."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chargers.domain.metering import draws
from chargers.models import Session
from chargers.models.session import OPEN_STATES
from evbalancer.common.units import ma_to_w
from evbalancer.common.words.said import Said
from fleet.domain import curve, vehicles
from pricing.domain.billing import cost_so_far_minor
from scheduling.domain.booking import positions
from scheduling.domain.learning import windows
from scheduling.domain.picture import places
from scheduling.domain.picture.places import Place
from scheduling.domain.picture.states import PlaceState, state_of
from scheduling.domain.telling import wording
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

WAITING_SLOTS = (SlotState.PROMISED, SlotState.PARTLY_PROMISED, SlotState.QUEUED)


@dataclass(frozen=True, slots=True)
class Charging:
    """One open session. Energy is of the whole stay, cost of its present transaction; `finish_at` is a forecast at the present power."""

    session: Session
    slot: SlotRequest | None
    state: str
    why: str
    limit_ma: int
    # What that lets through, on the phases that this car has there.
    limit_w: int
    cost_minor: int | None
    wanted_wh: int | None
    # As measured within the last minute.
    power_w: int | None
    ready_by: datetime | None
    finish_at: datetime | None
    next_change_at: datetime | None
    could: tuple[Said, ...]


def of_drivers(
    driver_ids: Collection[UUID], *, now: datetime, with_cost: bool = True, brief: bool = False
) -> list[Charging]:
    """The open sessions, oldest first. Without costs it takes the same few queries however long they run; `brief` as
    for `wording.reason_sentence`."""
    sessions = list(
        Session.objects.filter(driver_id__in=list(driver_ids), state__in=OPEN_STATES)
        .select_related("connector__charge_point__cluster", "community", "vehicle")
        .order_by("plugged_at"),
    )
    here = {"connector__in": [session.connector_id for session in sessions]}
    found = places.read_places([session.connector for session in sessions], sessions, now=now, **here)
    return [
        _charging(session, place, with_cost=with_cost, brief=brief, now=now)
        for session, place in zip(sessions, found, strict=True)
    ]


def upcoming_slots(driver_ids: Collection[UUID], *, now: datetime) -> list[SlotRequest]:
    rows = SlotRequest.objects.filter(
        driver_id__in=list(driver_ids), state__in=WAITING_SLOTS, ready_by__gt=now
    )
    slots = positions.with_positions(rows).select_related("planned_connector__charge_point", "community")
    return list(slots.order_by("not_before"))


def _charging(session: Session, place: Place, *, with_cost: bool, brief: bool, now: datetime) -> Charging:
    connector, slot, mine = place.connector, place.slot, place.history
    state = state_of(place, now=now)
    power_w = draws.power_now_w(session, now=now)
    limit_ma = connector.confirmed_ma if connector.confirmed_ma is not None else connector.fallback_ma or 0
    return Charging(
        session=session,
        slot=slot,
        state=state.value,
        why=wording.reason_sentence(place, state, now=now, brief=brief),
        limit_ma=limit_ma,
        limit_w=ma_to_w(
            limit_ma,
            voltage_v=connector.charge_point.cluster.voltage_v,
            phases=windows.power_phases(connector, session.vehicle),
        ),
        cost_minor=cost_so_far_minor(session, now=now) if with_cost else None,
        wanted_wh=_wanted_wh(session, slot),
        power_w=power_w,
        ready_by=slot.ready_by if slot is not None else None,
        finish_at=finish_at(session, slot, power_w, now=now),
        next_change_at=mine.next_change_at if mine is not None else None,
        could=_could(state, slot, emergency=place.emergency is not None),
    )


def _wanted_wh(session: Session, slot: SlotRequest | None) -> int | None:
    if slot is not None:
        return int(slot.energy_wh)
    vehicle = session.vehicle
    if vehicle is None or vehicle.usable_wh is None or session.charge_pct is None:
        return None
    return int(session.stay_energy_wh + vehicle.usable_wh * (100 - session.charge_pct) // 100)


def finish_at(
    session: Session, slot: SlotRequest | None, power_w: int | None, *, now: datetime
) -> datetime | None:
    """At the present power, less where this car is known to take less towards full; None if nothing flows or nobody knows its need."""
    wanted_wh = _wanted_wh(session, slot)
    if wanted_wh is None or not power_w:
        return None
    left_wh = max(0, wanted_wh - session.stay_energy_wh)
    left_s = _tapered_s(session, left_wh, power_w, now=now)
    return now + timedelta(seconds=round(left_wh * 3600 / power_w) if left_s is None else left_s)


def _tapered_s(session: Session, left_wh: int, power_w: int, *, now: datetime) -> int | None:
    vehicle = session.vehicle
    if vehicle is None or not vehicle.taper or vehicle.usable_wh is None:
        return None
    pct = session.charge_pct if session.charge_pct is not None else vehicle.charge_pct
    if pct is None or (session.charge_pct is None and vehicles.is_stale(vehicle, now=now)):
        return None
    to_pct = min(100, pct + round(left_wh * curve.EFFICIENCY * 100 / vehicle.usable_wh))
    return curve.seconds_to(
        to_pct,
        battery_wh=vehicle.usable_wh,
        from_pct=pct,
        power_w=power_w,
        tapers=vehicle.taper,
    )


def _could(state: PlaceState, slot: SlotRequest | None, *, emergency: bool) -> tuple[Said, ...]:
    """Something that the driver could do about it."""
    options = []
    if slot is None and state in (PlaceState.CHARGING, PlaceState.WAITING, PlaceState.PLUGGED_IN):
        options.append(Said("could.say_need"))
    if state in (PlaceState.WAITING, PlaceState.CHARGING) and not emergency:
        options.append(Said("could.claim_emergency"))
    if state is PlaceState.FULL:
        options.append(Said("could.move_car"))
    return tuple(options)
