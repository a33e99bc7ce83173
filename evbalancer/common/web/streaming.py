"""Long answers that are sent while they are made."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

# A piece is made in a thread, and then sent: the first at once, the others when they are worth the way or took this long.
PIECE_BYTES: Final = 65_536
PIECE_S: Final = 0.2


class PiecemealResponse(StreamingHttpResponse):
    """A synchronous iterator that is sent as it goes under ASGI, too. Django would make a list of it first.

    The iterator runs in the request's own thread, which has its connection to the database. The server asks for the next piece when the
    client has taken the last ones. When the client goes, Django closes the response, and with it the iterator.
    """

    async def __aiter__(self) -> AsyncIterator[bytes]:
        lines: Iterator[bytes] = iter(self.streaming_content)  # type: ignore[arg-type]
        piece = await sync_to_async(_next_piece)(lines, most_bytes=1)
        while piece:
            yield piece
            piece = await sync_to_async(_next_piece)(lines, most_bytes=PIECE_BYTES)


def _next_piece(lines: Iterator[bytes], *, most_bytes: int) -> bytes:
    """Empty at the end."""
    piece, began_s = bytearray(), time.monotonic()
    for line in lines:
        piece += line
        if len(piece) >= most_bytes or time.monotonic() - began_s >= PIECE_S:
            break
    return bytes(piece)
