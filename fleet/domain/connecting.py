"""Smartcar Connect: a consent begun, brought back, and the cars of it chosen (C7)."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction

from drivers.models import Driver, User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.digests import digest
from evbalancer.common.words.said import Said
from fleet.domain import budget, connections, vehicles
from fleet.enums import ConnectionState
from fleet.errors import ConnectRefused, ProviderUnavailable
from fleet.models import ConnectState, SmartcarConnection, Vehicle
from fleet.smartcar.gateway import Access, CarInfo, Consent, ConsentGoneError, Gateway, GatewayError
from grid.domain.audit import SYSTEM, Actor, record_entry

STATE_LASTS = timedelta(minutes=10)
SALT = "fleet.smartcar.connect"
# Of the user, of the list of cars and of the permissions; one more for each car.
CALLS_TO_FINISH = 4


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the secret it must bring back in a cookie."""

    url: str
    nonce: str = field(repr=False)


def begin_flow(
    driver: Driver,
    user: User,
    gateway: Gateway,
    *,
    now: datetime,
    make: str = "",
    with_location: bool = False,
) -> Begun:
    """Open one Connect flow: a signed state, used once, for ten minutes, for this browser (C7)."""
    nonce = secrets.token_urlsafe(32)
    ConnectState.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    row = ConnectState.objects.create(
        driver=driver,
        user=user,
        nonce_digest=digest(nonce),
        expires_at=now + STATE_LASTS,
    )
    state = signing.Signer(salt=SALT).sign(str(row.pk))
    return Begun(gateway.connect_url(state, make=make, with_location=with_location), nonce)


def use_state(state: str, nonce: str, *, user: User | None, now: datetime) -> ConnectState:
    """The flow that comes back, now used up. Raises ConnectRefused; the provider has not been asked then."""
    try:
        pk = signing.Signer(salt=SALT).unsign(state)
    except signing.BadSignature as error:
        raise ConnectRefused(Said("refusal.link_not_valid")) from error
    row = ConnectState.objects.select_related("driver__community", "user").filter(pk=pk).first()
    if row is None or row.expires_at <= now:
        raise ConnectRefused(Said("refusal.link_too_old"))
    if not nonce or not secrets.compare_digest(row.nonce_digest, digest(nonce)):
        raise ConnectRefused(Said("refusal.another_browser"))
    if user is not None and user.pk != row.user_id:
        raise ConnectRefused(Said("refusal.another_person"))
    if not row.user.is_active:
        raise ConnectRefused(Said("refusal.account_not_active"))
    if not ConnectState.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
        raise ConnectRefused(Said("refusal.link_used"))
    return row


def finish_flow(
    begun: ConnectState, brought: Mapping[str, str], gateway: Gateway, *, now: datetime
) -> SmartcarConnection:
    """Redeem what Connect brought back and store the consent. A single car of it is linked; among several the driver has to
    choose. Raises ConnectRefused and ProviderUnavailable.
    """
    try:
        consent = gateway.redeem(brought, now=now)
        _refuse_somebody_elses(consent, begun.user)
        access = Access(consent.tokens.access_token, consent.user_id)
        scopes, cars = gateway.scopes(access), gateway.cars(access)
    except ConsentGoneError as error:
        raise ConnectRefused(Said("refusal.consent_unknown")) from error
    except GatewayError as error:
        raise ProviderUnavailable(Said("refusal.smartcar_silent")) from error
    finally:
        budget.take_for_connecting(CALLS_TO_FINISH, now=now)
    budget.take_for_connecting(len(cars), now=now)
    return _store(begun.driver, consent, scopes, cars, now=now)


def _refuse_somebody_elses(consent: Consent, user: User) -> None:
    """A user's id in an address is no proof: cars that somebody else has linked here can't be had by naming their id (C1)."""
    if consent.is_proven:
        return
    rows = SmartcarConnection.objects.filter(smartcar_user_id=consent.user_id)
    others = rows.exclude(state=ConnectionState.DISCONNECTED).exclude(driver__user=user)
    if others.exists():
        raise ConnectRefused(Said("refusal.cars_of_another"))


@transaction.atomic
def choose_cars(
    connection: SmartcarConnection, smartcar_ids: Collection[str], *, by: User, now: datetime
) -> list[Vehicle]:
    """Link the cars that the driver picks of those the consent covers. Raises InvalidInput for any other."""
    offered = {car["smartcar_id"]: CarInfo(**car) for car in connection.offered}
    if not smartcar_ids or not set(smartcar_ids) <= offered.keys():
        raise InvalidInput("smartcar_ids", Said("refusal.choose_offered_car"))
    picked = [offered[smartcar_id] for smartcar_id in dict.fromkeys(smartcar_ids)]
    linked = [vehicles.adopt_vehicle(connection.driver, connection, car) for car in picked]
    connection.offered = []
    connection.save(update_fields=["offered"])
    record_entry(
        actor=Actor.of_user(by),
        action="smartcar.cars_chosen",
        target=connection,
        now=now,
        after={"cars": len(picked)},
    )
    return [car for car in linked if car is not None]


@transaction.atomic
def _store(
    driver: Driver,
    consent: Consent,
    scopes: list[str],
    cars: list[CarInfo],
    *,
    now: datetime,
) -> SmartcarConnection:
    linked = Vehicle.objects.filter(
        driver=driver, connection__smartcar_user_id=consent.user_id, retired_at=None
    ).values_list("smartcar_id", flat=True)
    new = [car for car in cars if car.smartcar_id not in set(linked)]
    connection, created = SmartcarConnection.objects.update_or_create(
        driver=driver,
        smartcar_user_id=consent.user_id,
        defaults={
            "community_id": driver.community_id,
            "state": ConnectionState.CONNECTED,
            "state_since": now,
            "scopes": scopes,
            "offered": [asdict(car) for car in new] if len(new) > 1 else [],
            **connections.encrypt_tokens(consent.tokens, now=now),
        },
    )
    if len(new) == 1:
        vehicles.adopt_vehicle(driver, connection, new[0])
    record_entry(
        actor=Actor.of_user(driver.user) if driver.user is not None else SYSTEM,
        action="smartcar.connected" if created else "smartcar.reconnected",
        target=connection,
        now=now,
        after={"scopes": scopes, "cars": len(cars)},
    )
    return connection
