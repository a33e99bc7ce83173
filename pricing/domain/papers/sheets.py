"""Tables for spreadsheets: as CSV with the separators of the reader's language, or as a workbook. No cell is taken for a formula."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import get_format
from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]

from evbalancer.common.admin.export import neutral
from evbalancer.common.admin.workbook import cell_of, saved

WIDEST = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells are texts, whole numbers, or Decimals whose digits are kept."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


def write_csv(sheet: Sheet) -> bytes:
    """Where the language writes a decimal comma, a semicolon separates the cells: that is what its spreadsheets expect."""
    point = str(get_format("DECIMAL_SEPARATOR"))
    told = io.StringIO(newline="")
    writer = csv.writer(told, delimiter=";" if point == "," else ",")
    writer.writerow([neutral(name) for name in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_text(cell, point) for cell in row])
    return b"\xef\xbb\xbf" + told.getvalue().encode()


def write_xlsx(*sheets: Sheet) -> bytes:
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(_name(sheet.title))
        page.freeze_panes = "A2"
        for index, name in enumerate(sheet.columns):
            longest = max([len(name), *(len(str(row[index])) for row in sheet.rows)])
            page.column_dimensions[chr(ord("A") + index)].width = min(WIDEST, longest + 2)
        header = [WriteOnlyCell(page, neutral(name)) for name in sheet.columns]
        for cell in header:
            cell.font = Font(bold=True)
        page.append(header)
        for row in sheet.rows:
            page.append([_cell(page, value) for value in row])
    return saved(book)


def _text(value: Any, point: str) -> str | int | float | Decimal:
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", point)
    return neutral(value)


def _cell(page: Any, value: Any) -> Any:
    if not isinstance(value, Decimal):
        return WriteOnlyCell(page, cell_of(value))
    cell = WriteOnlyCell(page, value)
    digits = -int(value.as_tuple().exponent)
    cell.number_format = "0." + "0" * digits if digits > 0 else "0"
    return cell


def _name(title: str) -> str:
    """Workbooks refuse some characters in a sheet's name, and more than 31."""
    return "".join("-" if letter in r"[]:*?/\'" else letter for letter in title)[:31] or "-"
