"""A connector at a charge point that is there, and limits with a lease for the car on it."""

from datetime import datetime, timedelta
from uuid import uuid4

from chargers.domain.limits import limits
from chargers.domain.orders import delivery
from chargers.enums import CommandState, OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from evbalancer.common.units import PhaseMilliamps
from tests.factories.chargers import SessionFactory


def lease_to(connector: Connector, now: datetime) -> Connector:
    """Of 32 A, at a charge point that is there; its make ends leases, and its fallback of 6 A does not wait."""
    make = Make.objects.create(vendor="V", model="M", honours_duration=True, honours_relative=False)
    ChargePoint.objects.update(
        make=make, ocpp_version=OcppVersion.V16, connection_id=uuid4(), connected_at=now,
        online_until=now + timedelta(hours=1),
    )  # fmt: skip
    Connector.objects.update(fallback_ma=6_000, chosen_fallback_ma=6_000, in_transaction=True)
    return read(connector)


def charge_at(connector: Connector, now: datetime) -> Session:
    return SessionFactory(
        connector=connector, plugged_at=now, started_at=now, state=SessionState.ACTIVE, transaction_id=7
    )


def queue_lease(
    connector: Connector, session: Session, limit_ma: int, *, at: datetime, lease_s: float = 120.0
) -> ChargerCommand:
    """Queue a limit and put it on the wire."""
    end_s = at.timestamp() + lease_s
    command = limits.queue_limit(read(connector), session, limit_ma=limit_ma, end_s=end_s, now=at)
    send(connector, at)
    return command


def send(connector: Connector, at: datetime) -> None:
    """Put all of its commands on the wire."""
    socket = ChargePoint.objects.get(pk=connector.charge_point_id).connection_id
    while delivery.claim_all({socket: connector.charge_point_id}, now=at):
        pass


def answer(command: ChargerCommand, state: CommandState, at: datetime) -> None:
    assert delivery.record_answer(command.pk, state=state, now=at)


def read(connector: Connector) -> Connector:
    return Connector.objects.select_related("charge_point__make", "charge_point__cluster").get(
        pk=connector.pk
    )


def reserved_ma(connector: Connector, at: datetime) -> PhaseMilliamps:
    return limits.reservation_ma(read(connector), now=at)


def all_of(ma: int) -> PhaseMilliamps:
    return PhaseMilliamps(ma, ma, ma)
