"""Web push: messages to a browser by its maker's push service, which can't read them (RFC 8030, 8188, 8291, 8292).

A browser hands over an address at its push service and two keys. Each message is encrypted for these, and the call is signed with
the key of this server (VAPID). Calls go out by `outbound`, so that an address is public, or is not called.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import urlsplit

import http_ece
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import outbound
from evbalancer.common.words.said import Said

CURVE: Final = ec.SECP256R1()
POINT_BYTES, AUTH_BYTES, PRIVATE_BYTES = 65, 16, 32
# A message that nobody could be given within a day is old news.
KEPT_S: Final = 86_400
# RFC 8292 allows a day.
SIGNED_FOR: Final = timedelta(hours=12)
# A message is one record of 4096 bytes with its header and tag; services refuse more.
LONGEST_TEXT: Final = 600
NO_KEY: Final = "This server has no key for web push any more"
# Answers of a service that knows the browser no more (RFC 8030, 7.3, and what services do in its place).
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True, slots=True)
class Target:
    """A browser, as it described itself: an https address, and its keys in base64url."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).hostname or ""

    @property
    def keys(self) -> str:
        """To be stored, encrypted."""
        return orjson.dumps({"p256dh": self.p256dh, "auth": self.auth}).decode()

    @classmethod
    def read(cls, endpoint: str, keys: str) -> Self:
        return cls(endpoint, **orjson.loads(keys))


@dataclass(frozen=True, slots=True)
class Message:
    """What the browser shows. One with the tag of another takes its place; `path` opens with a tap."""

    title: str
    text: str
    tag: str
    path: str
    is_urgent: bool = False


def make_key() -> str:
    """A private key for `WEB_PUSH_KEY`: 32 bytes of P-256 in base64url, as other tools for web push write it."""
    number = ec.generate_private_key(CURVE).private_numbers().private_value
    return _encode(number.to_bytes(PRIVATE_BYTES, "big"))


def is_set_up() -> bool:
    return bool(settings.WEB_PUSH_KEY)


def public_key() -> str:
    """By which a browser knows this server. Raises ValueError when `WEB_PUSH_KEY` is no key."""
    return _encode(_point(_private_key()))


def check_target(target: Target) -> None:
    """Raises UnsafeAddress, and InvalidInput for keys that are none."""
    outbound.check(target.endpoint)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, _decode(target.p256dh))
        is_usable = len(_decode(target.p256dh)) == POINT_BYTES and len(_decode(target.auth)) == AUTH_BYTES
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InvalidInput("keys", Said("refusal.push_keys"))


def deliver(send: outbound.Send, target: Target, message: Message, *, now: datetime) -> outbound.Answer:
    """Send it once. `is_gone` of the answer: the browser has ended its subscription."""
    if not is_set_up():
        # It was when the browser subscribed.
        return outbound.Answer(NO_KEY, is_taken=False)
    body = {
        "title": message.title,
        "text": message.text[:LONGEST_TEXT],
        "tag": message.tag,
        "path": message.path,
    }
    return outbound.deliver(
        send,
        target.endpoint,
        _encrypt(orjson.dumps(body), target),
        _headers(target, is_urgent=message.is_urgent, now=now),
        gone=GONE,
    )


def _encrypt(body: bytes, target: Target) -> bytes:
    """RFC 8291: a fresh key pair and salt a message."""
    encrypted: bytes = http_ece.encrypt(
        body,
        private_key=ec.generate_private_key(CURVE),
        dh=_decode(target.p256dh),
        auth_secret=_decode(target.auth),
        version="aes128gcm",
    )
    return encrypted


def _headers(target: Target, *, is_urgent: bool, now: datetime) -> Mapping[str, str]:
    """RFC 8292: signed for the origin of this push service alone, so that it can use the signature nowhere else."""
    address = urlsplit(target.endpoint)
    claims: dict[str, Any] = {
        "aud": f"https://{address.netloc}",
        "exp": int((now + SIGNED_FOR).timestamp()),
        "sub": settings.WEB_PUSH_CONTACT or f"mailto:{settings.DEFAULT_FROM_EMAIL}",
    }
    token = jwt.encode(claims, _private_key(), algorithm="ES256")
    return {
        "Authorization": f"vapid t={token}, k={public_key()}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT_S),
        "Urgency": "high" if is_urgent else "normal",
    }


def _private_key() -> ec.EllipticCurvePrivateKey:
    raw = _decode(settings.WEB_PUSH_KEY)
    if len(raw) != PRIVATE_BYTES:
        raise ValueError(f"{len(raw)} bytes in place of {PRIVATE_BYTES}")
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(
        text.strip().encode() + b"=" * (-len(text.strip()) % 4), altchars=b"-_", validate=True
    )
