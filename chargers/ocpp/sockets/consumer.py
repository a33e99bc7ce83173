"""The OCPP endpoint: lets charge points in, reads their frames, and notices when they are gone.

A plain ASGI application and no Channels consumer: those run a database clean-up in a thread before every message and keep
a second task a socket for the layer, which together cost two thirds of the throughput.
"""

import asyncio
import base64
import binascii
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection

from chargers.enums import OcppVersion
from chargers.models.charge_point import IDENTITY
from chargers.ocpp.lanes import TwoLanes
from chargers.ocpp.protocol import Version
from chargers.ocpp.sockets.inbox import Inbox
from chargers.ocpp.sockets.link import Link
from chargers.ocpp.sockets.lobby import Lobby
from chargers.ocpp.sockets.peer import Peer, peer_of
from chargers.ocpp.sockets.switchboard import Switchboard
from chargers.ocpp.sockets.throttle import BadHandshakes
from chargers.ocpp.sockets.wire import EXTENSION, AsgiWire, Wire
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from chargers.ocpp.writer import DatabaseAway, Writer, WriterStopped
from chargers.reports.sockets import Admission, Handshake, Hangup, Stranger
from evbalancer.common import topics
from evbalancer.common.collector import calm_collector

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATH = "/ocpp/"
# In the order of the server's preference.
VERSIONS = {OcppVersion(version.subprotocol): version for version in (V21, V201, V16)}
SHORTEST_KEY = 12
LONGEST_REMEMBERED = 60
NO_COMMON_SUBPROTOCOL = (1002, "The server supports none of the offered subprotocols.")


