"""A driver's consent at Smartcar: kept fresh, and ended. Tokens leave this file for the gateway only."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from drivers.models import User
from evbalancer.common.loops import for_each
from evbalancer.common.security.encryption import decrypt, encrypt
from evbalancer.common.words.said import Said
from fleet.domain import erasing, vehicles
from fleet.enums import ConnectionState
from fleet.errors import ProviderUnavailable, ReconnectNeeded
from fleet.models import SmartcarConnection, Vehicle
from fleet.smartcar.gateway import Access, Cause, ConsentGoneError, Gateway, GatewayError, Tokens
from grid.domain.audit import SYSTEM, Actor, record_entry

logger = logging.getLogger(__name__)

# Renewed this long before the end, so that a call never starts with a token that ends under way.
EARLY = timedelta(minutes=15)
LEASE = timedelta(seconds=20)
LOOK_AGAIN_S = 0.1
LONGEST_ROUND_S = 120.0
KEEP_TRYING = timedelta(days=1)
TOKEN_FIELDS = (
    "access_token_encrypted",
    "refresh_token_encrypted",
    "access_expires_at",
    "refresh_expires_at",
    "refreshing_until",
    "to_revoke",
)


def get_access(connection_id: UUID, gateway: Gateway, *, now: datetime, ending: bool = False) -> Access:
    """A token that stays valid for a while. Of many callers at once, one asks the provider for a new one (C2).

    1. Read the connection, and refuse when the consent is over.
    2. Return the stored token if it is fresh.
    3. Take the lease and refresh the token. The database gives the lease to one caller only.
    4. Wait for the holder of the lease, and look again; give up after the lease's length.

    Raises ReconnectNeeded when the consent is over, ProviderUnavailable when nobody can find out now. `ending`: for telling the
    provider that it is over.
    """
    usable = ConnectionState.DISCONNECTING if ending else ConnectionState.CONNECTED
    waited_until = time.monotonic() + LEASE.total_seconds() + 1
    while True:
        # 1.
        connection = SmartcarConnection.objects.get(pk=connection_id)
        if connection.state != usable:
            raise ReconnectNeeded(Said("refusal.connect_again"))
        # 2.
        if _is_fresh(connection, now=now):
            return _held(connection)
        # 3.
        if _take_lease(connection_id, usable):
            return _refresh(connection_id, gateway, now=now)
        # 4.
        if time.monotonic() > waited_until:
            raise ProviderUnavailable(Said("refusal.token_in_renewal"))
        time.sleep(LOOK_AGAIN_S)


def refresh_due(gateway: Gateway, *, now: datetime) -> int:
    """Renew what ends soon. One that fails keeps no other waiting. Returns how many were renewed."""
    due = SmartcarConnection.objects.filter(
        state=ConnectionState.CONNECTED, access_expires_at__lt=now + EARLY
    )

    def renew(pk: UUID) -> bool:
        try:
            get_access(pk, gateway, now=now)
        except (ReconnectNeeded, ProviderUnavailable):
            return False
        return True

    return for_each(due.values_list("pk", flat=True), renew, what="Connection", longest_s=LONGEST_ROUND_S)


def distrust_access(connection_id: UUID, refused: Access) -> None:
    """The provider does not accept this token any more: the next call gets a new one, whatever its age."""
    connection = SmartcarConnection.objects.get(pk=connection_id)
    if connection.access_token_encrypted and decrypt(connection.access_token_encrypted) == refused.token:
        SmartcarConnection.objects.filter(
            pk=connection_id, access_token_encrypted=connection.access_token_encrypted
        ).update(access_expires_at=connection.refreshed_at)


def disconnect_consent(connection: SmartcarConnection, gateway: Gateway, *, by: User, now: datetime) -> None:
    """End the consent at the provider, and wipe the tokens (C11).

    The cars are ours no longer from now on. Where the provider does not answer, the tokens are kept for nothing but telling it,
    for a day at most.
    """
    with transaction.atomic():
        _move(connection, ConnectionState.DISCONNECTING, actor=Actor.of_user(by), now=now)
        told = list(Vehicle.objects.filter(connection=connection).exclude(smartcar_id=""))
        ids = [car.smartcar_id for car in told] + [car["smartcar_id"] for car in connection.offered]
        connection.to_revoke, connection.offered = ids, []
        connection.save(update_fields=["to_revoke", "offered"])
        Vehicle.objects.filter(connection=connection).update(
            connection=None, smartcar_id="", is_here=None, here_at=None
        )
    revoke_consent(connection, gateway, now=now)


def revoke_consent(connection: SmartcarConnection, gateway: Gateway, *, now: datetime) -> bool:
    """Tell the provider of the end, unless it knows; then, or when a day of trying is over, wipe the tokens."""
    left = list(connection.to_revoke)
    try:
        for smartcar_id in connection.to_revoke:
            gateway.disconnect(get_access(connection.pk, gateway, now=now, ending=True), smartcar_id)
            left.remove(smartcar_id)
    except GatewayError as error:
        if error.cause in (Cause.TOKEN, Cause.PERMISSION):
            left = []  # It knows nothing of us any more.
    except ReconnectNeeded:
        left = []
    except ProviderUnavailable:
        pass
    if left and now - connection.state_since < KEEP_TRYING:
        SmartcarConnection.objects.filter(pk=connection.pk).update(to_revoke=left)
        return False
    with transaction.atomic():
        _wipe(connection, ConnectionState.DISCONNECTED, actor=SYSTEM, now=now)
        if connection.driver.retired_at is not None:
            # It may have been kept for this beyond the end of the driver's account.
            erasing.forget_consent(connection)
    return True


def finish_disconnecting(gateway: Gateway, *, now: datetime) -> int:
    """Try again where the provider did not answer. Returns how many are done."""
    rows = SmartcarConnection.objects.filter(state=ConnectionState.DISCONNECTING)
    return for_each(
        rows,
        lambda each: revoke_consent(each, gateway, now=now),
        what="Connection",
        longest_s=LONGEST_ROUND_S,
    )


def release_car(vehicle: Vehicle, gateway: Gateway, *, by: User, now: datetime) -> None:
    """The driver takes the car away: with the last car of a consent the consent ends."""
    connection, smartcar_id = vehicle.connection, vehicle.smartcar_id
    vehicles.retire_vehicle(vehicle, now=now)
    if connection is None or connection.state != ConnectionState.CONNECTED:
        return
    others = Vehicle.objects.filter(connection=connection, retired_at=None).exists()
    if not others:
        connection.offered = [*connection.offered, {"smartcar_id": smartcar_id}]
        connection.save(update_fields=["offered"])
        disconnect_consent(connection, gateway, by=by, now=now)
        return
    try:
        gateway.disconnect(get_access(connection.pk, gateway, now=now), smartcar_id)
    except (GatewayError, ReconnectNeeded, ProviderUnavailable) as error:
        logger.warning("Vehicle %s is still known to the provider: %s", vehicle.pk, error)


def _is_fresh(connection: SmartcarConnection, *, now: datetime) -> bool:
    return connection.access_expires_at is not None and connection.access_expires_at > now + EARLY


def _held(connection: SmartcarConnection) -> Access:
    return Access(decrypt(connection.access_token_encrypted), connection.smartcar_user_id)


def _take_lease(connection_id: UUID, state: ConnectionState) -> bool:
    # Real time: the lease is about work that happens now, for any moment that the caller plans for.
    real = datetime.now(UTC)
    free = Q(refreshing_until=None) | Q(refreshing_until__lt=real)
    rows = SmartcarConnection.objects.filter(free, pk=connection_id, state=state)
    return bool(rows.update(refreshing_until=real + LEASE))


def _refresh(connection_id: UUID, gateway: Gateway, *, now: datetime) -> Access:
    """Called by the holder of the lease. A crash before step 4 leaves the old token, which works for a minute more.

    1. Read again: the holder before may have refreshed it.
    2. Ask the provider for a new pair of tokens.
    3. Without an answer drop the lease; without a consent wipe the tokens as well.
    4. Store the new pair and drop the lease, in one statement.
    """
    # 1.
    connection = SmartcarConnection.objects.get(pk=connection_id)
    if _is_fresh(connection, now=now):
        _drop_lease(connection_id)
        return _held(connection)
    # 2.
    try:
        tokens = gateway.refresh(decrypt(connection.refresh_token_encrypted), now=now)
    # 3.
    except ConsentGoneError as error:
        with transaction.atomic():
            _wipe(connection, ConnectionState.RECONNECT_NEEDED, actor=SYSTEM, now=now)
        raise ReconnectNeeded(Said("refusal.connect_again")) from error
    except GatewayError as error:
        _drop_lease(connection_id)
        raise ProviderUnavailable(Said("refusal.token_not_renewed")) from error
    # 4.
    SmartcarConnection.objects.filter(pk=connection_id, state=connection.state).update(
        refreshing_until=None,
        **encrypt_tokens(tokens, now=now),
    )
    return Access(tokens.access_token, connection.smartcar_user_id)


def _drop_lease(connection_id: UUID) -> None:
    SmartcarConnection.objects.filter(pk=connection_id).update(refreshing_until=None)


def _move(
    connection: SmartcarConnection,
    to: ConnectionState,
    *,
    actor: Actor,
    now: datetime,
    and_save: tuple[str, ...] = (),
) -> None:
    was, connection.state, connection.state_since = connection.state, to, now
    connection.save(update_fields=["state", "state_since", *and_save])
    record_entry(
        actor=actor,
        action=f"smartcar.{to.value}",
        target=connection,
        now=now,
        before={"state": was},
        after={"state": to.value},
    )


def _wipe(connection: SmartcarConnection, to: ConnectionState, *, actor: Actor, now: datetime) -> None:
    connection.access_token_encrypted = connection.refresh_token_encrypted = ""
    connection.access_expires_at = connection.refresh_expires_at = connection.refreshing_until = None
    connection.to_revoke = []
    # One statement: a row that is connected must have a token, and one that is not must have none.
    _move(connection, to, actor=actor, now=now, and_save=TOKEN_FIELDS)


def encrypt_tokens(tokens: Tokens, *, now: datetime) -> dict[str, Any]:
    """The columns of a pair, readable with our keys only."""
    return {
        "access_token_encrypted": encrypt(tokens.access_token),
        "access_expires_at": tokens.access_expires_at,
        "refresh_token_encrypted": encrypt(tokens.refresh_token),
        "refresh_expires_at": tokens.refresh_expires_at,
        "refreshed_at": now,
    }
