"""Invitations: one or a list of them, each lets one person into one community, once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import get_language, gettext, override

from drivers.domain.accounts import check_username, match_admin_access
from drivers.domain.drivers import tags_changed
from drivers.domain.flats import find_flat
from drivers.domain.mailing.mail_server import deliver_mails
from drivers.enums import Role
from drivers.errors import AccountExists, InvitationOver
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
ONLY_OPERATORS = "Only an operator of this server invites managers."
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
    role: str = Role.DRIVER


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
        raise InvalidInput("guests", gettext("From 1 to %(most_rows)s guests.") % {"most_rows": MOST_ROWS})
    seen: set[str] = set()
    invited = []
    for guest in guests:
        if guest.role == Role.MANAGER and not by.is_superuser:
            raise _wrong(guest, "role", ONLY_OPERATORS)
        _check(community, guest, seen)
        seen.add(guest.email.lower())
        invited.append(_invite(community, guest, by=by, now=now))
    return invited


def send_invitations(invited: list[Invited], *, page: str) -> list[mail.Reason]:
    """Mail the codes, after the invitations are committed. Returns why each mail could not be sent, or an empty text.

    `page` is the address that takes a code; with the code behind it, it is the link.
    """
    return deliver_mails(_mail(each, page) for each in invited)


def read_list(told: str | bytes, *, field: str) -> list[Guest]:
    """Guests from a table with the columns name, email and, if wanted, unit and flat: text, or a file that may be a workbook.

    Raises InvalidInput about `field`, where the list came from.
    """
    try:
        table = read_table(told, columns=COLUMNS)
    except UnreadableTable as error:
        raise InvalidInput(field, str(error)) from error
    if len(table.rows) > MOST_ROWS:
        raise InvalidInput(field, gettext("At most %(most_rows)s rows.") % {"most_rows": MOST_ROWS})
    if not table.rows or not {"name", "email"} <= set(table.names):
        raise InvalidInput(
            field, gettext("The first row names the columns name, email, unit and flat; guests follow.")
        )
    guests = []
    for row, number in zip(table.rows, table.numbers, strict=True):
        cells = dict(zip(table.names, row, strict=True))
        wanted = (cells.get("unit", ""), cells.get("flat", ""))
        guests.append(Guest(cells["name"], cells["email"], *wanted, row=number))
    return guests


def find_invitation(token: str, *, now: datetime) -> Invitation:
    """The open invitation of this code. Raises InvitationOver with what became of it; NotFound for a code that never was."""
    row = Invitation.objects.select_related("community", "flat").filter(token_digest=digest(token)).first()
    if row is None:
        raise NotFound(Said("refusal.invitation_over"))
    if row.accepted_at is not None:
        raise InvitationOver(Said("refusal.invitation_used"), row)
    if row.revoked_at is not None:
        raise InvitationOver(Said("refusal.invitation_revoked"), row)
    if row.expires_at <= now:
        raise InvitationOver(Said("refusal.invitation_expired"), row)
    return row


def account_at_address(invitation: Invitation) -> User | None:
    """The account that the invited person has already, by the address: one person is one account."""
    return User.objects.filter(email__iexact=invitation.email).first()


@transaction.atomic
def accept_invitation(token: str, *, username: str, password: str, now: datetime) -> User:
    """Open an account with an invitation's code.

    1. Find the invitation by its code, whose address must not have an account.
    2. Judge name and password, so that a weak password does not use the code up.
    3. Use the code up. The database lets one caller do so.
    4. Create the user, and let them in.

    Raises InvitationOver, NotFound, InvalidInput, AccountExists.
    """
    # 1.
    invitation = find_invitation(token, now=now)
    if account_at_address(invitation) is not None:
        raise AccountExists(Said("refusal.address_has_account"))
    # 2.
    user = User(username=username, email=invitation.email)
    check_account(user, password)
    # 3.
    _use_up(invitation, now=now)
    # 4.
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise AccountExists(Said("refusal.user_name_taken")) from error
    _let_in(invitation, user, now=now)
    return user


@transaction.atomic
def join_by_invitation(token: str, *, user: User, now: datetime) -> Invitation:
    """Let an account that exists into the community of an invitation. Raises InvitationOver, NotFound."""
    invitation = find_invitation(token, now=now)
    _use_up(invitation, now=now)
    _let_in(invitation, user, now=now)
    return invitation


def _use_up(invitation: Invitation, *, now: datetime) -> None:
    open_row = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not open_row.update(accepted_at=now):
        raise InvitationOver(Said("refusal.invitation_used"), invitation)


def _let_in(invitation: Invitation, user: User, *, now: datetime) -> None:
    """Give the role that the invitation is for, and the driver's record: one that waits for this address, or a new one."""
    actor = audit.Actor.of_user(user)
    Membership.objects.get_or_create(community=invitation.community, user=user, role=invitation.role)
    driver = _driver_of(invitation, user) if invitation.role == Role.DRIVER else None
    Invitation.objects.filter(pk=invitation.pk).update(driver=driver, accepted_by=user)
    tags_changed(invitation.community_id, is_withdrawal=False)
    audit.record_entry(
        actor=actor,
        action="invitation.accepted",
        target=driver or invitation,
        now=now,
        after={"username": user.get_username(), "role": invitation.role},
    )
    match_admin_access(user, actor=actor, now=now)


def _driver_of(invitation: Invitation, user: User) -> Driver:
    present = Driver.objects.filter(community=invitation.community, retired_at=None)
    own = present.filter(user=user).first()
    if own is not None:
        return own
    waiting = present.filter(user=None, email__iexact=invitation.email).order_by("created_at").first()
    if waiting is not None:
        waiting.user = user
        waiting.save(update_fields=["user"])
        return waiting
    return Driver.objects.create(
        community=invitation.community,
        user=user,
        name=invitation.name,
        email=invitation.email,
        unit=invitation.unit,
        flat=invitation.flat,
    )


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
        role=guest.role,
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
        after={"email": guest.email, "role": guest.role},
    )
    return Invited(invitation, token)


def _mail(invited: Invited, page: str) -> mail.Mail:
    """In the community's language, which is the best guess at the guest's."""
    with override(invited.invitation.community.language or get_language()):
        return _mail_in_words(invited.invitation, invited.token, page)


def _mail_in_words(row: Invitation, token: str, page: str) -> mail.Mail:
    values = {"community": row.community.name, "days": LASTS.days, "link": f"{page}/{token}"}
    if row.role == Role.MANAGER:
        subject = gettext("Managing %(community)s")
        text = gettext(
            "%(community)s invites you to manage its chargers.\n\nAccept within %(days)s days. The link works once:\n%(link)s\n"
        )
    else:
        subject = gettext("Charging at %(community)s")
        text = gettext(
            "%(community)s invites you to charge your car.\n\nAccept within %(days)s days. The link works once:\n%(link)s\n"
        )
    return mail.Mail(row.email, subject % values, text % values)


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
    return InvalidInput(
        column,
        gettext("Row %(row)s, column %(column)s: %(why)s") % {"row": guest.row, "column": column, "why": why}
        if guest.row
        else why,
    )


def check_account(user: User, password: str) -> None:
    """Raise InvalidInput for a name or a password that a new account can't have."""
    check_username(user.username)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput("password", " ".join(error.messages)) from error
