"""Emergencies: a claim is checked against what is known, bounded, audited, and can be taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from chargers.models import Session
from chargers.models.session import OPEN_STATES
from drivers.domain.belonging import check_belongs
from drivers.domain.drivers import is_suspended
from drivers.domain.notifications import notify_driver
from drivers.domain.standing import strikes_in_force
from drivers.enums import NotificationKind
from drivers.errors import Suspended
from drivers.models import Driver, User
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from evbalancer.common.loops import for_each
from evbalancer.common.topics import cluster_topic, driver_topic, tell
from evbalancer.common.units import ma_to_w
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.inputs import REASON_FOR_DRIVER, Text
from evbalancer.common.words.said import Said
from fleet.enums import ReadingSource
from fleet.models import Vehicle
from grid.domain.audit import SYSTEM, Actor, record_entry
from grid.domain.local_time import on_the_clock
from scheduling.domain.conduct import house_rules
from scheduling.domain.learning import windows
from scheduling.domain.telling import notices
from scheduling.enums import EmergencyState
from scheduling.errors import EmergencyOpen, IllegalMove
from scheduling.models import EmergencyRequest
from scheduling.rules.emergency import Decision, Facts, Unproven, Verdict, decide
from scheduling.transitions import emergency_may_move

REASON = Text(
    300,
    missing=gettext_lazy("Give a reason; a manager may read it."),
    too_long=gettext_lazy("At most 300 characters."),
)
OPEN = (EmergencyState.PENDING, EmergencyState.ACCEPTED)
SERVED, UNDECIDED = Said("emergency.served"), Said("emergency.undecided")
TIME_OVER = Said("emergency.time_over")
STATE_OF = {
    Verdict.GRANT: EmergencyState.ACCEPTED,
    Verdict.ASK_MANAGER: EmergencyState.PENDING,
    Verdict.REFUSE: EmergencyState.REFUSED,
}


def pending_emergencies() -> QuerySet[EmergencyRequest]:
    """That wait for a manager's decision, the most urgent first."""
    rows = EmergencyRequest.objects.filter(state=EmergencyState.PENDING)
    return rows.select_related("driver").order_by("needed_by")


@transaction.atomic
def request_emergency(
    driver: Driver,
    *,
    reason: str,
    energy_wh: int,
    needed_by: datetime,
    now: datetime,
    vehicle: Vehicle | None = None,
    distance_km: int | None = None,
    session: Session | None = None,
) -> EmergencyRequest:
    """Decide by the rule and store claim, decision and reasons; a refused claim is stored too.

    Raises InvalidInput, NotFound for a foreign vehicle, Suspended, and EmergencyOpen while another one is open.
    """
    _check_wish(driver, reason=reason, energy_wh=energy_wh, needed_by=needed_by, vehicle=vehicle, now=now)
    session = session or _session_of(driver, vehicle)
    decision = decide(
        _facts(
            driver,
            session,
            energy_wh=energy_wh,
            needed_by=needed_by,
            vehicle=vehicle,
            distance_km=distance_km,
            now=now,
        ),
    )
    claim = EmergencyRequest(
        community_id=driver.community_id,
        driver=driver,
        vehicle=vehicle or (session.vehicle if session is not None else None),
        session=session,
        reason=reason.strip(),
        energy_wh=energy_wh,
        needed_by=needed_by,
        created_at=now,
    )
    _apply(claim, decision, now=now)
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError as error:
        raise EmergencyOpen(Said("refusal.emergency_open")) from error
    actor = Actor.of_user(driver.user) if driver.user is not None else SYSTEM
    record_entry(
        actor=actor,
        action="emergency.requested",
        target=claim,
        now=now,
        after=_decided(claim),
        reason=claim.reason,
    )
    _tell(claim, now=now)
    return claim


def _check_wish(
    driver: Driver,
    *,
    reason: str,
    energy_wh: int,
    needed_by: datetime,
    vehicle: Vehicle | None,
    now: datetime,
) -> None:
    if vehicle is not None and vehicle.driver_id != driver.pk:
        raise NotFound(Said("refusal.no_vehicle"))
    check_belongs(driver)
    if driver.suspended_until is not None and is_suspended(driver, now=now):
        until = on_the_clock(driver.suspended_until, driver.community)
        raise Suspended(Said("suspension.begun", {"until_moment": until}))
    REASON.check("reason", reason)
    if energy_wh <= 0:
        raise InvalidInput("energy_wh", Said("refusal.energy_not_positive"), code="energy_not_positive")
    if needed_by <= now:
        raise InvalidInput("needed_by", Said("refusal.need_in_past"), code="departure_in_past")


