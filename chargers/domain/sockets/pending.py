"""Charge points that nobody knows yet: held while a person decides, where a setting allows it.

With `OCPP_HOLD_UNKNOWN` off (the default) nothing here is reached by a handshake, and unknown and wrong look alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from chargers.domain.orders import commands
from chargers.domain.sockets import keys
from chargers.domain.stations import stations
from chargers.domain.stations.stations import NewConnector
from chargers.enums import OcppVersion, Registration
from chargers.models import ChargePoint, PendingChargePoint
from chargers.models.charge_point import IDENTITY
from chargers.reports.sockets import Handshake, Stranger, StrangerBoot, StrangerOutcome
from evbalancer.common import topics
from evbalancer.common.errors import StateMoved
from evbalancer.common.words.inputs import REASON_FOR_TRAIL
from grid.domain import audit
from grid.models import Community

MOST = 200
MOST_PER_ADDRESS = 20
LAPSES_AFTER = timedelta(days=7)
# Also how soon one that was accepted comes in at the latest: news of the decision may get lost.
BOOT_EVERY_S = 30
# The charge point may be in reach only days after somebody accepted it.
NEW_KEY_WITHIN_S = 7 * 86_400


def admit_stranger(handshake: Handshake, *, now: datetime) -> Stranger | None:
    """Let a stranger wait; None when it may not, which looks like any refusal."""
    version = handshake.preferred
    if not settings.OCPP_HOLD_UNKNOWN or version is None or handshake.password == b"":
        return None
    try:
        IDENTITY(handshake.identity)
    except ValidationError:
        return None
    if ChargePoint.objects.filter(identity=handshake.identity).exists():
        return None  # retired, and its name is still taken
    row = PendingChargePoint.objects.filter(identity=handshake.identity).first()
    if row is None:
        return _first_seen(handshake, version, now=now)
    if row.blocked_at is not None or not _is_same(row, handshake):
        return None
    PendingChargePoint.objects.filter(pk=row.pk).update(
        address=handshake.address, ocpp_version=version, last_seen_at=now
    )
    return Stranger(row.pk, handshake.connection_id, version)


def take_stranger_boot(report: StrangerBoot) -> StrangerOutcome:
    """Keep what it says it is. `is_over`: it was decided meanwhile, so it has to connect again."""
    moved = PendingChargePoint.objects.filter(pk=report.pending_id, blocked_at=None).update(
        vendor=report.vendor,
        model=report.model,
        serial_number=report.serial_number,
        firmware_version=report.firmware_version,
        last_seen_at=report.received_at,
    )
    if moved:
        return StrangerOutcome(Registration.PENDING, BOOT_EVERY_S)
    is_blocked = PendingChargePoint.objects.filter(pk=report.pending_id).exists()
    return StrangerOutcome(
        Registration.REJECTED if is_blocked else Registration.PENDING, BOOT_EVERY_S, is_over=True
    )


@dataclass(frozen=True, slots=True)
class Accepted:
    """`key` is shown once, and only when the charge point offered none that it could stay with."""

    charge_point: ChargePoint
    key: str | None


@transaction.atomic
def accept_pending(
    pending: PendingChargePoint,
    *,
    name: str,
    connectors: Sequence[NewConnector],
    actor: audit.Actor,
    now: datetime,
) -> Accepted:
    """Make a charge point of a waiting stranger.

    1. Lock the row, so that it is decided once.
    2. Store the charge point with its connectors.
    3. Issue a key if it offered none. A short password lets it in once more, to receive a long key.
    4. Record the decision.
    5. Have its socket closed, so that it connects again at once, and delete the waiting row.

    Raises StateMoved when it was decided meanwhile, InvalidInput when it does not fit.
    """
    # 1.
    row = (
        PendingChargePoint.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=pending.pk, blocked_at=None)
        .first()
    )
    if row is None:
        raise StateMoved(gettext("It has been decided in the meantime."))
    # 2.
    charge_point = stations.add_charge_point(
        ChargePoint(
            identity=row.identity,
            name=name or row.identity,
            key_hash=row.key_hash,
            ocpp_version=row.ocpp_version,
            vendor=row.vendor,
            model=row.model,
            serial_number=row.serial_number,
        ),
        connectors,
    )
    # 3.
    key = None
    if not row.key_hash:
        key = keys.issue_key(charge_point, actor=actor, now=now)
    elif not row.has_long_key:
        keys.send_next_key(charge_point, actor=actor, now=now, within_s=NEW_KEY_WITHIN_S)
    # 4.
    audit.record_entry(
        actor=actor, action="charge_point.accepted", target=charge_point, now=now,
        after={"address": row.address, "first_seen_at": row.first_seen_at, "serial_number": row.serial_number},
    )  # fmt: skip
    # 5. Another process may hold the socket.
    topics.tell(commands.CHARGERS_TOPIC, "decided", pending_id=str(row.pk))
    row.delete()
    return Accepted(charge_point, key)


@transaction.atomic
def block_pending(pending: PendingChargePoint, *, actor: audit.Actor, reason: str, now: datetime) -> None:
    """Refuse it from now on, with any credentials. Raises InvalidInput without a reason, and StateMoved."""
    REASON_FOR_TRAIL.check("reason", reason)
    if not PendingChargePoint.objects.filter(pk=pending.pk, blocked_at=None).update(blocked_at=now):
        raise StateMoved(gettext("It has been decided in the meantime."))
    audit.record_entry(actor=actor, action="pending.blocked", target=pending, now=now, reason=reason)


@transaction.atomic
def forget_pending(pending: PendingChargePoint, *, actor: audit.Actor, reason: str, now: datetime) -> None:
    """It is removed as if it had never connected, and it may connect again."""
    audit.record_entry(actor=actor, action="pending.forgotten", target=pending, now=now, reason=reason)
    PendingChargePoint.objects.filter(pk=pending.pk).delete()


def forget_lapsed(*, now: datetime) -> int:
    """Those that nobody decided about and that stay away; returns how many."""
    lapsed = PendingChargePoint.objects.filter(blocked_at=None, last_seen_at__lt=now - LAPSES_AFTER)
    return lapsed.delete()[0]


def _first_seen(handshake: Handshake, version: OcppVersion, *, now: datetime) -> Stranger | None:
    waiting = PendingChargePoint.objects.filter(blocked_at=None)
    if waiting.count() >= MOST or waiting.filter(address=handshake.address).count() >= MOST_PER_ADDRESS:
        return None
    password = handshake.password
    try:
        with transaction.atomic():
            row = PendingChargePoint.objects.create(
                community=Community.objects.filter(slug=settings.OCPP_HOLD_FOR, retired_at=None).first(),
                identity=handshake.identity,
                address=handshake.address,
                key_hash="" if password is None else keys.hash_key(password),
                has_long_key=password is not None and keys.is_long(password),
                ocpp_version=version,
                first_seen_at=now,
                last_seen_at=now,
            )
    except IntegrityError:
        return None  # it knocked at two processes at once; it will knock again
    return Stranger(row.pk, handshake.connection_id, version)


def _is_same(row: PendingChargePoint, handshake: Handshake) -> bool:
    """Whether this is the device that waits: by its password, or without one by its address."""
    if handshake.password is None or not row.key_hash:
        return handshake.password is None and not row.key_hash and row.address == handshake.address
    return keys.match_key(handshake.password, key_hash=row.key_hash)[0]
