"""Ports of this machine for servers that are started beside the product: by drills, benchmarks and tests."""

import secrets
import socket
from typing import Final

# Below what systems hand out to whoever asks for any: between our look and the server's start nobody is given it.
FIRST, LAST = 10_000, 32_767
ATTEMPTS: Final = 100


def free_port() -> int:
    """A port on which nothing listens. Two who look at the same moment rarely find the same one.

    Raises OSError when there seems to be none.
    """
    for _ in range(ATTEMPTS):
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"no port between {FIRST} and {LAST} is free")
