from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ocpp import exceptions
from ocpp.messages import Call, MessageType
from ocpp.routing import on

from chargers.simulator import schemas
from chargers.simulator.link import LinkError
from chargers.simulator.station import Station

# The package's own log shows every frame and a traceback for each refused one; the simulator says what matters.
FRAMES = logging.getLogger("chargers.simulator.frames")
FRAMES.setLevel(logging.CRITICAL)
READS_BACK = {"GetCompositeSchedule", "GetChargingProfiles"}


def handles(action: str) -> Callable[[Any], Any]:
    """Route a request; its schema has been checked before."""
    return on(action, skip_schema_validation=True)  # type: ignore[no-any-return]


class Answering:
    """Mixed into the ocpp package's charge points: strict about what comes in, faulty on demand in what goes out.

    Expects `station`, `version` (of the schemas) and `known_actions` of the class it is mixed into.
    """

    station: Station
    version: str
    known_actions: frozenset[str]
    route_map: dict[str, Any]
    _connection: Any
    _response_queue: asyncio.Queue[Any]
    _action: str = ""
    _asked: str = ""

    async def _handle_call(self, msg: Call) -> None:
        self._action = msg.action if isinstance(msg.action, str) else ""
        refusal = self._refusal(msg)
        if refusal is not None:
            await self._send(msg.create_call_error(refusal).to_json())
            return
        await super()._handle_call(msg)  # type: ignore[misc]

    def _refusal(self, msg: Call) -> exceptions.OCPPError | None:
        # The package has NotImplemented and NotSupported the wrong way round; this is the specification's.
        if self._action not in self.known_actions:
            self.station.complaints.append(f"unknown action {msg.action!r}"[:100])
            return exceptions.NotImplementedError(details={})
        if self._action not in self.route_map:
            return exceptions.NotSupportedError(details={})
        if self._action in READS_BACK and not self.station.spec.reads_back:
            return exceptions.NotSupportedError(details={})
        if self._action == "SetChargingProfile" and self.station.faults.profile_answer == "CallError":
            return exceptions.InternalError(details={"cause": "charging profile memory"})
        wrong = schemas.complaint(self._action, msg.payload, version=self.version)
        if wrong is not None:
            self.station.complaints.append(f"{self._action}: {wrong.details['cause']}")
        return wrong

    async def _get_specific_response(self, unique_id: str, timeout: float) -> Any:  # noqa: ASYNC109
        # The package's own uses asyncio.wait_for, which before Python 3.12 loses a cancellation that comes with the answer.
        async with asyncio.timeout(timeout):
            while True:
                response = await self._response_queue.get()
                if response is None:
                    raise LinkError("the connection ended")
                if response.unique_id == unique_id:
                    break
        if response.message_type_id == MessageType.CallResult:
            wrong = schemas.complaint(self._asked, response.payload, version=self.version, answer=True)
            if wrong is not None:
                self.station.complaints.append(f"answer to {self._asked}: {wrong.details['cause']}")
                raise wrong
        return response

    def hang_up(self) -> None:
        """The connection is gone: whoever waits for an answer hears it now, not after the time-out."""
        self._response_queue.put_nowait(None)

    async def _send(self, message: str) -> None:
        faults = self.station.faults
        if message.startswith("[2"):
            self._asked = message.split('"', 4)[3]
            await self._connection.send(message)
        elif not faults.answers(self._action):
            return
        elif faults.answer_delay_s > 0:
            self.station.spawn(self._send_late(message, faults.answer_delay_s))
        else:
            await self._connection.send(message)

    async def _send_late(self, message: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self._connection.send(message)
