"""Invitations: one or a list of them, each opens one account in one community, once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from drivers.domain.accounts import check_username
from drivers.domain.flats import find_flat
from drivers.enums import Role
from drivers.errors import AccountExists
from drivers.models import Driver, Invitation, Membership, User
from evbalancer.common import mail
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from evbalancer.common.files.tables import UnreadableTable, read_table
from evbalancer.common.security.digests import digest
from evbalancer.common.words.inputs import Text
from evbalancer.common.words.said import Said
from grid.domain import audit
from grid.models import Community

LASTS = timedelta(days=14)
MOST_ROWS = 1_000
# As Django's e-mail column; its validator lets longer ones through.
LONGEST_EMAIL = 254
COLUMNS = ("name", "email", "unit", "flat")
NAME = Text(120, missing="Enter a name.", too_long="A name of at most 120 characters.")
UNIT = Text(40)
NOT_AN_ADDRESS = "This is not an e-mail address."
# Of an e-mail field in a form or a serializer.
EMAIL: dict[str, Any] = {
    "max_length": LONGEST_EMAIL,
    "error_messages": dict.fromkeys(("required", "blank", "invalid", "max_length"), NOT_AN_ADDRESS),
}


@dataclass(frozen=True, slots=True)
class Guest:
    name: str
    email: str
    unit: str = ""
    # The name of a flat or cost centre that the community has.
    flat: str = ""
    # Of the table that it stands in; 0 for one alone.
    row: int = 0


@dataclass(frozen=True, slots=True)
class Invited:
    """The row and its token, which is seen only now."""

    invitation: Invitation
    token: str


@transaction.atomic
def invite_guests(community: Community, guests: list[Guest], *, by: User, now: datetime) -> list[Invited]:
    """Invite all of them, or nobody if one is wrong. A new invitation ends an older one to the same address.

    Raises InvalidInput, with the row of a table.
    """
    if not 1 <= len(guests) <= MOST_ROWS:
        raise InvalidInput("guests", f"From 1 to {MOST_ROWS} guests.")
    seen: set[str] = set()
    invited = []
    for guest in guests:
        _check(community, guest, seen)
        seen.add(guest.email.lower())
        invited.append(_invite(community, guest, by=by, now=now))
    return invited


def send_invitations(invited: list[Invited], *, page: str) -> list[str]:
    """Mail the codes, after the invitations are committed. Returns why each mail could not be sent, or an empty text.

    `page` is the address that takes a code. The code itself stays out of it: histories and logs keep addresses.
    """
    return mail.send(_mail(each, page) for each in invited)


def read_list(told: str | bytes, *, field: str) -> list[Guest]:
    """Guests from a table with the columns name, email and, if wanted, unit and flat: text, or a file that may be a workbook.

    Raises InvalidInput about `field`, where the list came from.
    """
    try:
        table = read_table(told, columns=COLUMNS)
    except UnreadableTable as error:
        raise InvalidInput(field, str(error)) from error
    if len(table.rows) > MOST_ROWS:
        raise InvalidInput(field, f"At most {MOST_ROWS} rows.")
    if not table.rows or not {"name", "email"} <= set(table.names):
        raise InvalidInput(
            field, "The first row names the columns name, email, unit and flat; guests follow."
        )
    guests = []
    for row, number in zip(table.rows, table.numbers, strict=True):
        cells = dict(zip(table.names, row, strict=True))
        wanted = (cells.get("unit", ""), cells.get("flat", ""))
        guests.append(Guest(cells["name"], cells["email"], *wanted, row=number))
    return guests


@transaction.atomic
def accept_invitation(token: str, *, username: str, password: str, now: datetime) -> User:
    """Open an account with an invitation's code.

    1. Find the invitation by its code.
    2. Judge name and password, so that a weak password does not use the code up.
    3. Use the code up. The database lets one caller do so.
    4. Create the user, the membership and the driver.
    5. Record it.

    Raises NotFound for a code that is wrong, old, used or revoked; InvalidInput; AccountExists.
    """
    # 1.
    invitation = (
        Invitation.objects.select_related("community")
        .filter(token_digest=digest(token), revoked_at=None, expires_at__gt=now)
        .first()
    )
    if invitation is None:
        raise NotFound(Said("refusal.invitation_over"))
    # 2.
    user = User(username=username, email=invitation.email)
    _check_account(user, password)
    # 3.
    if not Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=now):
        raise NotFound(Said("refusal.invitation_used"))
    # 4.
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise AccountExists(Said("refusal.user_name_taken")) from error
    Membership.objects.create(community=invitation.community, user=user, role=Role.DRIVER)
    driver = Driver.objects.create(
        community=invitation.community,
        user=user,
        name=invitation.name,
        email=invitation.email,
        unit=invitation.unit,
        flat=invitation.flat,
    )
    Invitation.objects.filter(pk=invitation.pk).update(driver=driver)
    # 5.
    audit.record_entry(
        actor=audit.Actor.of_user(user),
        action="invitation.accepted",
        target=driver,
        now=now,
        after={"username": username},
    )
    return user


@transaction.atomic
def revoke_invitation(invitation: Invitation, *, by: User, now: datetime) -> None:
    """Raises StateMoved when it was used or revoked already."""
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not rows.update(revoked_at=now):
        raise StateMoved(Said("refusal.invitation_settled"))
    invitation.refresh_from_db()
    audit.record_entry(actor=audit.Actor.of_user(by), action="invitation.revoked", target=invitation, now=now)


def _invite(community: Community, guest: Guest, *, by: User, now: datetime) -> Invited:
    older = Invitation.objects.filter(
        community=community, email__iexact=guest.email, accepted_at=None, revoked_at=None
    )
    older.update(revoked_at=now)
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        community=community,
        name=guest.name,
        email=guest.email,
        unit=guest.unit,
        flat=find_flat(community, guest.flat) if guest.flat else None,
        token_digest=digest(token),
        invited_by=by,
        created_at=now,
        expires_at=now + LASTS,
    )
    audit.record_entry(
        actor=audit.Actor.of_user(by),
        action="invitation.sent",
        target=invitation,
        now=now,
        after={"email": guest.email},
    )
    return Invited(invitation, token)


def _mail(invited: Invited, page: str) -> mail.Mail:
    row = invited.invitation
    values = {"community": row.community.name, "days": LASTS.days, "page": page, "code": invited.token}
    text = gettext(
        "%(community)s invites you to charge your car.\n\nOpen your account within %(days)s days:\n%(page)s\n\nYour code: %(code)s\n"
    )
    return mail.Mail(row.email, gettext("Charging at %(community)s") % values, text % values)


def _check(community: Community, guest: Guest, seen: set[str]) -> None:
    fault = NAME.find_fault(guest.name)
    if fault is not None:
        raise _wrong(guest, "name", fault)
    fault = UNIT.find_fault(guest.unit) if guest.unit else None
    if fault is not None:
        raise _wrong(guest, "unit", fault)
    if guest.flat and find_flat(community, guest.flat) is None:
        raise _wrong(guest, "flat", f"The community has no flat or cost centre {guest.flat!r}. Add it first.")
    try:
        validate_email(guest.email)
    except ValidationError as error:
        raise _wrong(guest, "email", NOT_AN_ADDRESS) from error
    if len(guest.email) > LONGEST_EMAIL:
        raise _wrong(guest, "email", NOT_AN_ADDRESS)
    if guest.email.lower() in seen:
        raise _wrong(guest, "email", f"{guest.email} is on the list twice.")


def _wrong(guest: Guest, column: str, why: str) -> InvalidInput:
    return InvalidInput(column, f"Row {guest.row}, column {column}: {why}" if guest.row else why)


def _check_account(user: User, password: str) -> None:
    check_username(user.username)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput("password", " ".join(error.messages)) from error
