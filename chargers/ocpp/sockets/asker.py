"""Asks a charge point: one call at a time, in pieces where it takes no longer ones, and one outcome for each command."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from django.conf import settings

from chargers.domain.stations import device_model
from chargers.enums import CommandState, MessageDirection
from chargers.errors import BadCommand
from chargers.ocpp import frames, schemas, tolerance
from chargers.ocpp.pieces import Bounds, count_items, divide, is_too_long, length_of, merge
from chargers.ocpp.protocol import Division, Payload, Request, Verdict, Version
from chargers.ocpp.sockets import asked
from chargers.ocpp.writer import Writer
from chargers.orders.upkeep import ReadConfiguration
from chargers.reports.base import Source
from chargers.reports.commands import CommandOrder
from chargers.reports.log import Correction

Answer = frames.CallResult | frames.CallError
LONGEST_COUNT = 9
# What is no longer than this goes without a question; an answer that we have is kept at any length.
SHORT = 1_000
# Where OCPP 2 lists the variables that are asked for.
VARIABLES = "getVariableData"
# The answer for a list of cards that went in pieces, each of which is a version.
VERSION = "version"


class Heard(NamedTuple):
    """What an answer means, the answer as it was read, and whether the call was refused for its length."""

    verdict: Verdict
    payload: Payload | None = None
    is_refused_for_length: bool = False


class Asker:
    """The calls of one socket. The lengths that the charge point takes are asked once a socket."""

    def __init__(
        self,
        *,
        source: Source,
        version: Version,
        writer: Writer,
        send: Callable[[str], None],
        log: Callable[..., None],
        between: Callable[[], Awaitable[None]],
    ) -> None:
        # What it may send before its boot is accepted, because it was asked for it.
        self.asked_for: set[str] = set()
        self._source = source
        self._version = version
        self._writer = writer
        self._send = send
        self._log = log
        self._between = between
        self._awaited: tuple[str, asyncio.Future[Answer]] | None = None
        self._bounds: dict[str, Bounds] = {}
        self._lengths_asked: set[str] = set()

    def resolve(self, answer: Answer) -> None:
        # Ours are lower case; some write them as their language writes a UUID.
        if self._awaited is None or self._awaited[0] != answer.unique_id.strip(" {}").lower():
            return  # late or unsolicited: nobody waits for it, and nothing is kept
        future = self._awaited[1]
        if not future.done():
            future.set_result(answer)

    async def ask(self, order: CommandOrder) -> tuple[Verdict, Payload | None]:
        """Send a command, and what became of it."""
        version = self._version
        try:
            request = version.translate(order)
        except BadCommand as refusal:
            return Verdict(CommandState.REJECTED, f"Not sent: {refusal.detail}"), None
        wrong = schemas.complaint(version.package, version.request_schema(request.action), request.payload)
        if wrong is not None:
            return Verdict(CommandState.REJECTED, f"Not sent: {wrong[1]}"), None
        division = version.divisions.get(request.action)
        if division is not None and count_items(request, division) > 1:
            return await self._ask_in_pieces(order, request, division)
        verdict, payload, _ = await self._ask_once(order, request)
        return verdict, payload if verdict.result is None else verdict.result

    async def _ask_in_pieces(
        self, order: CommandOrder, request: Request, division: Division
    ) -> tuple[Verdict, Payload | None]:
        bounds = await self._bounds_of(request, division)
        answers: list[Payload] = []
        last: Payload = {}
        for piece in divide(request, division, bounds):
            if answers:
                await self._between()
                last = {VERSION: piece.payload[division.version]} if division.version else {}
            verdict, payload, is_refused_for_length = await self._ask_once(order, piece)
            count = count_items(piece, division)
            if is_refused_for_length and count > 1 and not answers:
                # It never said how many it takes.
                self._bounds[request.action] = bounds._replace(items=count // 2)
                return await self._ask_in_pieces(order, request, division)
            if payload is None or verdict.state in (CommandState.ERROR, CommandState.UNKNOWN):
                return verdict, last or payload
            answers.append(payload)
            if "status" in payload and verdict.state != CommandState.ACCEPTED:
                return verdict, {**payload, **last}
        merged = merge(answers)
        verdict = self._version.judge(order, merged)
        return verdict, {**(merged if verdict.result is None else verdict.result), **last}

    async def _bounds_of(self, request: Request, division: Division) -> Bounds:
        action = request.action
        if action not in self._bounds:
            items, most_bytes = [
                await self._count_known(names) for names in (division.most_items, division.most_bytes)
            ]
            if items is None:
                items = await self._count_told(division.most_items)
            self._bounds[action] = Bounds(items, most_bytes)
        is_short = length_of(request) <= SHORT
        if self._bounds[action].bytes is None and action not in self._lengths_asked and not is_short:
            self._lengths_asked.add(action)
            most_bytes = await self._count_told(division.most_bytes)
            self._bounds[action] = self._bounds[action]._replace(bytes=most_bytes)
        return self._bounds[action]

    async def _count_known(self, names: tuple[str, ...]) -> int | None:
        """The first of these variables that it told of before, in a report or an answer."""
        for name in names:
            for place in self._version.translate(_reading(name)).payload.get(VARIABLES, ()):
                component, variable = place["component"], place["variable"]
                read = partial(
                    device_model.read_value,
                    self._source.charge_point_id,
                    component=component["name"],
                    component_instance=component.get("instance", ""),
                    variable=variable["name"],
                    variable_instance=variable.get("instance", ""),
                )
                if (count := _count(await self._writer.call(read))) is not None:
                    return count
        return None

    async def _count_told(self, names: tuple[str, ...]) -> int | None:
        """The first of these variables that it knows, each asked alone: together they could be too many."""
        for name in names:
            order = _reading(name)
            verdict, payload, _ = await self._ask_once(order, self._version.translate(order))
            told = (payload if verdict.result is None else verdict.result) or {}
            for entry in told.get("configurationKey") or ():
                if (count := _count(entry.get("value"))) is not None:
                    return count
        return None

    async def _ask_once(self, order: CommandOrder, request: Request) -> Heard:
        began_s = time.monotonic()
        answer = await self._call(request)
        if answer is None:
            return Heard(Verdict(CommandState.UNKNOWN, "No answer came in time."))
        said = answer.payload if isinstance(answer, frames.CallResult) else None
        verdict, payload, corrections = self._judge(order, request, answer)
        self._log(
            MessageDirection.IN,
            request.action,
            answer.unique_id,
            said,
            error=verdict.error if verdict.state == CommandState.ERROR else "",
            ms=round((time.monotonic() - began_s) * 1000),
            corrections=corrections,
        )
        if payload is not None and verdict.state != CommandState.ERROR:
            await self._learn(request, payload)
        return Heard(verdict, payload, is_too_long(answer))

    async def _learn(self, request: Request, answer: dict[str, Any]) -> None:
        told = self._version.learn(request, answer, self._source, datetime.now(UTC))
        if told is not None:
            await self._writer.submit(told)

    def _judge(
        self, order: CommandOrder, request: Request, answer: Answer
    ) -> tuple[Verdict, dict[str, Any] | None, tuple[Correction, ...]]:
        """What the answer means, the answer as it was read, and what had to be corrected for that."""
        version = self._version
        if isinstance(answer, frames.CallError):
            # Never a success, and no proof that nothing was done either.
            return Verdict(CommandState.ERROR, f"{answer.code}: {answer.description}"), None, ()
        payload = answer.payload
        corrections: tuple[Correction, ...] = ()
        if payload is None:
            sentence = "The answer is malformed: it is no object that can be stored."
            self._complain(answer, ("FormationViolation", sentence))
            return Verdict(CommandState.ERROR, sentence), None, ()
        schema = version.response_schema(request.action)
        wrong = schemas.complaint(version.package, schema, payload)
        if wrong is not None:
            try:
                payload, corrections = tolerance.correct_answer(version.package, schema, payload)
            except tolerance.Lacking:
                self._complain(answer, wrong)
                return Verdict(CommandState.ERROR, f"The answer is malformed: {wrong[1]}"), payload, ()
            self._writer.note_corrections(self._source, schema, corrections)
        return version.judge(order, payload), payload, corrections

    def _complain(self, answer: frames.CallResult, wrong: tuple[str, str]) -> None:
        """Tell the charge point that its answer can't be read, where its version has a frame for that."""
        if self._version.has_asides:
            code = self._version.error_code(wrong[0])
            with contextlib.suppress(OSError):
                self._send(frames.call_result_error(answer.unique_id, code, wrong[1]))

    async def _call(self, request: Request) -> Answer | None:
        """Send the one outstanding call and wait for its answer; None when none came."""
        unique_id = str(uuid4())
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._awaited = (unique_id, future)
        follows = asked.awaited_after(request)
        if follows is not None:
            self.asked_for.add(follows)
        self._log(MessageDirection.OUT, request.action, unique_id, request.payload)
        try:
            async with asyncio.timeout(settings.OCPP_CALL_TIMEOUT_S):
                self._send(frames.call(unique_id, request.action, request.payload))
                return await future
        except (TimeoutError, OSError):
            return None
        finally:
            self._awaited = None


def _reading(name: str) -> CommandOrder:
    return CommandOrder(uuid4(), ReadConfiguration(keys=(name,)))


def _count(told: object) -> int | None:
    """A number above 0; None for anything else."""
    text = str(told or "").strip()
    is_count = text.isascii() and text.isdecimal() and len(text) <= LONGEST_COUNT
    return (int(text) or None) if is_count else None
