"""Many rows written in one statement.

Django's `bulk_update` builds a CASE with a branch a row for every column: for five hundred rows that is a second of processor
before the database hears of it. Names and types come from code, never from input.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

Row = Sequence[Any]


def update_rows(
    table: str, *, key: str, columns: Mapping[str, str], rows: Sequence[Row], where: str = ""
) -> int:
    """Set `columns` (name to PostgreSQL type) of the rows whose `key` is a row's first value; returns how many.

    For the paths that carry thousands of messages a second: no model is needed. None leaves a column as it is.
    `where` is one more condition on the table's own columns.
    """
    if not rows:
        return 0
    prepared = _array if connection.vendor == "postgresql" else _adapted
    values = [prepared(column) for column in zip(*rows, strict=True)]
    return _update(table, {key: "uuid", **columns}, values, is_kept=True, where=where)


def store_columns(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows that exist, as they are in memory. As with `bulk_update`, no signal is sent."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's documented Meta API)
    fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in names)]
    types = {connection.ops.quote_name(field.column): field.db_type(connection) for field in fields}
    values = [_column(field, rows) for field in fields]
    _update(connection.ops.quote_name(meta.db_table), types, values, is_kept=False)


def add_rows(rows: Sequence[models.Model]) -> None:
    """Write new rows, as `bulk_create` does."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's documented Meta API)
    if connection.vendor != "postgresql":
        type(rows[0])._base_manager.bulk_create(rows)  # noqa: SLF001 (documented as well)
        return
    columns: dict[Any, list[Any]] = {
        field: values
        for field in meta.concrete_fields
        # A column that no row gives is NULL without being written.
        if (values := _column(field, rows)).count(None) < len(rows)
    }
    names_sql = ", ".join(connection.ops.quote_name(field.column) for field in columns)
    arrays = _arrays(field.db_type(connection) for field in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({names_sql}) "  # noqa: S608
            f"SELECT * FROM unnest({arrays})",
            [*columns.values()],
        )


def _update(
    table: str, types: Mapping[str, str], values: Sequence[Any], *, is_kept: bool, where: str = ""
) -> int:
    """Set columns by the first of `types` (name to PostgreSQL type), its key; `is_kept`: where the value is None, nothing."""
    key, *names = types
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            new = "COALESCE(new.{0}, old.{0})" if is_kept else "new.{0}"
            sets = ", ".join(f"{name} = {new.format(name)}" for name in names)
            condition = f" AND old.{where}" if where else ""
            cursor.execute(
                f"UPDATE {table} AS old SET {sets} FROM unnest({_arrays(types.values())}) "  # noqa: S608
                f"AS new ({', '.join(types)}) WHERE old.{key} = new.{key}{condition}",
                values,
            )
            return int(cursor.rowcount)
        new = "COALESCE(%s, {0})" if is_kept else "%s"
        sets = ", ".join(f"{name} = {new.format(name)}" for name in names)
        condition = f" AND {where}" if where else ""
        changed = 0
        for row_key, *row in zip(*values, strict=True):
            sql = f"UPDATE {table} SET {sets} WHERE {key} = %s{condition}"  # noqa: S608
            cursor.execute(sql, [*row, row_key])
            changed += cursor.rowcount
        return changed


def _arrays(types: Iterable[str]) -> str:
    return ", ".join(f"%s::{each}[]" for each in types)


def _array(values: Row) -> str:
    # A literal is parsed by the server; a list would be adapted value by value in Python.
    return "{" + ",".join("NULL" if value is None else f'"{value}"' for value in values) + "}"


def _adapted(values: Row) -> list[Any]:
    return [adapt_value(value) for value in values]


def adapt_value(value: Any) -> Any:
    """As the driver of this database takes it."""
    if connection.vendor == "postgresql":
        return value
    if isinstance(value, UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _column(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    values = [getattr(row, field.attname) for row in rows]
    if connection.vendor != "postgresql" or isinstance(field, models.JSONField):
        return [field.get_db_prep_save(value, connection) for value in values]
    # PostgreSQL's driver takes all else as it is, and asking each field costs more than the statement.
    if isinstance(field.target_field if field.is_relation else field, models.UUIDField):
        return [None if value is None else str(value) for value in values]
    return values
