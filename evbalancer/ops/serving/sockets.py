"""uvicorn's WebSocket, with a short way for charge points: frames go straight from the transport to who listens.

An ASGI message costs a queue, a task's wake-up and a pause of the transport; the sans-IO parser runs a chain of generators.
Together they were half of the processor's time of a stored message. Handshake, pings, closing, fragments, oversized and
malformed frames stay with uvicorn and `websockets`: only a whole, plain, masked text frame is read here.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State
from websockets.speedups import apply_mask

from chargers.ocpp.sockets.wire import EXTENSION

PLAIN_TEXT = 0x81
MASKED = 0x80
TEXT_HEAD = bytes([PLAIN_TEXT])


class ChargerSocket(WebSocketsSansIOProtocol):
    """Offers itself in the scope; an application that does not listen is served as ever."""

    _listener: Callable[[str | None], None] | None = None
    _is_plain = True
    _holds = False
    _is_heard = False
    _rest: bytes | bytearray = b""
    # How long what is buffered has to become before it is worth another look.
    _awaited = 0
    _most_bytes: int | None = None

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # else the request was refused
            scope: Any = self.scope
            scope["extensions"][EXTENSION] = self

    # For the application

    def listen(self, listener: Callable[[str | None], None]) -> None:
        self._listener = listener

    def allow(self, most_bytes: int) -> None:
        """Take frames of this size from now on; until then those of a stranger."""
        self._most_bytes = most_bytes
        self.conn.max_message_size = most_bytes

    def send_text(self, text: str) -> None:
        if self.close_sent or self.conn.state is not State.OPEN or self.transport.is_closing():
            raise ConnectionResetError("the socket is closed")
        data = text.encode()
        size = len(data)
        if size < 126:
            head = bytes((PLAIN_TEXT, size))
        elif size < 65_536:
            head = TEXT_HEAD + b"\x7e" + size.to_bytes(2, "big")
        else:
            head = TEXT_HEAD + b"\x7f" + size.to_bytes(8, "big")
        self.transport.write(head + data)

    def hold(self) -> None:
        self._holds = True
        self.transport.pause_reading()

    def release(self) -> None:
        self._holds = False
        self._read_on()

    # From the transport

    def data_received(self, data: bytes) -> None:
        self._is_heard = True
        if self._listener is None:
            # What comes between the request and its answer may end within a frame: such a socket stays with the parser.
            self._is_plain = self._is_plain and not self.handshake_initiated and data.endswith(b"\r\n\r\n")
            super().data_received(data)
        elif self._is_plain:
            if self._rest:
                # A long frame comes in thousands of pieces: put together once, not with each of them.
                self._rest += data
                if len(self._rest) < self._awaited:
                    return
                data = bytes(self._rest)
            self._read_frames(data)
        else:
            super().data_received(data)

    # Whether it is still there

    def send_keepalive_ping(self) -> None:
        self._is_heard = False
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """Some makes answer no ping and are still there: every message since is a sign of life, if the socket was read."""
        if not (self._is_heard or self._holds):
            super().keepalive_timeout()
            return
        self.pong_timer = self.pending_ping_payload = None
        # Asked again at once, so that whoever falls silent now is found as soon as one that answers pings.
        self.last_ping_rtt = self.loop.time() - self.ping_sent_at
        self.schedule_ping()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._listener is not None:
            self.transport.pause_reading()  # who does not take answers is not asked for more

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._listener is not None:
            self._read_on()

    def send_receive_event_to_app(self) -> None:
        """A text that the parser put together, or a binary message."""
        if self._listener is None:
            super().send_receive_event_to_app()
            return
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        if self.curr_msg_data_type != "text":
            self._listener(None)
            return
        self._hear(data)

    def _read_frames(self, data: bytes) -> None:
        at, end = 0, len(data)
        self._awaited = 0
        while end - at >= 2:
            size, begin = data[at + 1] & 0x7F, at + 2
            is_masked = data[at + 1] >= MASKED
            if size == 126:
                begin += 2
                size = data[at + 2] << 8 | data[at + 3] if begin <= end else end
            elif size == 127:
                begin += 8
                size = int.from_bytes(data[at + 2 : begin], "big")
            if is_masked:
                begin += 4
            if begin > end:
                break
            if size > (self._most_bytes or self.config.ws_max_size):
                self._give_up(data[at:])
                return
            after = begin + size
            if after > end:
                self._awaited = after - at
                break
            if data[at] == PLAIN_TEXT and is_masked and self.conn.current_size is None:
                self._hear(apply_mask(data[begin:after], data[begin - 4 : begin]))
            else:
                super().data_received(data[at:after])
            if self.close_sent or self.conn.state is not State.OPEN:
                self._give_up(data[after:])
                return
            at = after
        self._rest = b"" if at == end else bytearray(data[at:])

    def _hear(self, data: bytes) -> None:
        if self._listener is None or self.close_sent:
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        self._listener(text)

    def _give_up(self, rest: bytes) -> None:
        """The socket is about to be closed, and that is the parser's business."""
        self._is_plain, self._rest = False, b""
        if rest and not self.transport.is_closing():
            super().data_received(rest)

    def _read_on(self) -> None:
        if not self._holds and self.writable.is_set() and not self.transport.is_closing():
            self.transport.resume_reading()
