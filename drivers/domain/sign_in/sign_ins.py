"""Where a person is signed in: browsers and apps, each with its device, and the way to end them."""

import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from drivers.models import PushSubscription, SignIn, User
from evbalancer.common.security.digests import digest
from grid.domain import audit

# A session is written so often at most.
NOTED_EVERY: Final = timedelta(minutes=5)
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def name_device(user_agent: str) -> str:
    """ "Firefox, Linux": enough to recognise one's own."""
    found = [
        next((name for mark, name in marks if re.search(rf"\b{mark}\b", user_agent)), "")
        for marks in (BROWSERS, SYSTEMS)
    ]
    named = ", ".join(filter(None, found))
    return named or user_agent.split("/", maxsplit=1)[0][:80]


def note_sign_in(
    user: User, *, kind: SignIn.Kind, key: str, device: str, address: str, now: datetime, former_key: str = ""
) -> None:
    """Keep that it is open and was seen. `former_key`: what it was known by before, where that changed."""
    seen = {"seen_at": now, "device": name_device(device), "address": address or None}
    if former_key and former_key != key:
        moved = SignIn.objects.filter(user=user, key_digest=digest(former_key))
        PushSubscription.objects.filter(user=user, key_digest=digest(former_key)).update(
            key_digest=digest(key)
        )
        if moved.update(key_digest=digest(key), **seen):
            return
    SignIn.objects.update_or_create(
        key_digest=digest(key),
        defaults=seen,
        create_defaults={"user": user, "kind": kind, "begun_at": now, **seen},
    )


def open_sign_ins(user: User) -> list[SignIn]:
    """Those that still let somebody in, the last seen first."""
    keys = _open_keys(user)
    return [row for row in SignIn.objects.filter(user=user) if row.key_digest in keys]


def end_sign_ins(user: User, *, only: SignIn | None = None, but: str = "") -> int:
    """End one, or all but the one with this key, and web push to the browsers of each. Returns how many were open."""
    kept = digest(but) if but else ""
    ended = 0
    for key_digest, end in _open_keys(user).items():
        if key_digest != kept and (only is None or only.key_digest == key_digest):
            end()
            ended += 1
    rows = SignIn.objects.filter(user=user).exclude(key_digest=kept)
    (rows if only is None else rows.filter(pk=only.pk)).delete()
    browsers = PushSubscription.objects.filter(user=user).exclude(Q(key_digest=kept) & ~Q(key_digest=""))
    (browsers if only is None else browsers.filter(key_digest=only.key_digest)).delete()
    return ended


def forget_browser(user: User, *, key: str) -> None:
    """Whoever signs out there no longer reads messages there."""
    PushSubscription.objects.filter(user=user, key_digest=digest(key)).delete()


@transaction.atomic
def end_sign_in(row: SignIn, *, actor: audit.Actor, now: datetime) -> None:
    """An app's access token lasts a quarter of an hour longer, at most."""
    end_sign_ins(row.user, only=row)
    audit.record_entry(
        actor=actor, action="user.sign_in_ended", target=row.user, now=now, after={"device": row.device}
    )


def _open_keys(user: User) -> dict[str, Any]:
    """What ends each open sign-in of the user, by the digest of its key. Sessions do not name their user in a column."""
    found: dict[str, Any] = {}
    store = import_module(settings.SESSION_ENGINE).SessionStore
    known = set(
        SignIn.objects.filter(user=user, kind=SignIn.Kind.BROWSER).values_list("key_digest", flat=True)
    )
    if known:
        for key in Session.objects.filter(expire_date__gt=datetime.now(UTC)).values_list(
            "session_key", flat=True
        ):
            key_digest = digest(key)
            if key_digest in known:
                found[key_digest] = store(key).delete
    for token in OutstandingToken.objects.filter(user=user, blacklistedtoken__isnull=True):
        found[digest(token.jti)] = lambda token=token: BlacklistedToken.objects.get_or_create(token=token)
    return found
