"""Accounts that sign in: opened for a driver, and let into the admin by the role of manager."""

import secrets
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext, override

from drivers.domain import notifications
from drivers.domain.language import language_of_driver
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
    transaction.on_commit(lambda: mail.send([mail.Mail(former, subject, text)]), robust=True)


def _tell_of_account(driver: Driver, *, now: datetime) -> None:
    name = driver.user.get_username() if driver.user is not None else ""
    notifications.notify_driver(
        driver,
        kind=NotificationKind.ACCOUNT,
        said=Said("account.linked", {"name": name[:60]}),
        now=now,
    )


@transaction.atomic
def set_new_password(user: User, password: str, *, now: datetime) -> None:
    """Set by a person with a mailed link. It ends every session and token of the old password."""
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
