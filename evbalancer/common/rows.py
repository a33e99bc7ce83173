"""Many rows written in one statement.

Django's `bulk_update` builds a CASE with a branch a row for every column: for five hundred rows that is a second of processor
before the database hears of it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def store_columns(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows that exist, as they are in memory. As with `bulk_update`, no signal is sent."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's documented Meta API)
    fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in names)]
    values = [[_prepared(field, getattr(row, field.attname)) for field in fields] for row in rows]
    key, *columns = (connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sets = ", ".join(f"{column} = new.{column}" for column in columns)
            names_sql = ", ".join((key, *columns))
            cursor.execute(
                f"UPDATE {table} AS old SET {sets} FROM unnest({_arrays(fields)}) AS new ({names_sql}) "  # noqa: S608
                f"WHERE old.{key} = new.{key}",
                [list(column) for column in zip(*values, strict=True)],
            )
        else:
            sets = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {key} = %s",  # noqa: S608
                [[*rest, pk] for pk, *rest in values],
            )


def add_rows(rows: Sequence[models.Model]) -> None:
    """Write new rows, as `bulk_create` does."""
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 (Django's documented Meta API)
    if connection.vendor != "postgresql":
        type(rows[0])._base_manager.bulk_create(rows)  # noqa: SLF001 (documented as well)
        return
    fields: Sequence[Any] = meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    values = [[_prepared(field, getattr(row, field.attname)) for row in rows] for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({columns}) "  # noqa: S608
            f"SELECT * FROM unnest({_arrays(fields)})",
            values,
        )


def _arrays(fields: Sequence[Any]) -> str:
    return ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)


def _prepared(field: Any, value: Any) -> Any:
    # PostgreSQL's driver takes all else as it is, and asking each field costs more than the statement.
    if connection.vendor == "postgresql" and not isinstance(field, models.JSONField):
        return value
    return field.get_db_prep_save(value, connection)
