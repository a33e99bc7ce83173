"""Tables of PostgreSQL that are partitioned by time: old rows leave with their partition, and the room on the disk with them.

Other databases have plain tables, and nothing here does anything there.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import OperationalError, connection, transaction

logger = logging.getLogger(__name__)

# So much lies ahead at least, so that a weekend without periodic work harms nothing.
AHEAD: Final = timedelta(days=3)
# A statement that waits for the lock of a table keeps all others waiting behind it: it rather tries again later.
LONGEST_WAIT: Final = timedelta(milliseconds=250)
TRIES: Final = 40
_BOUNDS = re.compile(r"FROM \((?:'([^']+)'|MINVALUE)\) TO \('([^']+)'\)")


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows from `begin` (None: all that are older) until before `end`."""

    name: str
    begin: datetime | None
    end: datetime


def is_partitioned(table: str) -> bool:
    return connection.vendor == "postgresql" and bool(
        _ask("SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", table)[0][0]
    )


def read_partitions(table: str) -> Sequence[Partition]:
    """The oldest first, without the one for rows that none of them takes."""
    if connection.vendor != "postgresql":
        return ()
    rows = _ask(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass",
        table,
    )
    found = [(name, bounds) for name, text in rows if (bounds := _BOUNDS.search(text))]
    moments = [(name, bounds[1], bounds[2]) for name, bounds in found]
    return sorted(
        (
            Partition(name, datetime.fromisoformat(begin) if begin else None, datetime.fromisoformat(end))
            for name, begin, end in moments
        ),
        key=lambda each: each.end,
    )


