"""What the app hears of below it."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from drivers.domain.sign_in.sign_ins import forget_browser
from drivers.models import User
from evbalancer.common.security.lockout import locked_out
from grid.domain import audit


@receiver(locked_out)
def keep_lock_out(username: str, address: str, **_: Any) -> None:
    """In the trail of the account. Names that nobody has leave nothing but the log's line."""
    account = User.objects.filter(username__iexact=username).first()
    if account is None:
        return
    with transaction.atomic():
        audit.record_entry(
            actor=audit.SYSTEM,
            action="user.locked_out",
            target=account,
            now=timezone.now(),
            after={"address": address},
        )


@receiver(user_logged_out)
def end_web_push(request: HttpRequest, user: User | None, **_: Any) -> None:
    key = request.session.session_key
    if user is not None and key:
        forget_browser(user, key=key)
