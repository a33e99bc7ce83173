"""Where strangers wait for a manager's decision: they may boot, which is answered Pending, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from chargers.enums import Registration
from chargers.ocpp import frames
from chargers.ocpp.protocol import Handler, Payload, Version
from chargers.ocpp.sockets.inbox import Inbox
from chargers.ocpp.sockets.link import Link
from chargers.ocpp.sockets.switchboard import REPLACED
from chargers.ocpp.sockets.wire import Wire
from chargers.ocpp.writer import Writer
from chargers.reports.base import Source
from chargers.reports.sockets import BootReport, Stranger, StrangerBoot, StrangerOutcome

NOBODY = UUID(int=0)
DECIDED = (1000, "It was decided. Connect again.")
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class StrangerLink(Link):
    """A socket of no charge point: its boots reach the waiting row, it is asked nothing, and it leaves no log."""

    __slots__ = ("_leave", "pending_id")

    def __init__(
        self, held: Stranger, *, leave: Callable[["StrangerLink"], None], identity: str, version: Version, writer: Writer,
        send: Callable[[str], None], close: Callable[[int, str], Awaitable[None]],
    ) -> None:  # fmt: skip
        super().__init__(
            source=Source(NOBODY, NOBODY, NOBODY, held.connection_id),
            identity=identity,
            registration=Registration.PENDING,
            version=version,
            writer=writer,
            send=send,
            close=close,
        )
        self.pending_id = held.pending_id
        self._leave = leave

    def _readable(self, call: frames.Call) -> tuple[frames.Call, Handler]:
        # Not accepted, so only a BootNotification comes through.
        call, handler = super()._readable(call)
        return call, Handler(partial(self._read_boot, handler), handler.answer)

    def _read_boot(self, handler: Handler, payload: Payload, source: Source, received_at: datetime) -> Any:
        said = handler.read(payload, source, received_at)
        assert isinstance(said, BootReport)  # noqa: S101 (whatever the version, a boot makes one)
        return StrangerBoot(
            pending_id=self.pending_id,
            received_at=received_at,
            vendor=said.vendor,
            model=said.model,
            serial_number=said.serial_number,
            firmware_version=said.firmware_version,
        )

    def _answer(self, call: frames.Call, handler: Handler, outcome: Any, received_at: datetime) -> None:
        super()._answer(call, handler, outcome, received_at)
        if isinstance(outcome, StrangerOutcome) and outcome.is_over:
            self._leave(self)

    def may_be_asked(self) -> None:
        """It is asked nothing."""

    def _note_corrections(self, *_: Any, **__: Any) -> None:
        """Nobody knows yet of what make it is."""

    def _log(self, *_: Any, **__: Any) -> None:
        """There is no charge point that it could be logged for."""


class Lobby:
    """The sockets of strangers in this process: one for each of them, the newest."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._links: dict[UUID, StrangerLink] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def serve(
        self,
        held: Stranger,
        identity: str,
        version: Version,
        wire: Wire,
        *,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Send,
    ) -> None:
        """From the accepted handshake to the end of the socket."""

        async def close(code: int, reason: str) -> None:
            await send({"type": "websocket.close", "code": code, "reason": reason})

        link = StrangerLink(
            held,
            leave=lambda link: self._close_soon(link, DECIDED),
            identity=identity,
            version=version,
            writer=self._writer,
            send=wire.send_text,
            close=close,
        )
        inbox = Inbox(link, wire)
        older, self._links[held.pending_id] = self._links.get(held.pending_id), link
        if older is not None:
            self._close_soon(older, REPLACED)
        try:
            await send({"type": "websocket.accept", "subprotocol": version.subprotocol})
            wire.listen(inbox.put)
            while (message := await receive())["type"] == "websocket.receive":
                inbox.put(message.get("text"))
                await inbox.idle()
        finally:
            link.end()
            if self._links.get(held.pending_id) is link:
                del self._links[held.pending_id]
            await inbox.close()

    def decided(self, pending_id: UUID) -> None:
        """It was accepted: it connects again, as the charge point that it is now."""
        link = self._links.get(pending_id)
        if link is not None:
            self._close_soon(link, DECIDED)

    def _close_soon(self, link: StrangerLink, why: tuple[int, str]) -> None:
        task = asyncio.create_task(link.close(*why))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
