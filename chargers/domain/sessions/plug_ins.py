"""The stay: one car at one connector from plug to unplug, over as many transactions as it takes.

Drivers stop and start again, chargers restart, cards are shown twice. Everything tied to the car (a promise, an emergency, the
fairness ledger) hangs on the stay, whose sessions share `stay_id`.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Q

from chargers.enums import OCCUPIED, SessionState
from chargers.events import CarLeft
from chargers.models import Connector, Session
from chargers.models.session import OPEN_STATES
from drivers.domain.drivers import AuthorizeOutcome
from drivers.enums import AuthorizationStatus
from evbalancer.common.events import publish

# Without a word of the connector in between, a start that comes later is that of another visit.
LONGEST_GAP = timedelta(hours=1)
TOLD_LIVE = timedelta(minutes=5)
# A charger that restarts may say Available before it has found its car again.
RESTART_SETTLES_AFTER = timedelta(minutes=2)


def goes_on(
    current: Session, connector: Connector, outcome: AuthorizeOutcome, *, started_at: datetime
) -> bool:
    """Whether a transaction that starts then is of the car whose session is still open at the connector.

    Another driver's good card is another car. A refused card shows nothing, nor does a start without one.
    """
    if started_at < current.stay_since or _is_of_another_driver(current.stay_id, outcome):
        return False
    stopped_at = current.stopped_at
    if stopped_at is None or started_at - stopped_at <= LONGEST_GAP:
        return True
    was_told_live = abs(current.state_since - stopped_at) <= TOLD_LIVE
    return was_told_live and connector.status in OCCUPIED


def join_stay(session: Session, earlier: Session) -> None:
    """Make a session that is about to be stored another one of the same stay."""
    session.stay_id, session.stay_began_at = earlier.stay_id, earlier.stay_since
    session.energy_before_wh = earlier.stay_energy_wh


def part_stay(session: Session, outcome: AuthorizeOutcome) -> None:
    """A card shown after the start may name another driver: then the stay before is over and this session is its own."""
    if not _is_of_another_driver(session.stay_id, outcome, but=session.pk):
        return
    earlier = Session.objects.filter(stay_id=session.stay_id).exclude(pk=session.pk)
    last_id = earlier.order_by("-plugged_at", "-started_at").values_list("pk", flat=True).first()
    session.stay_id, session.stay_began_at, session.energy_before_wh = uuid4(), None, 0
    session.save(update_fields=["stay_id", "stay_began_at", "energy_before_wh"])
    if last_id is not None:
        publish(CarLeft(session_id=last_id, cluster_id=session.connector.charge_point.cluster_id))


def count_energy(session: Session) -> None:
    """Tell each transaction of the stay what those before it brought; an end may come late and change that."""
    rows = list(
        Session.objects.filter(stay_id=session.stay_id)
        .order_by("started_at", "transaction_id")
        .values_list("pk", "energy_wh", "energy_before_wh")
    )
    before_wh = 0
    for pk, energy_wh, known_wh in rows:
        if before_wh != known_wh:
            Session.objects.filter(pk=pk).update(energy_before_wh=before_wh)
        if pk == session.pk:
            session.energy_before_wh = before_wh
        before_wh += energy_wh


def is_over(session: Session) -> bool:
    """Nothing of its stay is at a connector any more."""
    return not Session.objects.filter(stay_id=session.stay_id, state__in=OPEN_STATES).exists()


def end_if_over(session: Session, *, cluster_id: UUID) -> None:
    """For a transaction that was reported after its end: no unplugging will end its stay."""
    if session.state == SessionState.ENDED and is_over(session):
        publish(CarLeft(session_id=session.pk, cluster_id=cluster_id))


def is_restarting(
    session: Session, connector: Connector, *, car_seen_at: datetime | None, now: datetime
) -> bool:
    """Its charger booted just now, and has not said since that the car is there: that the connector is free may be said
    before the car was found again."""
    booted_at = connector.charge_point.booted_at
    if booted_at is None or now - booted_at >= RESTART_SETTLES_AFTER or session.plugged_at > booted_at:
        return False
    return car_seen_at is None or car_seen_at < booted_at


def _is_of_another_driver(stay_id: UUID, outcome: AuthorizeOutcome, *, but: UUID | None = None) -> bool:
    if outcome.driver is None or outcome.status != AuthorizationStatus.ACCEPTED:
        return False
    known = Session.objects.filter(~Q(pk=but), stay_id=stay_id, driver__isnull=False).order_by()
    drivers = set(known.values_list("driver_id", flat=True).distinct())
    return bool(drivers) and outcome.driver.pk not in drivers
