"""One open socket: reads calls, answers them after the commit, and sends at most one call at a time."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from chargers.domain.orders.secrets import hide_secrets
from chargers.enums import MessageDirection, Registration
from chargers.ocpp import frames, schemas, tolerance
from chargers.ocpp.protocol import UNPLACED_END, Handler, Version
from chargers.ocpp.sockets.asker import Asker
from chargers.ocpp.writer import DatabaseAway, Writer, WriterStopped
from chargers.reports.base import Source
from chargers.reports.commands import CommandOrder, CommandPull, CommandReply
from chargers.reports.log import Correction, LogEntry
from chargers.reports.sockets import BootOutcome, Lease

logger = logging.getLogger(__name__)

DATABASE_AWAY = (1013, "Nothing can be stored at the moment, come again.")
# Kinds of corrections that a socket remembers to have logged.
MOST_KINDS = 200
UNREADABLE = "It could not be read."
# In the log.
LONGEST_ACTION = 48


class Link:
    """The state of one socket. Everything here runs on the event loop; what is stored goes through the writer."""

    __slots__ = (
        "_accepted",
        "_asker",
        "_close",
        "_corrected_before",
        "_courier",
        "_farewell",
        "_key",
        "_may_ask",
        "_pending",
        "_poked",
        "_send",
        "_writer",
        "closed",
        "heard_at",
        "identity",
        "registration",
        "source",
        "version",
    )

    def __init__(
        self,
        *,
        source: Source,
        identity: str,
        registration: Registration,
        version: Version,
        writer: Writer,
        send: Callable[[str], None],
        close: Callable[[int, str], Awaitable[None]],
        key: str = "",
        accepted: Callable[[], None] | None = None,
    ) -> None:
        self.source = source
        self.identity = identity
        self.registration = registration
        self.version = version
        self.heard_at = datetime.now(UTC)
        self.closed = False
        self._writer = writer
        self._send = send
        self._close = close
        self._asker = Asker(
            source=source,
            version=version,
            writer=writer,
            send=send,
            log=self._log,
            between=self._let_urgent_through,
        )
        self._courier: asyncio.Task[None] | None = None
        self._farewell: asyncio.Task[None] | None = None
        self._poked = False
        self._may_ask = False
        self._accepted = accepted
        if registration == Registration.ACCEPTED and accepted is not None:
            accepted()
        # What it signed in with, which no record may show.
        self._key = key
        self._corrected_before: set[tuple[str, str, str]] = set()
        # The call that is being stored, how it is answered, and what is to be done then.
        self._pending: tuple[frames.Call, Handler, datetime, Callable[[], None]] | None = None

    @property
    def lease(self) -> Lease:
        return Lease(self.source, self.heard_at)

    # From the charge point

    def hear(self, text: str | None, then: Callable[[], None]) -> bool:
        """Take one frame. True when it is answered later, after its commit; `then` is called thereafter.

        Plain calls and no coroutine: a task and a future a frame would cost as much as everything else here.
        """
        if self.closed:
            return False
        self.heard_at = datetime.now(UTC)
        try:
            frame = frames.parse(text)
            if isinstance(frame, frames.Call):
                return self._take(frame, then)
            if isinstance(frame, frames.Send | frames.CallResultError):
                self._note_aside(frame)
            elif frame is not None:
                self._asker.resolve(frame)
        except frames.FrameError as error:
            self._refuse(error)
        except Exception:
            # One frame that nobody foresaw must not cost the charge point its connection.
            logger.exception("A frame of %s could not be taken", self.identity)
        return False

    def _take(self, call: frames.Call, then: Callable[[], None]) -> bool:
        received_at = self.heard_at
        try:
            call, handler = self._readable(call)
            report = handler.read(call.payload, self.source, received_at)
        except frames.FrameError as error:
            error.action, error.payload = call.action, call.payload
            raise
        except Exception as error:
            logger.exception("A %s of %s could not be read", call.action, self.identity)
            raise frames.FrameError(
                "InternalError",
                UNREADABLE,
                unique_id=call.unique_id,
                action=call.action,
                payload=call.said or call.payload,
            ) from error
        if report is None:
            self._answer(call, handler, None, received_at)
            return False
        try:
            self._writer.hand_in(report, self._stored)
        except WriterStopped:
            return False  # not stored, so not answered: the charger says it again to the next process
        self._pending = (call, handler, received_at, then)
        return True

    def _stored(self, outcome: Any) -> None:
        if self._pending is None:
            return
        (call, handler, received_at, then), self._pending = self._pending, None
        try:
            if isinstance(outcome, DatabaseAway):
                self._hang_up()
            elif isinstance(outcome, Exception):
                # The database's reasons are in our log; the charger only needs to know that it must try again.
                sentence = "It could not be stored, try again."
                self._refuse(
                    frames.FrameError(
                        "InternalError",
                        sentence,
                        unique_id=call.unique_id,
                        action=call.action,
                        payload=call.said or call.payload,
                    )
                )
            else:
                self._answer(call, handler, outcome, received_at)
        except Exception:
            logger.exception("A call of %s could not be answered", self.identity)
        then()

    def _answer(self, call: frames.Call, handler: Handler, outcome: Any, received_at: datetime) -> None:
        if isinstance(outcome, BootOutcome):
            self.registration = outcome.registration
            if self.registration == Registration.ACCEPTED and self._accepted is not None:
                self._accepted()
        payload = handler.word(call.payload, outcome, received_at)
        self._reply(frames.call_result(call.unique_id, payload))
        if call.corrections:
            self._note_corrections(call, received_at, is_logged=handler.logs(call.payload))
        if handler.logs(call.payload):
            if not call.corrections:
                self._log(MessageDirection.IN, call.action, call.unique_id, call.payload, at=received_at)
            self._log(MessageDirection.OUT, call.action, call.unique_id, payload, since=received_at)
        if not self._may_ask or self._poked:
            self.may_be_asked()

    def _refuse(self, error: frames.FrameError) -> None:
        code = self.version.error_code(error.code)
        sentence = f"{code}: {error.description}"
        self._log(MessageDirection.IN, error.action, error.unique_id, error.payload, error=sentence)
        self._reply(frames.call_error(error.unique_id, code, error.description))

    def _reply(self, text: str) -> None:
        # The peer may have gone while it was answered.
        with contextlib.suppress(OSError):
            self._send(text)

    def _readable(self, call: frames.Call) -> tuple[frames.Call, Handler]:
        """The call as its handler can read it, and the handler."""
        version = self.version
        handler = version.handlers.get(call.action)
        if handler is None:
            known = version.request_schema(call.action) in schemas.names(version.package)
            code = "NotSupported" if known else "NotImplemented"
            raise frames.FrameError(code, "This action is not taken here.", unique_id=call.unique_id)
        wrong = schemas.complaint(version.package, version.request_schema(call.action), call.payload)
        if wrong is None and (name := frames.out_of_range(call.payload)) is not None:
            wrong = ("PropertyConstraintViolation", f"{name} is out of range.")
        if wrong is not None:
            call, handler = self._corrected(call, handler, wrong)
        if not self._may_say(call.action):
            # OCPP 1.6 section 4.2: until it is accepted, a charge point boots, and sends what it was asked for.
            raise frames.FrameError(
                "SecurityError", "The boot was not accepted yet.", unique_id=call.unique_id
            )
        return call, handler

    def _may_say(self, action: str) -> bool:
        if self.registration == Registration.ACCEPTED or action == "BootNotification":
            return True
        return self.registration == Registration.PENDING and action in self._asker.asked_for

    def _corrected(
        self, call: frames.Call, handler: Handler, wrong: tuple[str, str]
    ) -> tuple[frames.Call, Handler]:
        """Refused only for what the handler can't do without; the end of a transaction not even for that."""
        version = self.version
        schema = version.request_schema(call.action)
        try:
            payload, corrections = tolerance.correct_call(version.package, call.action, schema, call.payload)
        except tolerance.Lacking as lacking:
            if version.is_end(call.action, call.payload):
                return call, UNPLACED_END
            code, sentence = wrong
            if lacking.place and lacking.place not in sentence:
                sentence = f"{lacking.place} is missing or can't be read. {sentence}"[:255]
            raise frames.FrameError(code, sentence, unique_id=call.unique_id) from None
        return call._replace(payload=payload, said=call.payload, corrections=corrections), handler

    # To the charge point

    def may_be_asked(self) -> None:
        """It has had its say: a charge point that boots must be answered before it is asked anything."""
        self._may_ask = True
        if self._poked:
            self.poke()

    def poke(self) -> None:
        """There may be a command to send."""
        if self.closed:
            return
        if not self._may_ask or (self._courier is not None and not self._courier.done()):
            self._poked = True
            return
        self._poked = False
        self._courier = asyncio.create_task(self._deliver_all())

    async def _deliver_all(self) -> None:
        try:
            while not self.closed:
                self._poked = False
                order = await self._writer.submit(
                    CommandPull(source=self.source, received_at=datetime.now(UTC))
                )
                if isinstance(order, CommandOrder):
                    await self._deliver(order)
                elif not self._poked:
                    return
        except WriterStopped:
            return
        except DatabaseAway:
            self._hang_up()
        except Exception:
            logger.exception("Commands for %s wait for the next look", self.identity)

    async def _deliver(self, order: CommandOrder) -> None:
        verdict, result = await self._asker.ask(order)
        if self.closed:
            return  # the hang-up turns it into unknown
        await self._writer.submit(
            CommandReply(
                source=self.source,
                received_at=datetime.now(UTC),
                command_id=order.command_id,
                state=verdict.state,
                result=result,
                error=verdict.error,
            )
        )

    async def _let_urgent_through(self) -> None:
        """Between the pieces of a long call: a cut waits for none of them."""
        while self._poked:
            order = await self._writer.submit(
                CommandPull(source=self.source, received_at=datetime.now(UTC), is_urgent=True)
            )
            if not isinstance(order, CommandOrder):
                return
            await self._deliver(order)

    def _hang_up(self) -> None:
        """Nothing can be stored. Refused, a charger would give a transaction's message up after a few attempts (1.6 section
        3.7.2); offline it keeps everything, and its leases end in its fallback."""
        if not self.closed:
            self._farewell = asyncio.create_task(self.close(*DATABASE_AWAY))

    async def close(self, code: int, reason: str) -> None:
        """Close the socket from our side; its consumer then ends as after any other close."""
        self.end()
        # The peer may have closed in the same moment; the server then refuses to close it again, or finds nobody there.
        with contextlib.suppress(RuntimeError, OSError):
            await self._close(code, reason)

    def end(self) -> None:
        """The socket is gone: whoever waits for an answer stops waiting at once."""
        self.closed = True
        if self._courier is not None:
            self._courier.cancel()

    # The log

    def _note_aside(self, frame: frames.Send | frames.CallResultError) -> None:
        """Nobody answers it, so that the log is all that it reaches. With the id of our own call it is an odd answer, which ends that call;
        versions without such frames have no other meaning for them."""
        if not self.version.has_asides:
            self._asker.resolve(frames.CallError(frame.unique_id, frames.NO_CODE, frames.UNKNOWN_TYPE))
        elif isinstance(frame, frames.Send):
            self._log(MessageDirection.IN, frame.action[:LONGEST_ACTION], frame.unique_id, frame.payload)
        else:
            self._asker.resolve(frames.CallError(frame.unique_id, frame.code, frame.description))
            sentence = f"{frame.code}: {frame.description}"
            self._log(MessageDirection.IN, "CallResultError", frame.unique_id, None, error=sentence)

    def _note_corrections(self, call: frames.Call, received_at: datetime, *, is_logged: bool) -> None:
        """Counted for its make. In the log as it came; of what is not logged otherwise only the first of a kind, since meters
        say the same every ten seconds."""
        self._writer.note_corrections(self.source, call.action, call.corrections)
        kinds = {(call.action, one.place, one.how) for one in call.corrections}
        if not is_logged and kinds <= self._corrected_before:
            return
        if len(self._corrected_before) < MOST_KINDS:
            self._corrected_before |= kinds
        self._log(
            MessageDirection.IN,
            call.action,
            call.unique_id,
            call.said,
            at=received_at,
            corrections=call.corrections,
        )

    def _log(
        self,
        direction: MessageDirection,
        action: str,
        unique_id: str,
        payload: dict[str, Any] | None,
        *,
        error: str = "",
        at: datetime | None = None,
        since: datetime | None = None,
        ms: int | None = None,
        corrections: tuple[Correction, ...] = (),
    ) -> None:
        now = datetime.now(UTC)
        if since is not None:
            ms = round((now - since).total_seconds() * 1000)
        kept = None if payload is None else hide_secrets(payload, known=self._key, is_cut=True)
        self._writer.log(
            LogEntry(self.source, at or now, direction, action, unique_id, kept, error, ms, corrections)
        )
