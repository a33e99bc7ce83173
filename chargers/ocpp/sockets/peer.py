"""Who is at the other end of a socket: address, TLS, client certificate.

A proxy that ends TLS tells these by headers. They are believed only when the socket itself comes from an address of
`OCPP_TRUSTED_PROXIES`; anybody else's are read as if they were not there.
"""

import base64
import binascii
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from evbalancer.common.security.addresses import is_within

MOST_CERTIFICATE_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Peer:
    """`certificate` is DER, its chain verified by whoever ended TLS."""

    address: str
    is_secure: bool
    certificate: bytes | None = None


def peer_of(scope: MutableMapping[str, Any]) -> Peer:
    client = scope.get("client")
    address = str(client[0]) if client else ""
    is_secure = scope.get("scheme") == "wss"
    if not is_within(address, settings.OCPP_TRUSTED_PROXIES):
        return Peer(address, is_secure, _own_tls(scope))
    forwarded = _values(scope, "x-forwarded-proto")
    if forwarded:
        is_secure = forwarded[-1].strip().lower() in {"https", "wss"}
    shown = _values(scope, settings.OCPP_CLIENT_CERT_HEADER)
    certificate = read_certificate(shown[0]) if is_secure and len(shown) == 1 else None
    return Peer(_behind(address, _values(scope, "x-forwarded-for")), is_secure, certificate)


def read_certificate(text: str) -> bytes | None:
    """DER of what a proxy sends: URL-encoded PEM (nginx), base64 of DER (Caddy, HAProxy), or RFC 9440's `:base64:`."""
    text = text.strip()
    if not text or len(text) > MOST_CERTIFICATE_BYTES:
        return None
    try:
        if "BEGIN" in text:
            return x509.load_pem_x509_certificate(unquote_to_bytes(text)).public_bytes(Encoding.DER)
        return base64.b64decode(text.strip(":"), validate=True)
    except (ValueError, binascii.Error):
        return None


def _own_tls(scope: MutableMapping[str, Any]) -> bytes | None:
    """ASGI's TLS extension: the server itself ended TLS and verified the chain."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    for pem in chain:
        return read_certificate(str(pem))
    return None


def _values(scope: MutableMapping[str, Any], name: str) -> list[str]:
    wanted = name.lower().encode()
    return [value.decode("latin-1") for header, value in scope["headers"] if header.lower() == wanted]


def _behind(proxy: str, forwarded_for: list[str]) -> str:
    """The last address that no trusted proxy has: everything before it could have been written by that one."""
    hops = [hop.strip() for hop in ",".join(forwarded_for).split(",") if hop.strip()]
    return next((hop for hop in reversed(hops) if not is_within(hop, settings.OCPP_TRUSTED_PROXIES)), proxy)
