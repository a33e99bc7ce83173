"""A driver's consent at Smartcar: begun, finished, kept fresh, and ended. Tokens leave this file for the gateway only."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models import Q

from drivers.models import Driver, User
from evbalancer.common.encryption import decrypt, encrypt, rotate
from fleet.domain import vehicles
from fleet.enums import ConnectionState
from fleet.errors import ConnectRefused, ProviderUnavailable, ReconnectNeeded
from fleet.models import ConnectState, SmartcarConnection, Vehicle
from fleet.smartcar.gateway import CarInfo, ConsentGoneError, Gateway, GatewayError, Tokens
from grid.domain.audit import SYSTEM, Actor, record

STATE_LASTS = timedelta(minutes=10)
# Renewed this long before the end, so that a call never starts with a token that ends under way.
EARLY = timedelta(minutes=15)
LEASE = timedelta(seconds=20)
LOOK_AGAIN_S = 0.1
CHUNK = 100
SALT = "fleet.smartcar.connect"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the secret it must bring back in a cookie."""

    url: str
    nonce: str = field(repr=False)


def begin(driver: Driver, user: User, gateway: Gateway, *, now: datetime, make: str = "") -> Begun:
    """Open one Connect flow: a signed state, used once, for ten minutes, for this browser (C7)."""
    nonce = secrets.token_urlsafe(32)
    ConnectState.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    row = ConnectState.objects.create(
        driver=driver,
        user=user,
        nonce_digest=_digest(nonce),
        expires_at=now + STATE_LASTS,
    )
    return Begun(gateway.connect_url(signing.Signer(salt=SALT).sign(str(row.pk)), make=make), nonce)


def use_state(state: str, nonce: str, *, user: User | None, now: datetime) -> ConnectState:
    """The flow that comes back, now used up. Raises ConnectRefused; the provider has not been asked then."""
    try:
        pk = signing.Signer(salt=SALT).unsign(state)
    except signing.BadSignature as error:
        raise ConnectRefused("The link is not one of ours. Start again.") from error
    row = ConnectState.objects.select_related("driver__community", "user").filter(pk=pk).first()
    if row is None or row.expires_at <= now:
        raise ConnectRefused("This took longer than ten minutes. Start again.")
    if not nonce or not secrets.compare_digest(row.nonce_digest, _digest(nonce)):
        raise ConnectRefused("This was begun in another browser. Start again in this one.")
    if user is not None and user.pk != row.user_id:
        raise ConnectRefused("This was begun by somebody else. Sign in again and start anew.")
    if not row.user.is_active:
        raise ConnectRefused("This account is not active any more.")
    if not ConnectState.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
        raise ConnectRefused("This link was used already. Start again.")
    return row


def finish(begun: ConnectState, code: str, gateway: Gateway, *, now: datetime) -> SmartcarConnection:
    """Exchange the code, store the consent and the cars it covers. Raises ConnectRefused and ProviderUnavailable."""
    try:
        tokens = gateway.exchange_code(code, now=now)
        user_id = gateway.user_id(tokens.access_token)
        scopes = gateway.scopes(tokens.access_token)
        cars = gateway.cars(tokens.access_token)
    except ConsentGoneError as error:
        raise ConnectRefused("Smartcar did not accept the code. Start again.") from error
    except GatewayError as error:
        raise ProviderUnavailable("Smartcar did not answer. Try again in a few minutes.") from error
    return _store(begun.driver, tokens, user_id, scopes, cars, now=now)


def access_token(connection_id: UUID, gateway: Gateway, *, now: datetime) -> str:
    """A token that is valid for a while yet, refreshed when needed. Of many at once one asks the provider (C2).

    Raises ReconnectNeeded when the consent is over, ProviderUnavailable when it can't be told now.
    """
    waited_until = time.monotonic() + LEASE.total_seconds() + 1
    while True:
        connection = SmartcarConnection.objects.get(pk=connection_id)
        if connection.state != ConnectionState.CONNECTED:
            raise ReconnectNeeded("Connect the car again.")
        if connection.access_expires_at is not None and connection.access_expires_at > now + EARLY:
            return decrypt(connection.access_token_encrypted)
        if _take_lease(connection_id):
            return _refresh(connection_id, gateway, now=now)
        if time.monotonic() > waited_until:
            raise ProviderUnavailable("Somebody else has been renewing the token for too long.")
        time.sleep(LOOK_AGAIN_S)


def refresh_due(gateway: Gateway, *, now: datetime) -> int:
    """Renew what ends soon. One that fails keeps no other waiting. Returns how many were renewed."""
    due = SmartcarConnection.objects.filter(
        state=ConnectionState.CONNECTED, access_expires_at__lt=now + EARLY
    )
    renewed = 0
    for pk in due.values_list("pk", flat=True):
        try:
            access_token(pk, gateway, now=now)
        except (ReconnectNeeded, ProviderUnavailable):
            continue
        renewed += 1
    return renewed


