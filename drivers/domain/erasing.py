"""The end of a driver's account, on the driver's request: personal data goes, the row stays for the ledgers."""

from datetime import datetime
from typing import Final
from uuid import uuid4

from drivers.domain import tokens
from drivers.domain.drivers import tags_changed
from drivers.domain.sign_in.sign_ins import end_sign_ins
from drivers.enums import Role
from drivers.models import (
    Authenticator,
    Driver,
    IdTag,
    Invitation,
    Membership,
    Notification,
    Passkey,
    Preference,
    RecoveryCode,
    Strike,
    Webhook,
)

FORMER: Final = "Former driver"


def erase_person(driver: Driver, *, now: datetime) -> None:
    """Erase a driver in the caller's transaction. An account with another community stays; only this one forgets it.

    1. Delete notifications, settings, webhooks and places in groups; take the name from invitations and the text from appeals.
    2. Delete the cards, and tell the chargers.
    3. Take name and account from the driver, then end the account if no community is left.
    """
    # 1.
    Notification.objects.filter(driver=driver).delete()
    Preference.objects.filter(driver=driver).delete()
    Webhook.objects.filter(driver=driver).delete()
    Invitation.objects.filter(driver=driver).update(
        name=FORMER, email=f"{uuid4().hex}@invalid.example", unit=""
    )
    Strike.objects.filter(driver=driver).update(appeal="")
    driver.groups.clear()
    # 2.
    IdTag.objects.filter(driver=driver).delete()
    tags_changed(driver.community_id, is_withdrawal=True)
    # 3.
    _erase_account(driver, now=now)


def _erase_account(driver: Driver, *, now: datetime) -> None:
    user = driver.user
    Driver.objects.filter(pk=driver.pk).update(name=FORMER, email="", unit="", user=None, retired_at=now)
    if user is None:
        return
    Membership.objects.filter(user=user, community=driver.community_id, role=Role.DRIVER).delete()
    if user.memberships.exists() or user.drivers.exists() or user.is_superuser:
        return
    tokens.revoke_all(user)
    end_sign_ins(user)
    Authenticator.objects.filter(user=user).delete()
    Passkey.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    user.username = f"former-{uuid4().hex}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = False
    user.set_unusable_password()
    user.save()
