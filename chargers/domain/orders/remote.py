"""Starting and stopping from afar: the right to do so, the command to the charger, and the audit."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction

from chargers.domain import presence
from chargers.domain.access.judging import check_open
from chargers.domain.orders.commands import queue_command
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargerCommand, Connector, Session
from chargers.models.session import OPEN_STATES
from chargers.orders.charging import RemoteStart, RemoteStop
from drivers.domain.belonging import check_belongs
from drivers.domain.drivers import app_token, is_suspended
from drivers.errors import Suspended
from drivers.models import Driver, IdTag
from evbalancer.common.errors import DomainError
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor, record_entry
from grid.domain.local_time import on_the_clock


class ChargerOffline(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "charger_offline"
    title: ClassVar[str] = "The charger can't be reached"


class ConnectorBusy(DomainError):  # noqa: N818
    code: ClassVar[str] = "connector_busy"
    title: ClassVar[str] = "The connector can't be used now"


class NothingToStop(DomainError):  # noqa: N818
    code: ClassVar[str] = "nothing_to_stop"
    title: ClassVar[str] = "Nothing is charging there"


@transaction.atomic
def start_remotely(connector: Connector, driver: Driver, *, actor: Actor, now: datetime) -> ChargerCommand:
    """Ask the charger to start a transaction for the driver.

    Raises NotADriver, Suspended, SpaceClosed, ChargerOffline and ConnectorBusy.
    """
    check_belongs(driver)
    if driver.suspended_until is not None and is_suspended(driver, now=now):
        until = on_the_clock(driver.suspended_until, driver.community)
        raise Suspended(Said("suspension.begun", {"until_moment": until}))
    check_open(connector.pk, driver, at=now)
    _reachable(connector, now=now)
    if connector.status in (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE):
        raise ConnectorBusy(Said("refusal.out_of_order"))
    session = connector.sessions.filter(state__in=OPEN_STATES).first()
    if session is not None and session.state == SessionState.ACTIVE:
        raise ConnectorBusy(Said("refusal.charging_already"))
    command = queue_command(
        connector.charge_point,
        RemoteStart(id_tag=_token(connector, driver, now=now)),
        by=actor,
        now=now,
        connector=connector,
    )
    record_entry(
        actor=actor,
        action="charger.remote_start",
        target=connector,
        now=now,
        after={"driver_id": str(driver.pk)},
    )
    return command


@transaction.atomic
def stop_remotely(session: Session, *, actor: Actor, now: datetime) -> ChargerCommand:
    """Ask the charger to end a transaction. Raises NothingToStop and ChargerOffline."""
    if session.state != SessionState.ACTIVE:
        raise NothingToStop(Said("refusal.transaction_over"))
    connector = session.connector
    _reachable(connector, now=now)
    command = queue_command(
        connector.charge_point,
        RemoteStop(transaction_id=session.transaction_id, transaction_uid=session.transaction_uid),
        by=actor,
        now=now,
        connector=connector,
        session=session,
    )
    record_entry(
        actor=actor,
        action="charger.remote_stop",
        target=connector,
        now=now,
        before={"session_id": str(session.pk)},
    )
    return command


def _token(connector: Connector, driver: Driver, *, now: datetime) -> str:
    """The card that the charger keeps the connector for, if it is one of the driver's; else the app's."""
    kept = ChargerCommand.objects.filter(
        connector=connector, kind=CommandKind.RESERVE, state=CommandState.ACCEPTED, expires_at__gt=now
    ).order_by("-queued_at")
    token = (kept.values_list("arguments", flat=True).first() or {}).get("id_tag", "")
    if token and IdTag.objects.filter(driver=driver, token=token, blocked_at=None).exists():
        return str(token)
    return app_token(driver)


def _reachable(connector: Connector, *, now: datetime) -> None:
    if not presence.is_online(connector.charge_point, now=now):
        raise ChargerOffline(Said("refusal.charger_offline"))
