"""Calls to addresses that people gave us: never to this machine, this network or a cloud's metadata (S13).

The name is resolved once, every address it has must be public, and the connection goes to that very address, so a
name that answers differently a moment later (DNS rebinding) gains nothing. Redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput

TIMEOUT_S = 5.0
# From the first byte to the last: a target that sends one every few seconds is given up as well.
LONGEST_CALL_S = 10.0
LONGEST_ANSWER = 4096
NAT64 = ipaddress.ip_network("64:ff9b::/96")

# The answer of one who wants no more of it.
GONE = http.client.GONE
LONGEST_OUTCOME = 120

Resolve = Callable[[str, int], list[str]]
Send = Callable[[str, bytes, Mapping[str, str]], int]


class UnsafeAddress(InvalidInput):
    code: ClassVar[str] = "unsafe_address"

    def __init__(self, detail: str) -> None:
        super().__init__("url", detail, code="unsafe_address")


class DeliveryError(Exception):
    """The other side did not take it. `status` is its answer, if it gave one."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: where to connect to, and what to call it there."""

    host: str
    ip: str
    port: int
    path: str


def resolve_all(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check(url: str, *, resolve: Resolve = resolve_all) -> Target:
    """Where `url` leads. Raises UnsafeAddress for anything but https to public addresses only."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise UnsafeAddress(gettext("This is not an address.")) from error
    if parts.scheme != "https" or not parts.hostname:
        raise UnsafeAddress(gettext("Only https:// addresses are called."))
    if parts.username or parts.password:
        raise UnsafeAddress(gettext("An address with a user name or password is not called."))
    try:
        found = resolve(parts.hostname, port)
    except (OSError, UnicodeError) as error:
        raise UnsafeAddress(gettext("The name does not resolve.")) from error
    if not found or not all(is_public(ip) for ip in found):
        raise UnsafeAddress(gettext("The address is not public."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname, found[0], port, path)


def is_public(text: str) -> bool:
    """Whether an IP address is one of the wide world, also when IPv4 hides inside IPv6."""
    try:
        address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if address in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)))
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolve: Resolve = resolve_all,
    context: ssl.SSLContext | None = None,
) -> int:
    """POST and return a 2xx status. Raises UnsafeAddress, and DeliveryError for everything that is no 2xx."""
    return _call("POST", url, body, headers, resolve=resolve, context=context)


def put(url: str, body: bytes, headers: Mapping[str, str], *, resolve: Resolve = resolve_all) -> int:
    """The same by PUT."""
    return _call("PUT", url, body, headers, resolve=resolve, context=None)


def _call(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolve: Resolve,
    context: ssl.SSLContext | None,
) -> int:
    target = check(url, resolve=resolve)
    connection = _Pinned(target, context or ssl.create_default_context())
    try:
        with connection.ended_in_time():
            connection.request(method, target.path, body=body, headers=dict(headers))
            response = connection.getresponse()
            response.read(LONGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(f"No answer: {type(error).__name__}") from error
    finally:
        connection.close()
    if not http.client.OK <= response.status < http.client.MULTIPLE_CHOICES:
        raise DeliveryError(f"Answered {response.status}", response.status)
    return response.status


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message, in words that may be shown to whoever gave the address."""

    outcome: str
    is_taken: bool
    is_gone: bool = False


def deliver(
    send: Send, url: str, body: bytes, headers: Mapping[str, str], *, gone: Collection[int] = (GONE,)
) -> Answer:
    """Send it once. Raises nothing for what the other side, or the way there, does wrong. `gone`: answers of one who wants no more."""
    try:
        status = send(url, body, headers)
    except (DeliveryError, UnsafeAddress) as error:
        is_gone = getattr(error, "status", None) in gone
        return Answer(str(error)[:LONGEST_OUTCOME], is_taken=False, is_gone=is_gone)
    return Answer(f"Answered {status}", is_taken=True)


class _Pinned(http.client.HTTPSConnection):
    """HTTPS to one checked address, under the name that the certificate must carry."""

    def __init__(self, target: Target, context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_S, context=context)
        self._target = target
        self._tls = context
        self._line: socket.socket | None = None
        self._is_late = False

    @contextmanager
    def ended_in_time(self) -> Iterator[None]:
        """A call that takes too long in all fails as a connection that broke."""
        clock = threading.Timer(LONGEST_CALL_S, self._break)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()
            if self._line is not None:
                self._line.close()
        if self._is_late:
            # The bytes before the end are no answer: it was cut off somewhere.
            raise TimeoutError

    def _break(self) -> None:
        self._is_late = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        raw = socket.create_connection((self._target.ip, self._target.port), TIMEOUT_S)
        # TLS takes the socket over; shutting down a second handle of it ends both.
        self._line = raw.dup()
        if self._is_late:
            raise TimeoutError
        self.sock = self._tls.wrap_socket(raw, server_hostname=self._target.host)
