"""A signal as a table: CSV or Excel with the columns start, price_per_mwh (or another unit) and, if wanted, end."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from evbalancer.common.clocks.moments import FIRST_YEAR, LAST_YEAR
from evbalancer.common.files.tables import Table, UnreadableTable, read_table
from pricing.signals.series import Reading, SignalRefused, Told, Unit, readings_of

VALUES: Final = {
    "price_per_mwh": Unit.PER_MWH,
    "price_per_kwh": Unit.PER_KWH,
    "carbon_g_per_kwh": Unit.G_PER_KWH,
}
COLUMNS: Final = ("start", "end", *VALUES)
HEADER: Final = "The first row names the columns: start, then price_per_mwh, price_per_kwh or carbon_g_per_kwh, and end if you like."
NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,12})?")


@dataclass(frozen=True, slots=True)
class TableSource:
    """Moments have an offset, or are wall-clock times of `zone`; the hour that a clock change repeats is read in its order."""

    content: bytes | str
    zone: ZoneInfo

    def read(self) -> Told:
        """Raises SignalRefused."""
        try:
            table = read_table(self.content, columns=COLUMNS)
        except UnreadableTable as error:
            raise SignalRefused(str(error)) from error
        column = _value_column(table)
        rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
        begins = self._moments(rows, table.numbers, "start")
        values = [_number(row[column], number) for row, number in zip(rows, table.numbers, strict=True)]
        where = [f"Row {number}" for number in table.numbers]
        if "end" not in table.names:
            told = readings_of(zip(begins, values, where, strict=True))
        else:
            ends = self._moments(rows, table.numbers, "end")
            told = tuple(map(Reading, begins, ends, values, where))
        return Told(told, VALUES[column])

    def _moments(self, rows: list[dict[str, str]], numbers: list[int], column: str) -> list[datetime]:
        found: list[datetime] = []
        for row, number in zip(rows, numbers, strict=True):
            before = found[-1] if found else None
            found.append(self._moment(row[column], before=before, where=f"Row {number}, column {column!r}"))
        return found

    def _moment(self, text: str, *, before: datetime | None, where: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise SignalRefused(
                f"{where}: {text[:40]!r} is no moment; write 2026-05-01T17:00:00+02:00, or 2026-05-01 17:00 on the wall clock."
            ) from error
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise SignalRefused(f"{where}: a year from {FIRST_YEAR} to {LAST_YEAR}.")
        if moment.tzinfo is not None:
            return moment.astimezone(_UTC)
        return self._on_the_wall(moment, before=before, where=where)

    def _on_the_wall(self, moment: datetime, *, before: datetime | None, where: str) -> datetime:
        placed = moment.replace(tzinfo=self.zone).astimezone(_UTC)
        if placed.astimezone(self.zone).replace(tzinfo=None) != moment:
            raise SignalRefused(f"{where}: the clocks of {self.zone.key} skip this time.")
        again = moment.replace(tzinfo=self.zone, fold=1).astimezone(_UTC)
        is_second = before is not None and placed <= before < again and again - placed <= timedelta(hours=2)
        return again if is_second else placed


_UTC = ZoneInfo("UTC")


def _value_column(table: Table) -> str:
    named = [name for name in table.names if name in VALUES]
    strange = [name for name in table.names if name not in COLUMNS]
    if strange or "start" not in table.names or len(named) != 1:
        extra = f" {strange[0][:40]!r} is none of them." if strange else ""
        raise SignalRefused(HEADER + extra)
    if not table.rows:
        raise SignalRefused("There is no value in it.")
    return named[0]


def _number(text: str, row: int) -> Decimal:
    """A decimal comma is one where the table's separator leaves it to the cell."""
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    if NUMBER.fullmatch(plain) is None:
        raise SignalRefused(f"Row {row}: {text[:40]!r} is no number.")
    return Decimal(plain)
