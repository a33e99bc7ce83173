"""Who is at the other end of a browser's socket: a session whose Origin was checked, or a JWT in a message.

Nothing is ever taken from the URL, where logs and histories would keep it.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.request import validate_host
from django.utils.translation import get_language_from_request
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.tokens import AccessToken

from drivers.api.authentication import DriverJWTAuthentication
from evbalancer.dashboard.live.access import Person

Headers = Iterable[tuple[bytes, bytes]]


def language_of(headers: Headers) -> str:
    """The language of the page that opened the socket, found as Django found it for the page."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = _header(headers, b"accept-language")
    with contextlib.suppress(CookieError):
        cookies = SimpleCookie(_header(headers, b"cookie"))
        request.COOKIES = {name: morsel.value for name, morsel in cookies.items()}
    return get_language_from_request(request)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a socket showed. It is looked at again and again: what was good may end (promise S10)."""

    session_key: str = ""
    token: str = ""

    @classmethod
    def of_headers(cls, headers: Headers) -> Self:
        try:
            cookies = SimpleCookie(_header(headers, b"cookie"))
        except CookieError:
            return cls()
        session = cookies.get(settings.SESSION_COOKIE_NAME)
        return cls(session_key=session.value if session is not None else "")

    def person(self, *, now: datetime) -> Person:
        """The user it stands for now; nobody when it has ended, was revoked or the user deactivated."""
        if self.token:
            return _token_user(self.token, now=now)
        if self.session_key:
            return _session_user(self.session_key)
        return AnonymousUser()


def has_origin(headers: Headers) -> bool:
    return bool(_header(headers, b"origin"))


def is_own_origin(headers: Headers) -> bool:
    """A page of this very host, or of one that CSRF_TRUSTED_ORIGINS names (a proxy that changes Host)."""
    origin = _header(headers, b"origin").lower()
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = _header(headers, b"host").lower()
    try:
        parts = urlsplit(origin)
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    # The host must be one of ours, too: a rebound DNS name would make any origin its own.
    known = validate_host(f"[{name}]" if ":" in name else name, settings.ALLOWED_HOSTS)
    return parts.scheme in ("http", "https") and parts.netloc == host and known


def _header(headers: Headers, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


def _session_user(session_key: str) -> Person:
    request: Any = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    person: Person = get_user(request)
    return person


def _token_user(raw: str, *, now: datetime) -> Person:
    authentication = DriverJWTAuthentication()
    try:
        token: AccessToken = authentication.get_validated_token(raw.encode())  # type: ignore[assignment]
        if datetime.fromtimestamp(token["exp"], UTC) <= now:
            return AnonymousUser()
        person: Person = authentication.get_user(token)  # type: ignore[assignment]
    except (InvalidToken, AuthenticationFailed):
        return AnonymousUser()
    return person
