"""Accounts that sign in: opened for a driver, and let into the admin by the role of manager."""

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from drivers.enums import Role
from drivers.errors import AccountExists
from drivers.models import Driver, Membership, User
from grid.domain import audit

PASSWORD_BYTES = 12


@transaction.atomic
def open_account(driver: Driver, *, username: str, actor: audit.Actor, now: datetime) -> str:
    """Make a user for the driver and return the first password, the only time that it is seen."""
    if driver.user_id is not None:
        raise AccountExists(f"{driver.name} signs in as {driver.user} already.")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username.strip(), driver.email or None, password)
    except IntegrityError as error:
        raise AccountExists(f"Somebody else signs in as {username}; choose another name.") from error
    Membership.objects.create(community_id=driver.community_id, user=user, role=Role.DRIVER)
    driver.user = user
    driver.save(update_fields=["user"])
    audit.record(
        actor=actor,
        action="driver.account_opened",
        target=driver,
        now=now,
        after={"username": user.get_username()},
    )
    return password


@transaction.atomic
def match_admin_access(user: User, *, actor: audit.Actor, now: datetime) -> None:
    """Let a user into the admin while they manage a community, and no longer."""
    manages = user.is_superuser or Membership.objects.filter(user=user, role=Role.MANAGER).exists()
    if manages == user.is_staff:
        return
    User.objects.filter(pk=user.pk).update(is_staff=manages)
    user.is_staff = manages
    audit.record(
        actor=actor,
        action="user.admin_access",
        target=user,
        now=now,
        before={"is_staff": not manages},
        after={"is_staff": manages},
    )