@transaction.atomic
def decide_by_manager(
    claim: EmergencyRequest, *, accept: bool, by: User, reason: str, now: datetime
) -> EmergencyRequest:
    """A manager's word on a pending claim. Raises InvalidInput without a reason or when its time has passed."""
    reason = REASON_FOR_DRIVER.check("reason", reason)
    if accept and (claim.until is None or claim.until <= now):
        raise InvalidInput("accept", Said("refusal.need_is_over"))
    to = EmergencyState.ACCEPTED if accept else EmergencyState.REFUSED
    said = Said.in_words(reason)
    return _move(claim, to=to, actor=Actor.of_user(by), now=now, reason=said, decided_by=by)


@transaction.atomic
def revoke_emergency(claim: EmergencyRequest, *, by: User, reason: str, now: datetime) -> EmergencyRequest:
    """Taken back by its driver, or by a manager with a reason. Raises InvalidInput, and StateMoved when it is over."""
    if by.pk != claim.driver.user_id or reason.strip():
        reason = REASON_FOR_DRIVER.check("reason", reason)
    said = Said.in_words(reason) if reason.strip() else None
    # A claim that was never granted is neither charged nor counted against the month.
    granted_wh = 0 if claim.state == EmergencyState.PENDING else claim.granted_wh
    return _move(
        claim,
        to=EmergencyState.REVOKED,
        actor=Actor.of_user(by),
        now=now,
        reason=said,
        granted_wh=granted_wh,
    )


def finish_for(session: Session, *, now: datetime) -> None:
    """The car has left: emergencies granted in its stay end with the received energy."""
    open_claims = EmergencyRequest.objects.filter(
        session__stay_id=session.stay_id, state=EmergencyState.ACCEPTED
    )
    for claim in open_claims.select_related("session", "driver"):
        received_wh = max(0, session.stay_energy_wh - claim.energy_before_wh)
        amounts = {"received_wh": received_wh, "granted_wh": claim.granted_wh}
        said = Said("emergency.car_left", amounts) if received_wh < claim.granted_wh else SERVED
        _move(claim, to=EmergencyState.DONE, actor=SYSTEM, now=now, reason=said)


def withdraw_open(driver_id: UUID, *, now: datetime) -> None:
    """A driver who no longer belongs to the community claims nothing there."""
    reason = Said("emergency.left_community")
    for claim in EmergencyRequest.objects.filter(driver=driver_id, state__in=OPEN):
        _move(claim, to=EmergencyState.REVOKED, actor=SYSTEM, now=now, reason=reason)


def finish_due(*, now: datetime) -> int:
    """End claims whose time is over or whose energy has flowed, and refuse the undecided. Returns how many."""
    over = Q(state=EmergencyState.ACCEPTED) | Q(state=EmergencyState.PENDING, needed_by__lte=now)

    def end(claim: EmergencyRequest) -> bool:
        served = (
            claim.session is not None
            and claim.session.stay_energy_wh - claim.energy_before_wh >= claim.granted_wh
        )
        if (
            claim.state == EmergencyState.ACCEPTED
            and not served
            and claim.until is not None
            and claim.until > now
        ):
            return False
        pending = claim.state == EmergencyState.PENDING
        to = EmergencyState.REFUSED if pending else EmergencyState.DONE
        reason = UNDECIDED if pending else SERVED if served else TIME_OVER
        try:
            with transaction.atomic():
                _move(claim, to=to, actor=SYSTEM, now=now, reason=reason)
        except StateMoved:
            return False
        return True

    rows = EmergencyRequest.objects.filter(over).select_related("session", "driver")
    return for_each(rows, end, what="Emergency")


def used_this_month(driver: Driver, *, now: datetime) -> int:
    """Granted ones since the first of the month on the community's calendar. Withdrawing one gives none back."""
    local = now.astimezone(ZoneInfo(driver.community.time_zone))
    begin = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    granted = (EmergencyState.ACCEPTED, EmergencyState.DONE, EmergencyState.REVOKED)
    rows = EmergencyRequest.objects.filter(
        driver=driver, state__in=granted, created_at__gte=begin, granted_wh__gt=0
    )
    return rows.count()


