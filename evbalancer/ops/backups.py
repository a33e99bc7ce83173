"""One file of everything that can't be made again, and the way back from it.

A backup is a tar of the database as its own tools write it and of a page about it. It holds the people's data and is readable by its
owner alone. Keys are not in it: it names them by digests, so that a restore under other keys is noticed before it is too late.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, cast

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session as SignedIn
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q

from chargers.domain.sessions.known import skip_transaction_numbers
from evbalancer.common.errors import DomainError
from grid.domain.audit import SYSTEM, record_entry
from grid.models import Community
from scheduling.models import Attendance

FORMAT: Final = 1
PAGE, DATABASE = "about.json", "database"
# A digest that is slow to guess: the keys are random, but nobody can promise that of all installs.
SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 8}
IN_USE: Final = timedelta(seconds=15)
PAGES_AT_ONCE: Final = 2_000

NO_BACKUP = "{path} is no backup of EV Balancer: {why}."
OTHER_DATABASE = "This backup is of {theirs}, and DATABASE_URL names {ours}."
NEWER = "This backup is of a newer program: it has the migration {migration}. Install that version first."
OTHER_KEYS = (
    "The backup was made under another {name}. Set the one that was in use then; without it {effect}. "
    "--with-other-keys restores it anyway."
)
IN_USE_NOW = "Somebody works with this database at the moment ({who}). Stop all servers and workers first."
EFFECTS = {
    "CHARGER_KEY_PEPPER": "no charge point could sign in",
    "FIELD_ENCRYPTION_KEYS": "consents of cars, bank details and second factors can't be read",
}


class BackupRefusedError(DomainError):
    """Nothing was changed."""


@dataclass(frozen=True, slots=True)
class About:
    """`migrations` are all that were applied, `keys` digests by the name of their setting."""

    made_at: str
    database: str
    migrations: list[str]
    keys: dict[str, list[str]]
    format: int = FORMAT


def write_backup(folder: Path, *, now: datetime) -> Path:
    """One file `evbalancer-<time>.tar` in `folder`, there only when it is whole. Servers may run meanwhile.

    Raises OSError without room, and BackupRefusedError where PostgreSQL's own program fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"evbalancer-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"
    about = About(now.isoformat(), connection.vendor, _applied(), _digests())
    with tempfile.TemporaryDirectory(dir=folder, prefix=".evbalancer-") as inside:
        dump = Path(inside) / DATABASE
        _WAYS[connection.vendor].dump(dump)
        whole = Path(inside) / "whole"
        whole.touch(mode=0o600)
        with whole.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            page = json.dumps(asdict(about), indent=1).encode()
            entry = tarfile.TarInfo(PAGE)
            entry.size, entry.mtime = len(page), int(now.timestamp())
            tar.addfile(entry, io.BytesIO(page))
            tar.add(dump, DATABASE)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(path)
    return path


def read_about(path: Path) -> About:
    """Raises BackupRefusedError for what is no backup."""
    try:
        with tarfile.open(path) as tar:
            page = tar.extractfile(PAGE)
            tar.getmember(DATABASE)
            told = json.load(page) if page else None
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise BackupRefusedError(NO_BACKUP.format(path=path.name, why="its page can't be read"))
        return About(**told)
    except (OSError, tarfile.TarError, KeyError, ValueError, TypeError) as error:
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "it is damaged or something else"
        )
        raise BackupRefusedError(NO_BACKUP.format(path=path.name, why=why)) from error


def restore_backup(path: Path, *, with_other_keys: bool = False, now: datetime) -> About:
    """Put the database back as it was, whatever is in it now.

    1. Nothing happens under other keys, by an older program, or while somebody works with the database.
    2. The database becomes that of the backup: all of it, or none.
    3. Migrations that came since are run.
    4. Chargers remember transactions that the backup doesn't know: their numbers are never given again.
    5. Whoever was signed in signs in again, because a sign-in that was ended since would be open; the trail says what was done.

    Raises BackupRefusedError.
    """
    about = read_about(path)
    # 1. Refusals.
    if about.database != connection.vendor:
        raise BackupRefusedError(OTHER_DATABASE.format(theirs=about.database, ours=connection.vendor))
    _refuse_newer(about)
    if not with_other_keys:
        _refuse_other_keys(about)
    _refuse_in_use(now)
    # 2. All or none.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".evbalancer-") as inside:
        with tarfile.open(path) as tar:
            inner = tar.extractfile(DATABASE)
            with (Path(inside) / DATABASE).open("wb") as file:
                shutil.copyfileobj(cast("IO[bytes]", inner), file)
        _WAYS[connection.vendor].load(Path(inside) / DATABASE)
    connection.close()
    # 3. Migrations.
    call_command("migrate", verbosity=0, interactive=False)
    with transaction.atomic():
        # 4. Numbers of transactions.
        skip_transaction_numbers()
        # 5. Sign-ins, and the trail.
        SignedIn.objects.all().delete()
        for community in Community.objects.order_by("pk"):
            record_entry(
                actor=SYSTEM,
                action="backup.restored",
                target=community,
                now=now,
                after={"made_at": about.made_at},
            )
    return about


def _applied() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationLoader(connection).applied_migrations)


def _refuse_newer(about: About) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    ours = {config.label for config in apps.get_app_configs()}
    for migration in about.migrations:
        if migration not in known and migration.split(".")[0] in ours:
            raise BackupRefusedError(NEWER.format(migration=migration))


