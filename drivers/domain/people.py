"""People as a community's list has them: entered, found again when the list comes again, and one of them its manager."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from drivers.domain.accounts import PASSWORD_BYTES, check_username, match_admin_access
from drivers.domain.flats import add_flat, find_flat, move_driver
from drivers.enums import Role
from drivers.errors import AccountExists
from drivers.models import Driver, Membership, User
from evbalancer.common.errors import check_row, invalid_row
from evbalancer.common.words.said import Said
from grid.domain import audit
from grid.models import Community


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str = ""
    # The parking space, or the like.
    unit: str = ""
    # The name of a flat or cost centre. It is added if the community has none of this name.
    flat: str = ""


@transaction.atomic
def enter_person(community: Community, person: Person, *, actor: audit.Actor, now: datetime) -> Driver:
    """Make a driver of this person, or find the one that they are: by the mail address, else by name and space.

    Raises InvalidInput.
    """
    found = find_person(community, person)
    if found is None:
        found = Driver(community=community, name=person.name, email=person.email, unit=person.unit)
        check_row(found)
        found.save()
        values = {"name": person.name, "email": person.email, "unit": person.unit}
        audit.record_entry(actor=actor, action="driver.added", target=found, now=now, after=values)
    elif person.unit and found.unit != person.unit:
        before, found.unit = {"unit": found.unit}, person.unit
        check_row(found)
        found.save(update_fields=["unit"])
        audit.record_entry(
            actor=actor,
            action="driver.changed",
            target=found,
            now=now,
            before=before,
            after={"unit": person.unit},
        )
    if person.flat:
        flat = find_flat(community, person.flat)
        if flat is None:
            flat = add_flat(community, values={"name": person.flat.strip()}, actor=actor, now=now)
        move_driver(found, flat, actor=actor, now=now)
    return found


def find_person(community: Community, person: Person) -> Driver | None:
    drivers = Driver.objects.filter(community=community, retired_at=None).order_by("created_at")
    if person.email:
        found: Driver | None = drivers.filter(email__iexact=person.email).first()
        return found
    return drivers.filter(name__iexact=person.name, unit__iexact=person.unit, email="").first()


@transaction.atomic
def appoint_manager(
    community: Community, *, username: str, name: str, email: str, actor: audit.Actor, now: datetime
) -> tuple[User, str]:
    """Let somebody manage the community, with the account of this name or address or a new one. Returns a new one's first password, seen only now.

    Raises InvalidInput, AccountExists.
    """
    user, password = _find_account(username, email), ""
    if user is None:
        user, password = _open(username, name=name, email=email)
        audit.record_entry(
            actor=actor,
            action="user.added",
            target=user,
            now=now,
            after={"username": username, "email": email},
        )
    membership, is_new = Membership.objects.get_or_create(community=community, user=user, role=Role.MANAGER)
    if is_new:
        audit.record_entry(
            actor=actor,
            action="membership.added",
            target=membership,
            now=now,
            after={"user_id": user.pk, "role": Role.MANAGER},
        )
    match_admin_access(user, actor=actor, now=now)
    return user, password


def has_manager(community_id: UUID) -> bool:
    managers = Membership.objects.filter(community=community_id, role=Role.MANAGER, user__is_active=True)
    return managers.exists()


def _find_account(username: str, email: str) -> User | None:
    """One person is one account."""
    found: User | None = User.objects.filter(username__iexact=username).first()
    if found is None and email:
        found = User.objects.filter(email__iexact=email).first()
    return found


def _open(username: str, *, name: str, email: str) -> tuple[User, str]:
    check_username(username)
    first, _, last = name.strip().rpartition(" ")
    user = User(username=username, email=email, first_name=first, last_name=last)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user.set_password(password)
    try:
        user.full_clean()
        with transaction.atomic():
            user.save(force_insert=True)
    except ValidationError as error:
        raise invalid_row(error) from error
    except IntegrityError as error:
        raise AccountExists(Said("refusal.user_name_of_another", {"user": username})) from error
    return user, password