class OcppServer:
    """All that one process needs to serve charge points: one writer, one switchboard, one memory of bad handshakes."""

    def __init__(self, writer: Writer | TwoLanes | None = None) -> None:
        # SQLite has one writer, whatever asks.
        self.writer = writer or (Writer() if connection.vendor == "sqlite" else TwoLanes())
        self._lobby = Lobby(self.writer)
        self.switchboard = Switchboard(self.writer, decided=self._lobby.decided)
        self._bad = BadHandshakes()
        self._started = False

    async def start(self) -> None:
        if self._started:
            return
        self._started = True
        topics.send_on(asyncio.get_running_loop())
        calm_collector()
        # The writer asks for the interpreter a dozen times a batch; at the default it would wait 5 ms for each.
        sys.setswitchinterval(0.001)
        self.writer.start()
        await self.switchboard.start()

    async def stop(self) -> None:
        if not self._started:
            return
        await self.switchboard.stop()
        await self.writer.stop()
        topics.send_on(None)
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket from handshake to hang-up."""
        await self.start()
        await receive()
        identity = _identity(scope["path"])
        offered = _shared(scope.get("subprotocols", ()))
        peer = peer_of(scope)
        try:
            # What can't be an identity is nobody's: a stranger like any other, and no database has to be asked.
            is_possible = _is_possible(identity)
            admission = await self._admit(scope, peer, identity, offered) if is_possible else None
            if not is_possible:
                self._note_bad(identity, peer)
        except (DatabaseAway, WriterStopped):
            await _refuse(scope, send, 503)
            return
        if admission is None:
            status = 429 if self._bad.is_shut_out(identity[:LONGEST_REMEMBERED], peer.address) else 401
            await _refuse(scope, send, status)
            return
        if admission.ocpp_version is None:
            await send({"type": "websocket.accept"})
            code, reason = NO_COMMON_SUBPROTOCOL
            await send({"type": "websocket.close", "code": code, "reason": reason})
            return
        version = VERSIONS[admission.ocpp_version]
        wire = scope.get("extensions", {}).get(EXTENSION) or AsgiWire(send)
        if isinstance(admission, Stranger):
            await self._lobby.serve(admission, identity, version, wire, receive=receive, send=send)
            return
        link = self._link(admission, identity, version, wire, send, key=_key(scope, identity))
        inbox = Inbox(link, wire)
        try:
            await send({"type": "websocket.accept", "subprotocol": version.subprotocol})
            self.switchboard.enter(link)
            if admission.has_orders:
                link.poke()
            wire.listen(inbox.put)
            while (message := await receive())["type"] == "websocket.receive":
                inbox.put(message.get("text"))
                await inbox.idle()
        finally:
            link.end()
            self.switchboard.leave(link)
            await inbox.close()
            await self._hang_up(link)

    async def _admit(
        self, scope: Scope, peer: Peer, identity: str, offered: tuple[OcppVersion, ...]
    ) -> Admission | Stranger | None:
        handshake = Handshake(
            identity=identity,
            password=_password(scope, identity),
            offered=offered,
            connection_id=uuid4(),
            received_at=datetime.now(UTC),
            address=peer.address,
            is_secure=peer.is_secure,
            certificate=peer.certificate,
        )
        admission = await self.writer.submit(handshake)
        if isinstance(admission, Admission):
            self._bad.forgive(identity, peer.address)
        if isinstance(admission, Admission | Stranger):
            return admission
        self._note_bad(identity, peer)
        return None

    def _note_bad(self, identity: str, peer: Peer) -> None:
        if self._bad.note(identity[:LONGEST_REMEMBERED], peer.address):
            logger.warning(
                "Too many bad handshakes as %r from %s: shut out for a while", identity[:48], peer.address
            )

    def _link(
        self, admission: Admission, identity: str, version: Version, wire: Wire, send: Send, *, key: str
    ) -> Link:
        async def close(code: int, reason: str) -> None:
            await send({"type": "websocket.close", "code": code, "reason": reason})

        return Link(
            source=admission.source,
            identity=identity,
            registration=admission.registration,
            version=version,
            writer=self.writer,
            send=wire.send_text,
            close=close,
            key=key,
            accepted=lambda: wire.allow(settings.OCPP_MAX_ACCEPTED_FRAME_BYTES),
        )

    async def _hang_up(self, link: Link) -> None:
        try:
            await asyncio.shield(
                self.writer.submit(Hangup(source=link.source, received_at=datetime.now(UTC)))
            )
        except (WriterStopped, DatabaseAway, asyncio.CancelledError):
            # The server ends faster than it can close every socket, or can't close them; their leases then run out.
            logger.info("%s: left to its lease", link.identity)


def _identity(path: str) -> str:
    rest = path[path.index(PATH) + len(PATH) :] if PATH in path else ""
    return rest.rstrip("/")


def _is_possible(identity: str) -> bool:
    try:
        IDENTITY(identity)
    except ValidationError:
        return False
    return True


def _shared(offered: Iterable[str]) -> tuple[OcppVersion, ...]:
    """What both speak, in the server's order."""
    offers = {offer.strip() for offer in offered}
    return tuple(version for version in VERSIONS if version.value in offers)


def _password(scope: Scope, identity: str) -> bytes | None:
    """The password of HTTP basic authentication, b"" when it is for somebody else, None when there is none."""
    header = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), None)
    if header is None:
        return None
    scheme, _, encoded = header.partition(b" ")
    try:
        credentials = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return b""
    if scheme.lower() != b"basic":
        return b""
    # The id may contain a colon, so the path says where the name ends. Some write it there as they do in the URL.
    own, colon = identity.encode(), credentials.find(b":")
    while colon >= 0:
        if own in (credentials[:colon], unquote_to_bytes(credentials[:colon])):
            return credentials[colon + 1 :]
        colon = credentials.find(b":", colon + 1)
    return b""


def _key(scope: Scope, identity: str) -> str:
    """What it signed in with, as it could stand in a message; nothing that is too short to be told from other words."""
    password = _password(scope, identity) or b""
    return password.decode(errors="ignore") if len(password) >= SHORTEST_KEY else ""


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-length", b"0")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="OCPP"'))
    else:
        headers.append((b"retry-after", b"300" if status == 429 else b"5"))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
