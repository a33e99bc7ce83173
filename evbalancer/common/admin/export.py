"""CSV of what a change list shows: the person's own rows only, and nothing a spreadsheet would run."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from evbalancer.common.admin.fields import as_json

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
CHUNK = 2_000


def neutral(value: Any) -> str | int | float:
    """A cell that no spreadsheet takes for a formula (CWE-1236). Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    text = as_json(value) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(name: str, columns: list[str], rows: QuerySet[Any]) -> StreamingHttpResponse:
    """Stream `columns` (names of model fields) of `rows`."""
    related = [field.name for field in rows.model._meta.fields if field.is_relation and field.name in columns]
    found = rows.select_related(*related) if related else rows
    values = ([getattr(row, column) for column in columns] for row in found.iterator(CHUNK))
    return stream(name, columns, values)


def stream(name: str, columns: list[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"  # so that spreadsheets read UTF-8
        yield str(writer.writerow([neutral(column) for column in columns]))
        for row in rows:
            yield str(writer.writerow([neutral(value) for value in row]))

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localtime():%Y-%m-%d}.csv"'
    response["Cache-Control"] = "no-store"
    return response