def _facts(
    driver: Driver,
    session: Session | None,
    *,
    energy_wh: int,
    needed_by: datetime,
    vehicle: Vehicle | None,
    distance_km: int | None,
    now: datetime,
) -> Facts:
    community = driver.community
    policy = house_rules.rules_of(community)
    car = vehicle or (session.vehicle if session is not None else None)
    connector = session.connector if session is not None else None
    minimum_ma = connector.min_current_ma if connector is not None else 6_000
    phases = windows.power_phases(connector, car) if connector is not None else 1
    voltage_v = connector.circuit.cluster.voltage_v if connector is not None else 230
    return Facts(
        now=now,
        energy_wh=energy_wh,
        needed_by=needed_by,
        plugged_in=session is not None,
        used_this_month=used_this_month(driver, now=now),
        quota_per_month=community.emergencies_per_month,
        strikes=strikes_in_force([driver.pk], now=now).get(driver.pk, 0),
        needs_manager=community.emergency_needs_manager,
        minimum_ma=minimum_ma,
        power_at_minimum_w=ma_to_w(minimum_ma, voltage_v=voltage_v, phases=phases),
        most_ma=windows.max_ma(connector, car) if connector is not None else minimum_ma,
        distance_km=distance_km,
        battery_wh=car.usable_wh if car is not None else None,
        charge_pct=car.charge_pct if car is not None and _told_itself(car) else None,
        charge_at=car.charge_at if car is not None and _told_itself(car) else None,
        unproven=Unproven(policy.unproven_emergency),
        unproven_most_wh=policy.unproven_most_wh,
    )


def _told_itself(car: Vehicle) -> bool:
    """By the car or by its charger. A number that the driver typed is the claim and not its proof."""
    return car.charge_source in (ReadingSource.SMARTCAR, ReadingSource.CHARGER)


def _session_of(driver: Driver, vehicle: Vehicle | None) -> Session | None:
    sessions = Session.objects.filter(driver=driver, state__in=OPEN_STATES, community_id=driver.community_id)
    if vehicle is not None:
        sessions = sessions.filter(Q(vehicle=vehicle) | Q(vehicle=None))
    return sessions.select_related("vehicle", "connector__circuit__cluster").order_by("-plugged_at").first()


def _apply(claim: EmergencyRequest, decision: Decision, *, now: datetime) -> None:
    claim.state = STATE_OF[decision.verdict]
    claim.state_since = now
    claim.granted_wh = decision.granted_wh
    claim.minimum_ma = decision.minimum_ma
    claim.until = decision.until
    claim.reasons = list(decision.reasons)
    claim.energy_before_wh = claim.session.stay_energy_wh if claim.session is not None else 0


def _move(
    claim: EmergencyRequest,
    *,
    to: EmergencyState,
    actor: Actor,
    now: datetime,
    reason: Said | None,
    **fields: Any,
) -> EmergencyRequest:
    """Compare and swap. The reason joins those that were said before."""
    was = EmergencyState(claim.state)
    if not emergency_may_move(was, to):
        words = {"state": Said(f"emergency_state.{was.value}"), "to": Said(f"emergency_state.{to.value}")}
        raise IllegalMove(Said("refusal.emergency_can_not_become", words), state=was.value)
    rows = EmergencyRequest.objects.filter(pk=claim.pk, state=was)
    reasons = claim.reasons if reason is None else [*claim.reasons, reason]
    if not rows.update(state=to, state_since=now, reasons=reasons, **fields):
        raise StateMoved(Said("refusal.emergency_moved", {"state": Said(f"emergency_state.{was.value}")}))
    claim.refresh_from_db()
    record_entry(
        actor=actor,
        action=f"emergency.{to.value}",
        target=claim,
        now=now,
        before={"state": was.value},
        after=_decided(claim),
        reason=reason or "",
    )
    _tell(claim, now=now)
    return claim


def _decided(claim: EmergencyRequest) -> dict[str, Any]:
    return {
        "state": claim.state,
        "granted_wh": claim.granted_wh,
        "minimum_ma": claim.minimum_ma,
        "until": claim.until,
        "reasons": [said.stored for said in claim.reasons],
    }


def _tell(claim: EmergencyRequest, *, now: datetime) -> None:
    facts = {"state": Said(f"emergency_state.{claim.state}"), "why": claim.reasons}
    notify_driver(claim.driver, kind=NotificationKind.EMERGENCY, said=Said("emergency.moved", facts), now=now)
    if claim.state == EmergencyState.ACCEPTED:
        notices.emergency_served_first(claim, now=now)
    tell(driver_topic(claim.driver_id), "emergency", id=str(claim.pk), state=str(claim.state))
    if claim.session is not None:
        cluster_id = claim.session.connector.circuit.cluster_id
        tell(cluster_topic(cluster_id), "emergency", state=str(claim.state))
        wake_balancer(cluster_id)
