"""A driver's own data: all of it on request, and its end on request. Ledgers and bills stay, without the person."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, QuerySet

from chargers.domain.sessions.erasing import forget_cards
from chargers.models import Session, SignedMeterValue
from chargers.models.session import OPEN_STATES
from drivers.domain.erasing import FORMER, erase_person
from drivers.domain.groups import find_groups
from drivers.domain.sign_in.factors import has_second_factor
from drivers.models import (
    Driver,
    IdTag,
    Invitation,
    Membership,
    Notification,
    Preference,
    PushSubscription,
    Strike,
    User,
    Webhook,
)
from evbalancer.common.errors import DomainError
from evbalancer.common.words.said import Said, plain
from evbalancer.common.words.telling import tell
from fleet.domain import connections
from fleet.domain.erasing import erase_cars
from fleet.enums import ConnectionState
from fleet.models import SmartcarConnection, Vehicle, VehicleReading
from fleet.smartcar.gateway import Gateway
from grid.domain import audit
from pricing.domain.payments.mandates import forget_mandates
from pricing.models import BillLine, LoadProfile, Mandate, PriceChoice, Statement, Waiver, WalletEntry
from scheduling.domain.booking import requests
from scheduling.domain.booking.requests import WAITING
from scheduling.models import (
    AbuseFinding,
    AlarmChannel,
    CalendarFeed,
    EmergencyRequest,
    FairnessEntry,
    Habit,
    SlotRequest,
)

# Columns that say who or where, and none that must be kept to explain a bill.
HIDDEN = {
    "token_digest",
    "key_digest",
    "secret_encrypted",
    "address_encrypted",
    "access_token_encrypted",
    "refresh_token_encrypted",
    "iban_encrypted",
}


class SessionOpen(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "session_open"
    title: ClassVar[str] = "Your car is still plugged in"


def export_data(driver: Driver, *, now: datetime) -> dict[str, Any]:
    """Everything that is stored of the driver, by kind, in plain values. Secrets are left out."""
    return {
        "exported_at": now,
        "driver": _row(driver),
        "account": _account(driver.user),
        **{name: [_row(row) for row in rows] for name, rows in _everything(driver).items()},
    }


def erase_driver(driver: Driver, gateway: Gateway, *, by: User, now: datetime) -> None:
    """Erase a driver's personal data and end the account. Rows that others' accounts rest on stay, without a name.

    1. Refuse while a car is plugged in: its session has to be billed.
    2. Revoke the consents at the provider. No rollback could take that back, so it comes before the transaction.
    3. Record the erasure, under the former driver's new name.
    4. Erase bookings and habits, cards, cars, and the person last.

    Raises SessionOpen.
    """
    # 1.
    if Session.objects.filter(driver=driver, state__in=OPEN_STATES).exists():
        raise SessionOpen(Said("refusal.unplug_first"))
    # 2.
    for consent in SmartcarConnection.objects.filter(driver=driver, state=ConnectionState.CONNECTED):
        connections.disconnect_consent(consent, gateway, by=by, now=now)
    with transaction.atomic():
        # 3.
        audit.record_entry(
            actor=audit.Actor.of_user(by),
            action="driver.erased",
            target=Driver(pk=driver.pk, community_id=driver.community_id, name=FORMER),
            now=now,
        )
        # 4.
        _erase_rows(driver, now=now)
        forget_cards(driver)
        erase_cars(driver, now=now)
        forget_mandates(driver, now=now)
        erase_person(driver, now=now)
        AlarmChannel.objects.filter(user=driver.user_id, user__is_active=False).delete()


def _everything(driver: Driver) -> dict[str, Iterable[Model]]:
    own: dict[str, QuerySet[Any]] = {
        "memberships": Membership.objects.filter(user=driver.user_id, community=driver.community_id),
        "groups": find_groups(driver),
        "id_tags": IdTag.objects.filter(driver=driver),
        "vehicles": Vehicle.objects.filter(driver=driver),
        "vehicle_readings": VehicleReading.objects.filter(vehicle__driver=driver),
        "smartcar_connections": SmartcarConnection.objects.filter(driver=driver),
        "sessions": Session.objects.filter(driver=driver),
        "signed_meter_values": SignedMeterValue.objects.filter(session__driver=driver),
        "price_choices": PriceChoice.objects.filter(driver=driver),
        "bill_lines": BillLine.objects.filter(driver=driver),
        "load_profiles": LoadProfile.objects.filter(session__driver=driver),
        "waivers": Waiver.objects.filter(line__driver=driver),
        "statements": Statement.objects.filter(driver=driver),
        "mandates": Mandate.objects.filter(driver=driver),
        "wallet_entries": WalletEntry.objects.filter(wallet__driver=driver),
        "slot_requests": SlotRequest.objects.filter(driver=driver),
        "emergencies": EmergencyRequest.objects.filter(driver=driver),
        "fairness_entries": FairnessEntry.objects.filter(driver=driver),
        "habit": Habit.objects.filter(driver=driver),
        "findings": AbuseFinding.objects.filter(driver=driver),
        "strikes": Strike.objects.filter(driver=driver),
        "notifications": Notification.objects.filter(driver=driver),
        "preferences": Preference.objects.filter(driver=driver),
        "push_subscriptions": PushSubscription.objects.filter(user=driver.user_id),
        "webhooks": Webhook.objects.filter(driver=driver),
        "calendar_feed": CalendarFeed.objects.filter(driver=driver),
        "invitations": Invitation.objects.filter(driver=driver),
        "alarm_channels": AlarmChannel.objects.filter(user=driver.user_id),
    }
    return dict(own)


def _row(row: Model) -> dict[str, Any]:
    fields = row._meta.concrete_fields  # noqa: SLF001 (Django's documented Meta API)
    values = {field.attname: getattr(row, field.attname) for field in fields if field.name not in HIDDEN}
    return {name: plain(value) for name, value in values.items()} | _sentences(row)


def _sentences(row: Model) -> dict[str, Any]:
    """The row's sentences, in the language of the person who asks."""
    match row:
        case SlotRequest():
            return {"why": row.why_told}
        case EmergencyRequest():
            return {"reasons": [tell(said) for said in row.reasons]}
        case Strike():
            return {"decision": row.decision_told}
        case Notification():
            return {"text": row.told}
    return {}


def _account(user: User | None) -> dict[str, Any] | None:
    if user is None:
        return None
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "date_joined": user.date_joined,
        "last_login": user.last_login,
        "has_second_factor": has_second_factor(user),
        "sign_ins": list(user.sign_ins.values("kind", "device", "address", "begun_at", "seen_at")),
    }


def _erase_rows(driver: Driver, *, now: datetime) -> None:
    for slot in SlotRequest.objects.filter(driver=driver, state__in=WAITING):
        requests.cancel_slot(slot, now=now, why=Said("slot.account_closed"))
    CalendarFeed.objects.filter(driver=driver).delete()
    EmergencyRequest.objects.filter(driver=driver).update(reason="")
    Habit.objects.filter(driver=driver).delete()
