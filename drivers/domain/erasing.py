"""The end of a driver's account, on the driver's request: what says who it was goes, the row itself stays for the ledgers."""

from datetime import datetime
from typing import Final
from uuid import uuid4

from drivers.domain import tokens
from drivers.domain.drivers import tags_changed
from drivers.enums import Role
from drivers.models import Driver, IdTag, Invitation, Membership, Notification, Preference, Strike, Webhook

FORMER: Final = "Former driver"


def erase_person(driver: Driver, *, now: datetime) -> None:
    """Remove cards, messages and settings, then name and account. In the caller's transaction.

    An account that is still somebody in another community stays; only this community forgets it.
    """
    Notification.objects.filter(driver=driver).delete()
    Preference.objects.filter(driver=driver).delete()
    Webhook.objects.filter(driver=driver).delete()
    Invitation.objects.filter(driver=driver).update(
        name=FORMER, email=f"{uuid4().hex}@invalid.example", unit=""
    )
    Strike.objects.filter(driver=driver).update(appeal="")
    IdTag.objects.filter(driver=driver).delete()
    tags_changed(driver.community_id, is_withdrawal=True)
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
    user.username = f"former-{uuid4().hex}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = False
    user.set_unusable_password()
    user.save()