def partition_table(table: str, moment: str, *, now: datetime) -> None:
    """Make a table the first partition of a partitioned one of its name, by the column `moment`. Others read and write meanwhile.

    Whatever ends it midway, it can be called again. Needs a table to which no foreign key points.

    1. A key that contains the moment is built beside the old one, as PostgreSQL wants it of each partition.
    2. A condition tells where the table ends; it is checked beside others' work, so that nothing is read under the lock.
    3. In one short transaction the partitioned table takes the name, and the old one becomes its first partition.
    """
    if connection.vendor != "postgresql" or is_partitioned(table):
        return
    end = _midnight(now) + AHEAD
    swap = _Swap(table, moment, end)
    # 1.
    if swap.needs_key:
        beside = "" if connection.in_atomic_block else "CONCURRENTLY"
        _do(f'DROP INDEX IF EXISTS "{table}_keyed"')
        columns = ", ".join(f'"{each}"' for each in (*swap.key, moment))
        _do(f'CREATE UNIQUE INDEX {beside} "{table}_keyed" ON "{table}" ({columns})')
    # 2.
    _patiently(swap.bound)
    _do(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{table}_bound"')
    # 3.
    _patiently(swap.run)


class _Swap:
    """The steps of `partition_table` that need the table's lock."""

    def __init__(self, table: str, moment: str, end: datetime) -> None:
        self.table, self.moment, self.end = table, moment, end
        self.key = [
            name
            for (name,) in _ask(
                "SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place)"
                " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number"
                " WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY k.place",
                table,
            )
        ]
        self.needs_key = moment not in self.key

    def bound(self) -> None:
        """Rows of a clock that was ahead wait in the default partition's table."""
        table, moment = self.table, self.moment
        _do(f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_bound"')
        _do(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_bound" CHECK ("{moment}" < \'{self.end.isoformat()}\') NOT VALID'
        )
        _do(
            f'CREATE TABLE IF NOT EXISTS "{table}_default" (LIKE "{table}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS)'
        )
        _do(f'ALTER TABLE "{table}_default" DROP CONSTRAINT IF EXISTS "{table}_bound"')
        _do(
            f'WITH ahead AS (DELETE FROM "{table}" WHERE "{moment}" >= %s RETURNING *) INSERT INTO "{table}_default" SELECT * FROM ahead',  # noqa: S608 (names of ours)
            self.end,
        )

    def run(self) -> None:
        table, first = self.table, f"{self.table}_first"
        _do(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        numbered = [
            (name, _ask("SELECT nextval(pg_get_serial_sequence(%s, %s))", table, name)[0][0])
            for (name,) in _ask(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> ''", table
            )
        ]
        for name, _ in numbered:
            _do(f'ALTER TABLE "{table}" ALTER COLUMN "{name}" DROP IDENTITY')
        if self.needs_key:
            [(key_name,)] = _ask(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'", table
            )
            _do(f'ALTER TABLE "{table}" DROP CONSTRAINT "{key_name}"')
            _do(f'ALTER TABLE "{table}" ADD CONSTRAINT "{key_name}" PRIMARY KEY USING INDEX "{table}_keyed"')
        # Later migrations know the indexes by their names: the new table has them.
        indexes = _ask(
            "SELECT c.relname, pg_get_indexdef(c.oid), pg_get_constraintdef(k.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype = 'p' WHERE i.indrelid = %s::regclass",
            table,
        )
        for name, _, _ in indexes:
            _do(f'ALTER INDEX "{name}" RENAME TO "{name}_first"')
        _do(f'ALTER TABLE "{table}" RENAME TO "{first}"')
        _do(
            f'CREATE TABLE "{table}" (LIKE "{first}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS)'
            f' PARTITION BY RANGE ("{self.moment}")'
        )
        _do(f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_bound"')
        for name, number in numbered:
            _do(
                f'ALTER TABLE "{table}" ALTER COLUMN "{name}" ADD GENERATED BY DEFAULT AS IDENTITY (START WITH {number})'
            )
        for name, made, key in indexes:
            _do(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {key}' if key else made)
        _do(
            f'ALTER TABLE "{table}" ATTACH PARTITION "{first}" FOR VALUES FROM (MINVALUE) TO (\'{self.end.isoformat()}\')'
        )
        _do(f'ALTER TABLE "{first}" DROP CONSTRAINT "{table}_bound"')
        _do(f'ALTER TABLE "{table}" ATTACH PARTITION "{table}_default" DEFAULT')


def make_ahead(table: str, moment: str, *, width: timedelta, now: datetime) -> int:
    """Partitions of `width` until AHEAD of now, and one more width. Returns how many were made. Safe in many processes at once.

    Rows of such a time that are in the default partition move: they were stored while nobody made partitions.
    """
    if not is_partitioned(table):
        return 0
    with _waiting():
        _do(f'LOCK TABLE ONLY "{table}" IN SHARE UPDATE EXCLUSIVE MODE')
        made = 0
        known = read_partitions(table)
        begin = max(known[-1].end if known else _midnight(now), _midnight(now))
        while begin < now + AHEAD + width:
            _make(table, moment, begin, begin + width)
            begin, made = begin + width, made + 1
        if made:
            # Autovacuum counts the rows of partitions, and never those of the whole.
            _do(f'ANALYZE "{table}"')
    return made


def _make(table: str, moment: str, begin: datetime, end: datetime) -> None:
    """Made beside and attached: that bars nobody from the table. It has the columns in its parent's order, as the default has."""
    name = f"{table}_p{begin:%Y%m%d}"
    columns = ", ".join(
        f'"{each}"'
        for (each,) in _ask(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            table,
        )
    )
    _do(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING ALL EXCLUDING IDENTITY)')
    strays = f'DELETE FROM "{table}_default" WHERE "{moment}" >= %s AND "{moment}" < %s RETURNING {columns}'  # noqa: S608 (names of the catalogue)
    move = f'WITH strays AS ({strays}) INSERT INTO "{name}" ({columns}) SELECT {columns} FROM strays'  # noqa: S608
    _do(move, begin, end)
    _do(
        f"ALTER TABLE \"{table}\" ATTACH PARTITION \"{name}\" FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
    )


def drop_before(table: str, end: datetime, *, only_empty: bool) -> list[str]:
    """Drop the partitions that end before `end`, or those of them without rows. Returns their names.

    One that others use is left for the next time.
    """
    gone = []
    for each in read_partitions(table):
        if each.end > end or (only_empty and _has_rows(each.name)):
            continue
        try:
            with _waiting():
                _do(f'LOCK TABLE ONLY "{table}" IN ACCESS EXCLUSIVE MODE')
                if not (only_empty and _has_rows(each.name)):
                    _do(f'DROP TABLE IF EXISTS "{each.name}"')
                    gone.append(each.name)
        except OperationalError:
            logger.info("%s is in use; its turn comes with the next run", each.name)
    return gone


def is_made_ahead(table: str, *, now: datetime) -> bool:
    """Whether rows of the next day have their partition. True for a table without partitions."""
    if not is_partitioned(table):
        return True
    known = read_partitions(table)
    return bool(known) and known[-1].end > now + timedelta(days=1)


def _has_rows(table: str) -> bool:
    return bool(_ask(f'SELECT EXISTS (SELECT 1 FROM "{table}")')[0][0])  # noqa: S608 (a name from the catalogue)


def _patiently(step: Callable[[], None]) -> None:
    """Raises OperationalError if others never leave the table for a moment."""
    for tries_left in reversed(range(TRIES)):
        try:
            with _waiting():
                step()
        except OperationalError:
            if not tries_left or connection.in_atomic_block:
                raise
            time.sleep(LONGEST_WAIT.total_seconds())
        else:
            return


@contextmanager
def _waiting() -> Iterator[None]:
    with transaction.atomic():
        _do(f"SET LOCAL lock_timeout = {round(LONGEST_WAIT / timedelta(milliseconds=1))}")
        yield


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def _do(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
