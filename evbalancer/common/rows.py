"""Many rows written in one statement.

Django's `bulk_update` builds a CASE with a branch a row for every column: for five hundred rows that is a second of processor
before the database hears of it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def store_columns(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows that exist, as they are in memory. As with `bulk_update`, no signal is sent."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's documented Meta API)
    fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in names)]
    values = [_column(field, rows) for field in fields]
    key, *columns = (connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sets = ", ".join(f"{column} = new.{column}" for column in columns)
            names_sql = ", ".join((key, *columns))
            cursor.execute(
                f"UPDATE {table} AS old SET {sets} FROM unnest({_arrays(fields)}) AS new ({names_sql}) "  # noqa: S608
                f"WHERE old.{key} = new.{key}",
                values,
            )
        else:
            sets = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {key} = %s",  # noqa: S608
                [[*rest, pk] for pk, *rest in zip(*values, strict=True)],
            )


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
        # What no row says is NULL without being written.
        if (values := _column(field, rows)).count(None) < len(rows)
    }
    names_sql = ", ".join(connection.ops.quote_name(field.column) for field in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({names_sql}) "  # noqa: S608
            f"SELECT * FROM unnest({_arrays(columns)})",
            [*columns.values()],
        )


def _arrays(fields: Iterable[Any]) -> str:
    return ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)


def _column(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    values = [getattr(row, field.attname) for row in rows]
    if connection.vendor != "postgresql" or isinstance(field, models.JSONField):
        return [field.get_db_prep_save(value, connection) for value in values]
    # PostgreSQL's driver takes all else as it is, and asking each field costs more than the statement.
    if isinstance(field.target_field if field.is_relation else field, models.UUIDField):
        return [None if value is None else str(value) for value in values]
    return values
