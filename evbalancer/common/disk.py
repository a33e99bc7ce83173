"""The disk that this server writes to. That of a database on another machine is not seen from here."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

NEARLY_FULL_PCT: Final = 95
# On a large disk a few per cent are still room for months.
ENOUGH_BYTES: Final = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class Disk:
    free_bytes: int
    total_bytes: int

    @property
    def used_pct(self) -> int:
        return 100 * (self.total_bytes - self.free_bytes) // max(1, self.total_bytes)

    @property
    def is_nearly_full(self) -> bool:
        return self.free_bytes < ENOUGH_BYTES and self.used_pct >= NEARLY_FULL_PCT


def read_disk() -> Disk:
    """Of the folder of the SQLite file, or else of the program."""
    database = settings.DATABASES["default"]
    file = Path(str(database["NAME"]))
    is_file = database["ENGINE"].endswith("sqlite3") and file.is_absolute() and file.parent.exists()
    usage = shutil.disk_usage(file.parent if is_file else settings.BASE_DIR)
    return Disk(free_bytes=usage.free, total_bytes=usage.total)
