"""Rows by the million: COPY on PostgreSQL, executemany on SQLite. No signal is sent, and nothing is validated."""

import io
import json
import random
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.db import connection, models

BATCH = 50_000
Row = dict[str, Any]
_chance = random.Random(34)


def random_uuid() -> UUID:
    return UUID(int=_chance.getrandbits(128))


def copy_rows(model: type[models.Model], rows: Iterable[Row]) -> None:
    """Write `rows` (column to value). What the first row does not name has the default of its field, the same for all."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    meta = model._meta  # noqa: SLF001 (documented)
    names, usual = list(first), []
    for field in meta.concrete_fields:
        if field.column in first or isinstance(field, models.AutoField):
            continue
        names.append(field.column)
        if field.unique and not field.null:
            raise ValueError(f"Each row of {model.__name__} needs its own {field.column}")
        usual.append(_cell(field.get_db_prep_save(field.pre_save(model(), add=True), connection)))  # type: ignore[no-untyped-call]
    cells = ([*map(_cell, row.values()), *usual] for row in chain([first], rows))
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    with connection.cursor() as cursor:
        for batch in _batches(cells):
            if connection.vendor == "postgresql":
                text = io.StringIO("".join(map(_line, batch)))
                cursor.copy_expert(f"COPY {meta.db_table} ({columns}) FROM STDIN", text)
            else:
                cursor.executemany(
                    f"INSERT INTO {meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * len(names))})",
                    batch,
                )


def _batches(cells: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while batch := list(islice(cells, BATCH)):
        yield batch


def _cell(value: Any) -> Any:
    """As both databases take it: moments as text in UTC, keys as 32 digits."""
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bool):
        return int(value)
    # JSON, as the driver wraps it for its own use.
    return json.dumps(value.adapted) if hasattr(value, "adapted") else value


def _line(cells: list[Any]) -> str:
    return "\t".join(map(_text, cells)) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes | memoryview):
        return r"\\x" + bytes(value).hex()
    text = str(value)
    return text.replace("\\", r"\\") if "\\" in text else text
