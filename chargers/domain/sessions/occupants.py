"""The car of a session: the charger's observations, handed down to the fleet's judgement; and the session's lessons about its car."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from chargers.domain import presence
from chargers.domain.limits.managed import match_managed
from chargers.enums import ConnectorStatus
from chargers.models import MeterValue, Session
from chargers.models.session import OPEN_STATES
from fleet.domain import curve, learning, stays
from fleet.domain.identity import Guess, Seen
from fleet.models import Vehicle

# A car's own reading of its charge comes minutes after it stopped.
LESSON_WAITS = timedelta(hours=1)
MOST_MOMENTS = 2_000


def name_car(session: Session, *, now: datetime, planned: UUID | None = None) -> Guess:
    """Judge again which car it is, and keep the answer with the session (see `receivers`)."""
    stay = stays.open_stays([_plugged(session)])[session.pk]
    return stays.name_stay(stay, _seen(session, now=now, planned=planned))


def name_each(sessions: Iterable[Session], *, now: datetime) -> None:
    """Judge many at once: those whose car can be none that we know of cost no query each."""
    sessions = list(sessions)
    opened = stays.open_stays([_plugged(session) for session in sessions])
    strangers = stays.without_candidates(opened.values())
    for session in sessions:
        cars = () if session.pk in strangers else None
        stays.name_stay(opened[session.pk], _seen(session, now=now), cars)


def keep_words(sessions: Collection[Session]) -> None:
    """The drivers' word about the car in an earlier transaction of the same stay holds for these."""
    if not sessions:
        return
    stay_of = Session.objects.filter(stay_id__in={session.stay_id for session in sessions})
    earlier: dict[UUID, set[UUID]] = {}
    for session_id, stay_id in stay_of.values_list("pk", "stay_id"):
        earlier.setdefault(stay_id, set()).add(session_id)
    said = stays.said_by_drivers({each for ids in earlier.values() for each in ids})
    for session in sessions:
        if others := earlier[session.stay_id] & said - {session.pk}:
            stays.keep_word(session.pk, earlier_ids=others)


def name_all_of(driver_id: UUID, community_id: UUID, *, now: datetime) -> None:
    """A car of the driver told something: every stay that it could be is judged again."""
    could_be = Q(driver_id=driver_id) | Q(driver__isnull=True)
    # In one order, so that the words of two cars at once wait for each other instead of locking each other out.
    rows = Session.objects.filter(could_be, community_id=community_id, state__in=OPEN_STATES).order_by("pk")
    for session in rows:
        name_car(session, now=now)


def _plugged(session: Session) -> stays.Plugged:
    return stays.Plugged(session.pk, session.community_id, session.driver_id, session.plugged_at)


def _seen(session: Session, *, now: datetime, planned: UUID | None = None) -> Seen:
    return Seen(
        plugged_at=session.plugged_at,
        now=now,
        driver_known=session.driver_id is not None,
        energy_wh=session.energy_wh,
        phases=len(session.phases_seen),
        most_ma=max(session.current_ma),
        planned=planned,
    )


def is_steered(vehicle: Vehicle, now: datetime) -> bool:
    """The car stands at a managed connector whose charger is online: we steer the charger and not the car."""
    return Session.objects.filter(
        match_managed("connector__"),
        presence.match_online("connector__charge_point__", now=now),
        vehicle=vehicle,
        state__in=OPEN_STATES,
    ).exists()


def learn_from(session: Session, *, now: datetime) -> None:
    """Learn about the car's battery from the session, once both ends of it are known."""
    vehicle = session.vehicle
    if vehicle is None or session.started_at is None or session.stopped_at is None:
        return
    ends = learning.charge_around(
        vehicle,
        start=session.started_at,
        end=session.stopped_at,
        full_at=session.stopped_at if _stopped_by_itself(session) else None,
    )
    if ends is None:
        return
    learning.learn_lesson(
        vehicle,
        session_id=session.pk,
        energy_wh=session.energy_wh,
        from_pct=ends[0],
        to_pct=ends[1],
        moments=_moments(session),
        now=now,
    )


def learn_from_last_of(vehicle_id: UUID, *, now: datetime) -> None:
    """The reading that came now may be the missing end of the car's last session."""
    lately = Session.objects.filter(vehicle_id=vehicle_id, stopped_at__gte=now - LESSON_WAITS)
    # Nearly every reading finds none: that must cost little.
    last_id = lately.values_list("pk", flat=True).first()
    if last_id is not None:
        learn_from(Session.objects.select_related("vehicle", "connector").get(pk=last_id), now=now)


def _stopped_by_itself(session: Session) -> bool:
    """The car declined power that it was offered: it is as full as it wants to be."""
    return session.connector.status == ConnectorStatus.SUSPENDED_EV


def _moments(session: Session) -> list[curve.Moment]:
    rows = (
        MeterValue.objects.filter(session=session, power_w__isnull=False, energy_wh__isnull=False)
        .order_by("received_at")
        .values_list("energy_wh", "power_w", "offered_ma", "voltage_l1_mv")[:MOST_MOMENTS]
    )
    start_wh = session.meter_start_wh or 0
    phases = max(1, len(session.phases_seen))
    return [
        curve.Moment(
            energy_wh=max(0, energy_wh - start_wh),
            power_w=power_w,
            offered_w=offered_ma * phases * voltage_mv // 1_000_000 if offered_ma and voltage_mv else None,
        )
        for energy_wh, power_w, offered_ma, voltage_mv in rows
        if energy_wh is not None and power_w is not None
    ]
