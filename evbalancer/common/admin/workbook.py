"""The same lists as an Excel workbook: cells that Excel counts and sorts by, and nothing that it would run."""

import io
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone

from evbalancer.common.admin.export import cells_of, neutral

# A workbook is made as a whole before it is sent; CSV streams.
MOST_ROWS: Final = 50_000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_response(name: str, columns: list[str], rows: QuerySet[Any]) -> HttpResponse:
    """`columns` (names of model fields) of `rows`. Moments are on the clock that is active."""
    return workbook(name, columns, cells_of(columns, rows))


def workbook(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    from openpyxl import Workbook  # type: ignore[import-untyped]  # half a second to import

    book = Workbook(write_only=True)
    page = book.create_sheet()
    page.freeze_panes = "A2"
    page.append([neutral(column) for column in columns])
    for row in rows:
        page.append([_cell(value) for value in row])
    told = io.BytesIO()
    book.save(told)
    response = HttpResponse(told.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localtime():%Y-%m-%d}.xlsx"'
    response["Cache-Control"] = "no-store"
    return response


def _cell(value: Any) -> Any:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # type: ignore[import-untyped]

    if isinstance(value, datetime):
        # Excel knows no zones.
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    text = neutral(value)
    return ILLEGAL_CHARACTERS_RE.sub("", text) if isinstance(text, str) else text