def _digests() -> dict[str, list[str]]:
    values = {
        "CHARGER_KEY_PEPPER": [settings.CHARGER_KEY_PEPPER],
        "FIELD_ENCRYPTION_KEYS": settings.FIELD_ENCRYPTION_KEYS,
    }
    return {
        name: [hashlib.scrypt(key.encode(), salt=name.encode(), **SCRYPT).hex() for key in keys]
        for name, keys in values.items()
    }


def _refuse_other_keys(about: About) -> None:
    """Further keys do no harm; one that was in use and is missing does."""
    ours = _digests()
    for name, digests in about.keys.items():
        if not set(digests) <= set(ours.get(name, [])):
            raise BackupRefusedError(OTHER_KEYS.format(name=name, effect=EFFECTS[name]))


def _refuse_in_use(now: datetime) -> None:
    others = _WAYS[connection.vendor].others()
    if others:
        raise BackupRefusedError(IN_USE_NOW.format(who=f"{others} connections"))
    if Attendance._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001 (Django's documented Meta API)
        return  # a new database
    lately = now - IN_USE
    if Attendance.objects.filter(Q(regular_at__gt=lately) | Q(stood_in_at__gt=lately)).exists():
        raise BackupRefusedError(IN_USE_NOW.format(who="its clusters are balanced"))


# --- SQLite


def _sqlite() -> sqlite3.Connection:
    connection.ensure_connection()
    raw: sqlite3.Connection = connection.connection
    return raw


def _dump_sqlite(dump: Path) -> None:
    copy = sqlite3.connect(dump)
    try:
        # In steps, between which others write; SQLite then copies what they changed.
        _sqlite().backup(copy, pages=PAGES_AT_ONCE, sleep=0.01)
    except sqlite3.Error as error:
        raise BackupRefusedError(f"The database can't be copied: {error}.") from error
    finally:
        copy.close()
    with connection.cursor() as cursor:
        # By this connection, which has the functions that constraints call.
        cursor.execute("ATTACH DATABASE %s AS copied", [str(dump)])
        try:
            cursor.execute("PRAGMA copied.quick_check")
            (answer,) = cursor.fetchone()
        finally:
            cursor.execute("DETACH DATABASE copied")
    if answer != "ok":
        raise BackupRefusedError(f"The copy of the database is damaged: {answer}")


def _load_sqlite(dump: Path) -> None:
    source = sqlite3.connect(f"file:{dump}?mode=ro", uri=True)
    try:
        source.backup(_sqlite())
    except sqlite3.Error as error:
        raise BackupRefusedError(f"The database can't be written: {error}.") from error
    finally:
        source.close()


# --- PostgreSQL


def _environment() -> Mapping[str, str]:
    """Where the database is: by the environment, since everybody on the machine reads arguments."""
    chosen: Mapping[str, Any] = connection.settings_dict
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    where = {variable: str(chosen[name]) for variable, name in names.items() if chosen.get(name)}
    return {**os.environ, **where}


def _start(program: str, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 (PostgreSQL's own programs)
            [program, *arguments], env=_environment(), **streams
        )
    except FileNotFoundError as error:
        raise BackupRefusedError(
            f"{program} is not installed here: it comes with PostgreSQL's client programs."
        ) from error


def _require_done(program: str, code: int, said: bytes) -> None:
    """Raises BackupRefusedError with the program's own first words."""
    if code:
        words = said.decode(errors="replace").strip() or "without a word"
        raise BackupRefusedError(f"{program} failed: {words.splitlines()[0]}")


def _dump_postgres(dump: Path) -> None:
    program = _start(
        "pg_dump", "--no-password", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, said = program.communicate()
    _require_done("pg_dump", program.returncode, said)


def _load_postgres(dump: Path) -> None:
    """What is there goes, the backup comes, and one commit ends it: psql gets the word for it when pg_restore has written everything.

    `pg_restore --clean` fails at partitions: it drops their keys before the table that these belong to.
    """
    there = ", ".join(f'"{name}"' for name in _tables())
    connection.close()
    with (
        tempfile.TemporaryFile() as said,
        _start(
            "psql", "--no-password", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-",
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
        ) as psql,
    ):  # fmt: skip
        script = cast("IO[bytes]", psql.stdin)
        with contextlib.suppress(BrokenPipeError), script:
            script.write(b"BEGIN;\n" + (f"DROP TABLE {there} CASCADE;\n".encode() if there else b""))
            _write_script(dump, script)
            script.write(b"COMMIT;\n")
        code = psql.wait()
        said.seek(0)
        _require_done("psql", code, said.read())


def _write_script(dump: Path, to: IO[bytes]) -> None:
    """Raises BackupRefusedError for a dump that can't be read, and BrokenPipeError where nobody takes it."""
    with tempfile.TemporaryFile() as said:
        program = _start(
            "pg_restore", "--no-owner", "--no-privileges", "--file=-", str(dump),
            stdout=subprocess.PIPE, stderr=said,
        )  # fmt: skip
        with cast("IO[bytes]", program.stdout) as told:
            shutil.copyfileobj(told, to)
        code = program.wait()
        said.seek(0)
        _require_done("pg_restore", code, said.read())


def _tables() -> list[str]:
    """Of the schema that is ours, without partitions: they go with their table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition ORDER BY relname"
        )
        return [name for (name,) in cursor.fetchall()]


def _others_on_postgres() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        (count,) = cursor.fetchone()
    return int(count)


@dataclass(frozen=True, slots=True)
class _Way:
    dump: Callable[[Path], None]
    load: Callable[[Path], None]
    others: Callable[[], int]


# Who has SQLite's file open can't be asked; its copy waits for their locks.
_WAYS: Final = {
    "sqlite": _Way(_dump_sqlite, _load_sqlite, lambda: 0),
    "postgresql": _Way(_dump_postgres, _load_postgres, _others_on_postgres),
}
