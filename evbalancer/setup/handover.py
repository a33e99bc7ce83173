"""What an installation makes known once, as a file that its owner alone reads."""

import csv
import io
import os
import stat
from pathlib import Path

from chargers.domain.sockets.handover import Handover
from evbalancer.setup.install import Installed

COLUMNS = ("what", "name", "user_name", "address", "secret")


class NotPrivate(Exception):  # noqa: N818 (named for what it says)
    """Others could read the file."""


def write_secrets(path: Path, installed: Installed, *, base: str) -> int:
    """Append keys of charge points and first passwords as CSV. Returns how many. Raises OSError, NotPrivate; nothing is written then.

    `base` is where charge points reach the server, for example wss://charging.example.org.
    """
    rows = [
        ("charge point", row.name, row.identity, Handover(base, row.identity, key).url, key)
        for row, key in installed.keys
    ]
    page = base.replace("ws", "http", 1).rstrip("/") + "/admin/"
    rows += [
        ("manager", str(user), user.get_username(), page, password) for user, password in installed.passwords
    ]
    if not rows:
        return 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as file:
        about = os.fstat(descriptor)
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise NotPrivate(str(path))
        text = io.StringIO()
        writer = csv.writer(text)
        if not about.st_size:
            writer.writerow(COLUMNS)
        writer.writerows(rows)
        file.write(text.getvalue())
        file.flush()
        os.fsync(descriptor)
    return len(rows)
