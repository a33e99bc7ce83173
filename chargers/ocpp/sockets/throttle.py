"""Bounds on what one peer may cost: frames a second, and bad handshakes a minute. Kept in memory, a few numbers each."""

import time
from collections import OrderedDict, deque
from typing import Any

FRAMES_PER_S = 200.0
FRAMES_BURST = 1_000.0
LENGTH_OF_A_FRAME = 10_000
BAD_PER_MINUTE = 10
MINUTE_S = 60.0
SHUT_OUT_S = 300.0
MOST_PEERS = 10_000


class TokenBucket:
    """Says how long to wait before the next frame is read, so that a flood is slowed at its source by TCP."""

    __slots__ = ("_at_s", "_tokens")

    def __init__(self) -> None:
        self._tokens = FRAMES_BURST
        self._at_s = time.monotonic()

    def wait_s(self, length: int = 0) -> float:
        """A frame of a megabyte costs as much as a hundred short ones."""
        now_s = time.monotonic()
        cost = 1 + length // LENGTH_OF_A_FRAME
        self._tokens = min(FRAMES_BURST, self._tokens + (now_s - self._at_s) * FRAMES_PER_S) - cost
        self._at_s = now_s
        return 0.0 if self._tokens >= 0 else -self._tokens / FRAMES_PER_S


class BadHandshakes:
    """Counts refusals by identity and address. A client that is shut out still gets in with the right key."""

    def __init__(self) -> None:
        self._refused: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._shut_out: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_shut_out(self, identity: str, address: str) -> bool:
        until_s = self._shut_out.get((identity, address))
        if until_s is None:
            return False
        if until_s > time.monotonic():
            return True
        del self._shut_out[identity, address]
        return False

    def note(self, identity: str, address: str) -> bool:
        """Count a refusal; True when it is the one that shuts the peer out."""
        peer, now_s = (identity, address), time.monotonic()
        times = self._refused.setdefault(peer, deque(maxlen=BAD_PER_MINUTE + 1))
        self._refused.move_to_end(peer)
        times.append(now_s)
        _forget_oldest(self._refused)
        if len(times) <= BAD_PER_MINUTE or now_s - times[0] > MINUTE_S:
            return False
        is_news = not self.is_shut_out(identity, address)
        self._shut_out[peer] = now_s + SHUT_OUT_S
        _forget_oldest(self._shut_out)
        return is_news

    def forgive(self, identity: str, address: str) -> None:
        self._refused.pop((identity, address), None)
        self._shut_out.pop((identity, address), None)


def _forget_oldest(peers: "OrderedDict[tuple[str, str], Any]") -> None:
    while len(peers) > MOST_PEERS:
        peers.popitem(last=False)
