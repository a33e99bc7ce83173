"""The first sheet of an Excel workbook as rows of text. A sender must not get more memory or time than a list needs."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any, Final

import openpyxl  # type: ignore[import-untyped]
from django.utils.translation import gettext, gettext_noop

from evbalancer.common.files.tables import MOST_COLUMNS, MOST_ROWS, UnreadableTable

# The largest unpacked size of a workbook. The zip's own directory gives it, and no part yields more.
MOST_UNPACKED_BYTES: Final = 24 * 1024 * 1024
MOST_PARTS: Final = 500
UNREADABLE: Final = gettext_noop(
    "The workbook can't be read: save it as .xlsx without a password, or as CSV."
)


def rows_of(told: bytes) -> list[list[str]]:
    """Every row of the sheet that is shown first, empty ones too, so that they count as in Excel. Raises UnreadableTable."""
    with _foreign():
        _check_parts(told)
        book = openpyxl.load_workbook(io.BytesIO(told), read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise UnreadableTable(gettext("The workbook has no sheet with a table."))
        sheet = book.active if book.active in book.worksheets else book.worksheets[0]
        # The file may claim a million rows.
        sheet.reset_dimensions()
        rows = []
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True), start=1):
            if number > MOST_ROWS:
                raise UnreadableTable(
                    gettext("The sheet has more than %(most_rows)s rows.") % {"most_rows": MOST_ROWS}
                )
            row = [_text(cell) for cell in cells]
            if any(row[MOST_COLUMNS:]):
                raise UnreadableTable(
                    gettext("Row %(number)s has more than %(most_columns)s columns.")
                    % {"number": number, "most_columns": MOST_COLUMNS}
                )
            while row and not row[-1]:
                row.pop()
            rows.append(row)
        return rows


@contextmanager
def _foreign() -> Iterator[None]:
    try:
        yield
    except UnreadableTable:
        raise
    except Exception as error:  # parsers of what others wrote raise anything
        raise UnreadableTable(gettext(UNREADABLE)) from error


def _check_parts(told: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(told)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
            raise UnreadableTable(
                gettext("The workbook is too large. Keep only the list in it, or save it as CSV.")
            )
        # A document type could define texts that grow when they are read; Excel writes none.
        if any(_has_document_type(archive.read(part)) for part in parts):
            raise UnreadableTable(gettext(UNREADABLE))


def _has_document_type(part: bytes) -> bool:
    return b"<!DOCTYPE" in part.replace(b"\0", b"").upper()


def _text(value: Any) -> str:
    """As a person sees it in the cell: 16 and not 16.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value).strip()
