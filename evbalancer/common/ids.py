"""Ids that say the order in which they were made, as UUID version 7 has it (RFC 9562 section 6.2), and one name for several."""

import hashlib
import os
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

_lock = threading.Lock()
_last = 0
RANDOM_BITS = 62


def name_of_all(ids: Iterable[UUID]) -> str:
    """32 hexadecimal digits: the same for the same ids in any order."""
    return hashlib.sha256("".join(sorted(each.hex for each in ids)).encode()).hexdigest()[:32]


def ordered_uuid() -> UUID:
    """Above every one that this process made before; of other processes it is ordered by the clock."""
    global _last  # noqa: PLW0603 (one count a process)
    with _lock:
        # Milliseconds, and 12 bits of their fractions: about a quarter of a microsecond.
        _last = max(_last + 1, (time.time_ns() << 12) // 1_000_000)
        count = _last
    milliseconds, fraction = count >> 12, count & 0xFFF
    random = int.from_bytes(os.urandom(8), "big") & ((1 << RANDOM_BITS) - 1)
    return UUID(
        int=(milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | fraction << 64 | 2 << RANDOM_BITS | random
    )


def first_uuid_of(moment: datetime) -> UUID:
    """Below every `ordered_uuid` that is made from that moment on."""
    return UUID(int=(int(moment.timestamp() * 1000) & (1 << 48) - 1) << 80)
