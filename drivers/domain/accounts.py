"""Accounts that sign in: opened for a driver, and let into the admin by the role of manager."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import get_language, gettext, override

from drivers.domain import notifications
from drivers.domain.language import language_of_driver
from drivers.domain.mailing.mail_server import deliver_mails
from drivers.enums import NotificationKind, Role
from drivers.errors import AccountExists
from drivers.models import Driver, Membership, User
from evbalancer.common import mail
from evbalancer.common.errors import invalid_row
from evbalancer.common.words.said import Said
from grid.domain import audit

PASSWORD_BYTES = 12


def check_username(username: str) -> None:
    """Raise InvalidInput, in the words of the account's column, which are in the reader's language."""
    user = User(username=username)
    try:
        user.clean_fields(exclude={field.name for field in User._meta.fields} - {"username"})  # noqa: SLF001
        user.clean()
    except ValidationError as error:
        raise invalid_row(error) from error


@transaction.atomic
def open_account(driver: Driver, *, username: str, actor: audit.Actor, now: datetime) -> str:
    """Make a user for the driver and return the first password, which is seen only this once. Raises InvalidInput, AccountExists."""
    if driver.user_id is not None:
        raise AccountExists(
            Said("refusal.signs_in_already", {"driver": driver.name, "user": str(driver.user)})
        )
    check_username(username.strip())
    if driver.email and User.objects.filter(email__iexact=driver.email).exists():
        raise AccountExists(Said("refusal.invite_instead", {"email": driver.email}))
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username.strip(), driver.email or None, password)
    except IntegrityError as error:
        raise AccountExists(Said("refusal.user_name_of_another", {"user": username})) from error
    Membership.objects.create(community_id=driver.community_id, user=user, role=Role.DRIVER)
    driver.user = user
    driver.save(update_fields=["user"])
    audit.record_entry(
        actor=actor,
        action="driver.account_opened",
        target=driver,
        now=now,
        after={"username": user.get_username()},
    )
    _tell_of_account(driver, now=now)
    return password


@transaction.atomic
def link_account(driver: Driver, *, told: bool, actor: audit.Actor, now: datetime) -> None:
    """Make the user that the driver was linked to a member, and tell the driver where a record of theirs existed before."""
    if driver.user is None:
        return
    Membership.objects.get_or_create(
        community_id=driver.community_id, user=driver.user, role=Role.DRIVER, defaults={"created_at": now}
    )
    audit.record_entry(
        actor=actor,
        action="driver.account_linked",
        target=driver,
        now=now,
        after={"username": driver.user.get_username()},
    )
    if told:
        _tell_of_account(driver, now=now)


def tell_of_address(driver: Driver, *, former: str) -> None:
    """Tell the former address that news of the driver go elsewhere from now on."""
    with override(language_of_driver(driver)):
        subject = f"{driver.community.name}: {gettext('Your account')}"
        text = gettext(
            "The managers changed the e-mail address of your driver's record. From now on, news goes to the new address. If you did not expect this, ask them."
        )
    transaction.on_commit(lambda: deliver_mails([mail.Mail(former, subject, text)]), robust=True)


def _tell_of_account(driver: Driver, *, now: datetime) -> None:
    name = driver.user.get_username() if driver.user is not None else ""
    notifications.notify_driver(
        driver,
        kind=NotificationKind.ACCOUNT,
        said=Said("account.linked", {"name": name[:60]}),
        now=now,
    )


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """The parts of the address that lets its account choose a new password, once, within an hour."""

    uid: str
    token: str


@transaction.atomic
def make_password_link(user: User, *, actor: audit.Actor, now: datetime) -> PasswordLink:
    """For a person who asked a manager. Only the account's own mail may carry it. Raises AccountExists without one."""
    if not user.email or not mail.sends_mail():
        raise AccountExists(Said("refusal.no_way_for_link"))
    audit.record_entry(actor=actor, action="user.password_link_sent", target=user, now=now)
    return PasswordLink(urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user))


def mail_password_link(user: User, link: str) -> mail.Reason:
    """Returns why it could not be sent."""
    driver = user.drivers.select_related("preference").first()
    with override(language_of_driver(driver) if driver is not None else get_language()):
        text = gettext(
            "A manager sends you this link to choose a new password for %(name)s. It works once, within an hour:\n%(link)s\n"
        )
        told = mail.Mail(
            user.email,
            gettext("A new password for EV Balancer"),
            text % {"name": user.get_username(), "link": link},
        )
    [reason] = deliver_mails([told])
    return reason


@transaction.atomic
def set_new_password(user: User, password: str, *, now: datetime) -> None:
    """Set by the person, with a mailed link or the old password. It ends every session and token of the old one."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record_entry(actor=audit.Actor.of_user(user), action="user.password_reset", target=user, now=now)


@transaction.atomic
def match_admin_access(user: User, *, actor: audit.Actor, now: datetime) -> None:
    """Let a user into the admin while they manage a community, and no longer."""
    manages = user.is_superuser or Membership.objects.filter(user=user, role=Role.MANAGER).exists()
    if manages == user.is_staff:
        return
    User.objects.filter(pk=user.pk).update(is_staff=manages)
    user.is_staff = manages
    audit.record_entry(
        actor=actor,
        action="user.admin_access",
        target=user,
        now=now,
        before={"is_staff": not manages},
        after={"is_staff": manages},
    )
