"""Charge points' keys: random, kept as a keyed hash, shown once. How a key is rotated:

1. `rotate_key` stores the hash of the next key. The present key stays valid.
2. The next key reaches the charger: a person copies it from the page, or `send_next_key` sends it over the open socket.
3. At the first handshake with the next key `connections` makes it the only one.

A key is 16 to 20 random bytes (OCPP 1.6 security whitepaper, A00.FR.205 of 2.0.1). It is shown as hexadecimal; chargers
send it as those characters or as the bytes they stand for, and both are the same key here. Random keys need no slow
password hash, which would cap a restart at a few handshakes a second.
"""

import hashlib
import hmac
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.orders import commands
from chargers.errors import WeakKey
from chargers.events import CredentialsRevoked
from chargers.models import ChargePoint, ChargerCommand
from chargers.orders.trust import ChangeKey
from evbalancer.common.events import publish
from evbalancer.common.security import encryption
from grid.domain import audit

KEY_BYTES = 20
MIN_KEY_BYTES = 16
MAX_KEY_BYTES = 40
NO_HASH = "0" * 64


def new_key() -> str:
    """A fresh key as 40 hexadecimal characters."""
    return secrets.token_hex(KEY_BYTES)


def hash_key(password: bytes) -> str:
    canonical = _canonical(password)
    return hmac.new(settings.CHARGER_KEY_PEPPER.encode(), canonical, hashlib.sha256).hexdigest()


def match_key(password: bytes, *, key_hash: str, next_key_hash: str = "") -> tuple[bool, bool]:
    """Whether the password is the key, and whether it is the next one. The same work for every answer."""
    shown = hash_key(password)
    is_current = hmac.compare_digest(shown, key_hash or NO_HASH)
    is_next = hmac.compare_digest(shown, next_key_hash or NO_HASH)
    return is_current, is_next


@transaction.atomic
def issue_key(charge_point: ChargePoint, *, actor: audit.Actor, now: datetime, key: str | None = None) -> str:
    """Replace the key at once and return it; it is shown only this once. A socket that the old one opened is closed."""
    key = _checked(key or new_key())
    charge_point.key_hash, charge_point.next_key_hash = hash_key(key.encode()), ""
    charge_point.save(update_fields=["key_hash", "next_key_hash"])
    audit.record_entry(actor=actor, action="charge_point.key_issued", target=charge_point, now=now)
    publish(CredentialsRevoked(charge_point_id=charge_point.pk))
    return key


@transaction.atomic
def rotate_key(
    charge_point: ChargePoint, *, actor: audit.Actor, now: datetime, key: str | None = None
) -> str:
    """Prepare the next key and return it once; the old one is valid until the first login with the new one."""
    key = _checked(key or new_key())
    charge_point.next_key_hash = hash_key(key.encode())
    charge_point.save(update_fields=["next_key_hash"])
    audit.record_entry(actor=actor, action="charge_point.key_rotated", target=charge_point, now=now)
    return key


@transaction.atomic
def send_next_key(
    charge_point: ChargePoint, *, actor: audit.Actor, now: datetime, within_s: int = 120
) -> ChargerCommand:
    """Rotate over the open socket: the charger stores the next key and logs in with it. Nobody gets to see it."""
    key = rotate_key(charge_point, actor=actor, now=now)
    return commands.queue_command(
        charge_point,
        ChangeKey(encrypted_key=encryption.encrypt(key)),
        by=actor,
        now=now,
        expires_s=within_s,
    )


def _canonical(password: bytes) -> bytes:
    try:
        decoded = bytes.fromhex(password.decode("ascii"))
    except ValueError:
        return password
    return decoded if MIN_KEY_BYTES <= len(decoded) <= MAX_KEY_BYTES else password


def is_long(password: bytes) -> bool:
    """Whether it is as long as the security profiles want a key."""
    return MIN_KEY_BYTES <= len(password) <= MAX_KEY_BYTES


def _checked(key: str) -> str:
    if not is_long(key.encode()):
        raise WeakKey(
            gettext("A key has %(min_key_bytes)s to %(max_key_bytes)s characters.")
            % {"min_key_bytes": MIN_KEY_BYTES, "max_key_bytes": MAX_KEY_BYTES}
        )
    return key
