"""A lock-out at sign-in that guessing runs into long before it succeeds (S14)."""

import hashlib
import logging
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

logger = logging.getLogger(__name__)

LOCKED_S = 15 * 60
# One person's typing errors, one address that tries many names, and one name tried from many addresses.
MOST_FOR_NAME_AT_ADDRESS = 5
MOST_AT_ADDRESS = 40
MOST_FOR_NAME = 60
LOCKED = ValidationError(
    f"Too many failed attempts. Try again in {LOCKED_S // 60} minutes, or ask an operator for a new password.",
    code="locked_out",
)


class LockOut(AuthenticationForm):
    """Put before a sign-in form's own class; the password is not even looked at while the door is locked."""

    def clean(self) -> dict[str, Any]:
        username = str(self.cleaned_data.get("username") or "").strip().lower()
        counters = _counters(username, _address(self.request))
        if any((cache.get(key) or 0) >= most for key, most in counters):
            raise LOCKED
        try:
            cleaned = super().clean()
        except ValidationError:
            for key, _ in counters:
                _count(key)
            logger.warning("A sign-in failed from %s", _address(self.request))
            raise
        cache.delete(counters[0][0])
        return cleaned


def _counters(username: str, address: str) -> list[tuple[str, int]]:
    return [
        (_key("both", f"{username}\0{address}"), MOST_FOR_NAME_AT_ADDRESS),
        (_key("address", address), MOST_AT_ADDRESS),
        (_key("name", username), MOST_FOR_NAME),
    ]


def _key(kind: str, value: str) -> str:
    return f"sign-in:{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


def _count(key: str) -> None:
    if not cache.add(key, 1, LOCKED_S):
        try:
            cache.incr(key)
        except ValueError:  # it expired between the two
            cache.add(key, 1, LOCKED_S)


def _address(request: HttpRequest | None) -> str:
    # Behind a proxy the server has put the client's own address here, if it trusts the proxy (TRUSTED_ADDRESSES).
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""