def disconnect(connection: SmartcarConnection, gateway: Gateway, *, by: User, now: datetime) -> None:
    """End the consent at the provider as far as it answers, and wipe the tokens in any case (C11)."""
    cars = list(Vehicle.objects.filter(connection=connection).exclude(smartcar_id=""))
    for car in cars:
        try:
            gateway.disconnect(access_token(connection.pk, gateway, now=now), car.smartcar_id)
        except (GatewayError, ReconnectNeeded, ProviderUnavailable):
            break
    with transaction.atomic():
        _end(connection.pk, ConnectionState.DISCONNECTED, actor=Actor.of_user(by), now=now)
        Vehicle.objects.filter(connection=connection).update(connection=None, smartcar_id="")
    connection.refresh_from_db()


def rotate_keys() -> int:
    """Re-encrypt every stored token under the first key. Safe to run again after a crash. Raises KeyMissing."""
    rotated, last = 0, UUID(int=0)
    while True:
        with transaction.atomic():
            # Locked, so that a refresh in between is not overwritten with the tokens it has replaced.
            rows = list(
                SmartcarConnection.objects.select_for_update()
                .filter(pk__gt=last)
                .exclude(refresh_token_encrypted="")
                .order_by("pk")[:CHUNK],
            )
            for row in rows:
                row.refresh_token_encrypted = rotate(row.refresh_token_encrypted)
                if row.access_token_encrypted:
                    row.access_token_encrypted = rotate(row.access_token_encrypted)
            SmartcarConnection.objects.bulk_update(
                rows, ["access_token_encrypted", "refresh_token_encrypted"]
            )
        if not rows:
            return rotated
        rotated, last = rotated + len(rows), rows[-1].pk


@transaction.atomic
def _store(
    driver: Driver,
    tokens: Tokens,
    user_id: str,
    scopes: list[str],
    cars: list[CarInfo],
    *,
    now: datetime,
) -> SmartcarConnection:
    connection, created = SmartcarConnection.objects.update_or_create(
        driver=driver,
        smartcar_user_id=user_id,
        defaults={
            "community_id": driver.community_id,
            "state": ConnectionState.CONNECTED,
            "state_since": now,
            "scopes": scopes,
            **_encrypted(tokens, now=now),
        },
    )
    for car in cars:
        vehicles.adopt(driver, connection, car)
    actor = Actor.of_user(driver.user) if driver.user is not None else SYSTEM
    record(
        actor=actor,
        action="smartcar.connected" if created else "smartcar.reconnected",
        target=connection,
        now=now,
        after={"scopes": scopes, "cars": len(cars)},
    )
    return connection


def _take_lease(connection_id: UUID) -> bool:
    # Real time: the lease is about who works now, whatever moment the caller plans for.
    real = datetime.now(UTC)
    free = Q(refreshing_until=None) | Q(refreshing_until__lt=real)
    rows = SmartcarConnection.objects.filter(free, pk=connection_id, state=ConnectionState.CONNECTED)
    return bool(rows.update(refreshing_until=real + LEASE))


def _refresh(connection_id: UUID, gateway: Gateway, *, now: datetime) -> str:
    """The holder of the lease asks. A crash before the commit leaves the old token, which works for a minute more."""
    connection = SmartcarConnection.objects.get(pk=connection_id)
    if connection.access_expires_at is not None and connection.access_expires_at > now + EARLY:
        _drop_lease(connection_id)
        return decrypt(connection.access_token_encrypted)
    try:
        tokens = gateway.refresh(decrypt(connection.refresh_token_encrypted), now=now)
    except ConsentGoneError as error:
        with transaction.atomic():
            _end(connection_id, ConnectionState.RECONNECT_NEEDED, actor=SYSTEM, now=now)
        raise ReconnectNeeded("Connect the car again.") from error
    except GatewayError as error:
        _drop_lease(connection_id)
        raise ProviderUnavailable("The token could not be renewed now.") from error
    SmartcarConnection.objects.filter(pk=connection_id, state=ConnectionState.CONNECTED).update(
        refreshing_until=None,
        **_encrypted(tokens, now=now),
    )
    return tokens.access_token


def _drop_lease(connection_id: UUID) -> None:
    SmartcarConnection.objects.filter(pk=connection_id).update(refreshing_until=None)


def _end(connection_id: UUID, state: ConnectionState, *, actor: Actor, now: datetime) -> None:
    connection = SmartcarConnection.objects.get(pk=connection_id)
    was = connection.state
    SmartcarConnection.objects.filter(pk=connection_id).update(
        state=state,
        state_since=now,
        access_token_encrypted="",
        refresh_token_encrypted="",
        access_expires_at=None,
        refresh_expires_at=None,
        refreshing_until=None,
    )
    record(
        actor=actor,
        action=f"smartcar.{state.value}",
        target=connection,
        now=now,
        before={"state": was},
        after={"state": state.value},
    )


def _encrypted(tokens: Tokens, *, now: datetime) -> dict[str, Any]:
    return {
        "access_token_encrypted": encrypt(tokens.access_token),
        "access_expires_at": tokens.access_expires_at,
        "refresh_token_encrypted": encrypt(tokens.refresh_token),
        "refresh_expires_at": tokens.refresh_expires_at,
        "refreshed_at": now,
    }


def _digest(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
