"""One rule for every place that checks a password: guessing is locked out long before it succeeds (S14).

A guess is counted before it is judged, so that guesses that come at once are no more than those that come in turn. One that
was right takes its count back.
"""

import hashlib
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.dispatch import Signal
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException

from evbalancer.common.errors import DomainError

logger = logging.getLogger(__name__)

LOCKED_S = 15 * 60
# One person's typing errors, one address that tries many names, and one name tried from many addresses.
MOST_FOR_NAME_AT_ADDRESS = 5
MOST_AT_ADDRESS = 40
MOST_FOR_NAME = 60
ADVICE = f"Try again in {LOCKED_S // 60} minutes, or ask an operator for a new password."
LOCKED = ValidationError(
    gettext_lazy("Too many failed attempts. Try again in 15 minutes, or ask an operator for a new password."),
    code="locked_out",
)
# Mails that strangers can have sent to one address, and that one address can have sent.
MOST_MAILS_TO_NAME = 5
MOST_MAILS_FROM_ADDRESS = 20
# A name was locked at an address, or an address for all names.
locked_out = Signal()


class LockedOut(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "locked_out"
    title: ClassVar[str] = "Too many failed attempts"
    status: ClassVar[int] = 429


@contextmanager
def judging(username: str, address: str) -> Iterator[None]:
    """Around a check of a password, whose refusal is an exception. Raises LockedOut without looking at it."""
    counters = _counters(username, address)
    # Each is counted on its own: a locked name must not leave an address free to go on.
    numbers = [(_count(key), most) for key, most in counters]
    if any(number > most for number, most in numbers):
        if any(number == most + 1 for number, most in numbers):
            # Once for each lock, so that whoever keeps it writes few rows; a door stays locked without them.
            locked_out.send_robust(sender=None, username=username, address=address)
        logger.warning("A password from %s was not looked at: locked out", address)
        raise LockedOut(ADVICE)
    try:
        yield
    except (ValidationError, DomainError, APIException):
        logger.warning("A password from %s was refused", address)
        raise
    except BaseException:
        # Nobody said whether it was right.
        _take_back(counters)
        raise
    # Typing errors before it are forgotten; attempts of others at this address or for this name are not.
    cache.delete(counters[0][0])
    _take_back(counters[1:])


def name_of(typed: str) -> str:
    """The name under which attempts on an account are counted, whether its name or its mail address was typed."""
    accounts: Any = get_user_model()._default_manager  # noqa: SLF001 (as Django's own sign-in asks)
    try:
        return str(accounts.get_by_natural_key(typed).get_username())
    except accounts.model.DoesNotExist:
        return typed


def asking_for_mail(to: str, address: str) -> None:
    """Count a mail that a stranger asks for, whether it will be sent or not. Raises LockedOut."""
    counters = [
        (_key("mail-to", _plain(to)), MOST_MAILS_TO_NAME),
        (_key("mail-from", address), MOST_MAILS_FROM_ADDRESS),
    ]
    numbers = [(_count(key), most) for key, most in counters]
    if any(number > most for number, most in numbers):
        logger.warning("A mail that %s asked for was not sent: too many", address)
        raise LockedOut(ADVICE)


def forget_errors(username: str, address: str) -> None:
    """A person with a new password starts again."""
    cache.delete(_counters(username, address)[0][0])


class LockOut(AuthenticationForm):
    """Put before a sign-in form's own class; the password is not even looked at while the door is locked."""

    def clean(self) -> dict[str, Any]:
        username = name_of(str(self.cleaned_data.get("username") or ""))
        try:
            with judging(username, address_of(self.request)):
                return super().clean()
        except LockedOut as locked:
            raise LOCKED from locked


class LockOutOfChange(PasswordChangeForm):
    """The same where the old password is asked for. The form knows no address: the person is signed in."""

    def clean_old_password(self) -> str:
        try:
            with judging(self.user.get_username(), f"account {self.user.pk}"):
                return super().clean_old_password()
        except LockedOut as locked:
            raise LOCKED from locked


def address_of(request: Any) -> str:
    # Behind a proxy the server has put the client's own address here, if it trusts the proxy (TRUSTED_ADDRESSES).
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""


def _counters(username: str, address: str) -> list[tuple[str, int]]:
    name = _plain(username)
    return [
        (_key("both", f"{name}\0{address}"), MOST_FOR_NAME_AT_ADDRESS),
        (_key("address", address), MOST_AT_ADDRESS),
        (_key("name", name), MOST_FOR_NAME),
    ]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _key(kind: str, value: str) -> str:
    return f"sign-in:{kind}:{hashlib.sha256(value.encode(errors='replace')).hexdigest()}"


def _count(key: str) -> int:
    """One more, in one step of the cache: of many at once each gets a number of its own."""
    if cache.add(key, 1, LOCKED_S):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it expired between the two
        cache.add(key, 1, LOCKED_S)
        return 1


def _take_back(counters: list[tuple[str, int]]) -> None:
    for key, _ in counters:
        with suppress(ValueError):
            cache.decr(key)
