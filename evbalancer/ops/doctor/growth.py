"""How large the database is, by how much it grows, and how long the disk lasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Model

from chargers.models import ChargerCommand, MeterValue, OcppMessage
from evbalancer.common.ids import first_uuid_of
from grid.models import Circuit, MeterReading
from scheduling.models import RebalanceRun

PARTS: Final = (
    "(oid = %s::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass))"
)
DAY: Final = timedelta(days=1)


def _messages_since(since: datetime) -> int:
    """The log has no index by time, but its keys are in the order of time: some twenty looks find the first."""
    keys = OcppMessage.objects.order_by("pk").values_list("pk", "at")
    first, last = keys.first(), keys.last()
    if first is None or last is None:
        return 0
    low, high = first[0], last[0] + 1
    while low < high:
        middle = (low + high) // 2
        found = keys.filter(pk__gte=middle).first()
        if found is None or found[1] >= since:
            high = middle
        else:
            low = found[0] + 1
    return OcppMessage.objects.filter(pk__gte=low).count()


def _readings_since(since: datetime) -> int:
    metered = Circuit.objects.filter(has_meter=True)
    return sum(MeterReading.objects.filter(circuit=each, received_at__gte=since).count() for each in metered)


# Bytes a row with its indexes, as measured on SQLite; PostgreSQL is asked.
LEDGERS: Final[Mapping[type[Model], tuple[int, Callable[[datetime], int]]]] = {
    MeterValue: (400, lambda since: MeterValue.objects.filter(received_at__gte=since).count()),
    RebalanceRun: (
        4_800,
        lambda since: RebalanceRun.objects.filter(at__gte=since, is_hourly__in=[False]).count(),
    ),
    OcppMessage: (475, _messages_since),
    ChargerCommand: (770, lambda since: ChargerCommand.objects.filter(pk__gte=first_uuid_of(since)).count()),
    MeterReading: (330, _readings_since),
}


@dataclass(frozen=True, slots=True)
class Growth:
    """`rows_a_day` are those of the last day, by table; clearing takes as many away in the end, but for means and sessions."""

    database_bytes: int
    rows_a_day: Mapping[str, int]
    bytes_a_day: int

    def days_left(self, free_bytes: int) -> int | None:
        """At the growth of the last day; None where there was none."""
        return free_bytes // self.bytes_a_day if self.bytes_a_day else None


def measure_growth(*, now: datetime) -> Growth:
    rows = {model: count(now - DAY) for model, (_, count) in LEDGERS.items()}
    by_name = {str(model._meta.verbose_name_plural): count for model, count in rows.items()}  # noqa: SLF001 (documented)
    grown = sum(count * _row_bytes(model) for model, count in rows.items())
    return Growth(measure_database(), by_name, round(grown))


def measure_database() -> int:
    """In bytes, with indexes; of SQLite without the pages that are free for new rows."""
    if connection.vendor == "postgresql":
        return int(_ask("SELECT pg_database_size(current_database())"))
    pages, free, size = (
        int(_ask(f"PRAGMA {name}")) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _row_bytes(model: type[Model]) -> float:
    usual, _ = LEDGERS[model]
    if connection.vendor != "postgresql":
        return usual
    table = model._meta.db_table  # noqa: SLF001 (documented)
    # A partitioned table has its rows in others.
    parts = f"FROM pg_class WHERE relkind = 'r' AND {PARTS}"
    rows = float(_ask(f"SELECT sum(greatest(reltuples, 0)) {parts}", [table, table]))
    # A small table is mostly its first pages; one that was never analysed has no count.
    if rows < 10_000:
        return usual
    return int(_ask(f"SELECT sum(pg_total_relation_size(oid)) {parts}", [table, table])) / rows


def _ask(sql: str, values: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
