"""Keys of machines at the grid connection: random, shown once, good for one circuit and one purpose."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from evbalancer.common.errors import DomainError, StateMoved
from evbalancer.common.security import encryption
from evbalancer.common.words.inputs import Text
from grid.domain import audit
from grid.enums import GridKeyPurpose
from grid.models import Circuit, GridKey

KEY_BYTES = 24
BEARER = "Bearer "
HOLDER = Text(80, missing="Enter who holds the key.")
SIGNATURE_AGE = timedelta(minutes=5)
# Seconds since 1970, in digits that are numbers in every language.
TIMESTAMP = re.compile(r"[0-9]{1,12}")


class KeyRefused(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "key_refused"
    title: ClassVar[str] = "The key or the signature is not valid"
    status: ClassVar[int] = 401


@transaction.atomic
def issue_grid_key(
    circuit: Circuit, *, purpose: GridKeyPurpose, label: str, actor: audit.Actor, now: datetime
) -> tuple[GridKey, str]:
    """Make a key for one circuit and one purpose; it is returned once and stored hashed, or encrypted to check signatures.

    Raises InvalidInput for a label that is missing or too long.
    """
    label = HOLDER.check("label", label)
    text = secrets.token_urlsafe(KEY_BYTES)
    signs = purpose == GridKeyPurpose.LIMITS
    key = GridKey.objects.create(
        community_id=circuit.community_id,
        circuit=circuit,
        purpose=purpose,
        label=label,
        key_hash=_hash(text),
        secret=encryption.encrypt(text) if signs else "",
    )
    audit.record_entry(
        actor=actor,
        action="grid_key.issued",
        target=circuit,
        after={"purpose": purpose, "label": label},
        now=now,
    )
    return key, text


@transaction.atomic
def revoke_grid_key(key: GridKey, *, actor: audit.Actor, reason: str, now: datetime) -> None:
    """Heard no more from now on. Raises StateMoved when it was revoked already."""
    if not GridKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        raise StateMoved(gettext("It was already revoked."))
    key.refresh_from_db()
    audit.record_entry(
        actor=actor,
        action="grid_key.revoked",
        target=key.circuit,
        before={"purpose": key.purpose, "label": key.label},
        reason=reason,
        now=now,
    )


def find_bearer(header: str, *, purpose: GridKeyPurpose) -> GridKey:
    """The key for this purpose that an `Authorization` header shows. Raises KeyRefused."""
    text = header[len(BEARER) :] if header.startswith(BEARER) else ""
    key = GridKey.objects.filter(key_hash=_hash(text), purpose=purpose, revoked_at=None)
    found = key.select_related("circuit__cluster").first()
    if found is None:
        raise KeyRefused(
            gettext("Show a key of the purpose %(label)s as a bearer token.")
            % {"label": f"{purpose.label!r}"}
        )
    return found


def find_signer(key_id: UUID, *, signature: str, timestamp: str, body: bytes, now: datetime) -> GridKey:
    """Whose HMAC-SHA256 over timestamp, a dot and the raw body this is. Raises KeyRefused, also for old timestamps."""
    rows = GridKey.objects.filter(pk=key_id, purpose=GridKeyPurpose.LIMITS, revoked_at=None)
    key = rows.select_related("circuit__cluster").first()
    secret = encryption.decrypt(key.secret) if key is not None else secrets.token_urlsafe(KEY_BYTES)
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(expected.encode(), signature.removeprefix("sha256=").encode())
    if key is None or not is_signed or not TIMESTAMP.fullmatch(timestamp):
        raise KeyRefused(gettext("Sign timestamp, a dot and the body with the key's secret."))
    if abs(now.timestamp() - int(timestamp)) > SIGNATURE_AGE.total_seconds():
        raise KeyRefused(gettext("The signature is too old; check the clock."))
    return key


def _hash(text: str) -> str:
    return hmac.new(
        settings.CHARGER_KEY_PEPPER.encode(), b"grid:" + text.encode(), hashlib.sha256
    ).hexdigest()
