"""What must follow from news of the charge points, in the same transaction."""

from uuid import UUID

from django.utils import timezone

from chargers.enums import ConnectorStatus, SessionState
from chargers.events import (
    CarLeft,
    ConnectorStatusChanged,
    SessionClosed,
    TransactionEnded,
    TransactionStarted,
)
from chargers.models import Session
from drivers.events import MembershipEnded
from evbalancer.common.beside import Beside
from evbalancer.common.events import receives
from evbalancer.common.topics import wake_balancer
from fleet.events import VehicleReported
from grid.events import LimitImposed
from scheduling.domain import charges, cover, emergencies, notices, requests, settlement
from scheduling.enums import BalanceStep

SUSPENDED_BY_CAR = ConnectorStatus.SUSPENDED_EV.value


def _session(session_id: UUID) -> Session:
    rows = Session.objects.select_related(
        "community", "driver", "vehicle", "connector__circuit", "connector__charge_point"
    )
    session: Session = rows.get(pk=session_id)
    return session


@receives(TransactionStarted)
def consume_slot(event: TransactionStarted) -> None:
    if event.is_accepted:
        session = _session(event.session_id)
        settlement.carry_over(session, now=timezone.now())
        requests.consume_for(session, now=timezone.now(), reservation_number=event.reservation_number)
    wake_balancer(event.cluster_id)


@receives(VehicleReported)
def share_what_a_full_car_leaves(event: VehicleReported) -> None:
    """A car that says it is full needs its share no longer; the plan that follows judges whether to believe it."""
    if not event.is_full:
        return
    charging = Session.objects.filter(vehicle_id=event.vehicle_id, state=SessionState.ACTIVE)
    for cluster_id in charging.values_list("connector__charge_point__cluster_id", flat=True):
        wake_balancer(cluster_id)


@receives(LimitImposed)
def say_when_it_holds(event: LimitImposed) -> None:
    Beside(f"limit {event.limit_id}").attempt(
        BalanceStep.COVER, lambda: cover.judge_new(event.limit_id), otherwise=None
    )


@receives(LimitImposed)
def tell_of_cut(event: LimitImposed) -> None:
    Beside(f"limit {event.limit_id}").attempt(
        "The notice", lambda: notices.power_cut(event.limit_id, now=timezone.now()), otherwise=0
    )


@receives(ConnectorStatusChanged)
def tell_of_full_car(event: ConnectorStatusChanged) -> None:
    if event.now == SUSPENDED_BY_CAR:
        Beside(f"the state of connector {event.connector_id}").attempt(
            "The notice", lambda: notices.car_full(event.connector_id, now=timezone.now()), otherwise=None
        )


@receives(TransactionEnded)
def close_accounts(event: TransactionEnded) -> None:
    """What was served is billed with the transaction; what was promised hangs on the stay, which may go on."""
    session = _session(event.session_id)
    now = timezone.now()
    settlement.settle_kept(session, now=now)
    charges.charge_emergencies(session, now=now)
    wake_balancer(event.cluster_id)


@receives(CarLeft)
def close_accounts_of_the_stay(event: CarLeft) -> None:
    """The ledger's line, the slot's end and the emergency's end can't be parted from the stay's end."""
    settlement.settle_stay(_session(event.session_id), now=timezone.now())
    wake_balancer(event.cluster_id)


@receives(SessionClosed)
def charge_who_kept_others_waiting(event: SessionClosed) -> None:
    charges.charge_overstay(_session(event.session_id), now=timezone.now())


@receives(MembershipEnded)
def give_back_what_was_booked(event: MembershipEnded) -> None:
    """What a person who belongs there no longer had booked or claimed is others' again."""
    requests.cancel_waiting(event.driver_id, now=event.at)
    emergencies.withdraw_open(event.driver_id, now=event.at)
