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
from evbalancer.common.web.downloads import as_file

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
        page.append([cell_of(value) for value in row])
    response = HttpResponse(saved(book), content_type=XLSX)
    return as_file(response, f"{name}-{timezone.localtime():%Y-%m-%d}.xlsx")


def saved(book: Any) -> bytes:
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


def cell_of(value: Any) -> Any:
    """A number, a moment on the clock that is active, or a text that is no formula and that Excel can hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # type: ignore[import-untyped]

    if isinstance(value, datetime):
        # Excel knows no zones.
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    text = neutral(value)
    return ILLEGAL_CHARACTERS_RE.sub("", text) if isinstance(text, str) else text
