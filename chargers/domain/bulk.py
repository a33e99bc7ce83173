"""Many rows in one statement, for the paths that carry thousands of messages a second."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

Row = Sequence[Any]


def update_rows(
    table: str, *, key: str, columns: dict[str, str], rows: Sequence[Row], where: str = ""
) -> int:
    """Set `columns` (name to PostgreSQL type) of the rows whose `key` is a row's first value; returns how many.

    None leaves a column as it is. `where` is one more condition on the table's own columns. Names and types come
    from code, never from input.
    """
    if not rows:
        return 0
    if connection.vendor == "postgresql":
        return _update_postgresql(table, key, columns, rows, where)
    return _update_one_by_one(table, key, columns, rows, where)


def _update_postgresql(table: str, key: str, columns: dict[str, str], rows: Sequence[Row], where: str) -> int:
    sets = ", ".join(f"{name} = COALESCE(new.{name}, old.{name})" for name in columns)
    names = ", ".join((key, *columns))
    arrays = ", ".join(f"%s::{kind}[]" for kind in ("uuid", *columns.values()))
    condition = f" AND old.{where}" if where else ""
    sql = (
        f"UPDATE {table} AS old SET {sets} FROM unnest({arrays}) AS new ({names}) "  # noqa: S608
        f"WHERE old.{key} = new.{key}{condition}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [_array(column) for column in zip(*rows, strict=True)])
        return int(cursor.rowcount)


def _array(values: Sequence[Any]) -> str:
    # A literal is parsed by the server; a list would be adapted value by value in Python.
    return "{" + ",".join("NULL" if value is None else f'"{value}"' for value in values) + "}"


def _update_one_by_one(table: str, key: str, columns: dict[str, str], rows: Sequence[Row], where: str) -> int:
    sets = ", ".join(f"{name} = COALESCE(%s, {name})" for name in columns)
    condition = f" AND {where}" if where else ""
    sql = f"UPDATE {table} SET {sets} WHERE {key} = %s{condition}"  # noqa: S608
    with connection.cursor() as cursor:
        changed = 0
        for row_key, *values in rows:
            cursor.execute(sql, [*(_adapted(value) for value in values), _adapted(row_key)])
            changed += cursor.rowcount
        return changed


def _adapted(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
