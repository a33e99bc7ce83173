"""CSV of what a change list shows: the person's own rows only, and nothing a spreadsheet would run."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.formats import get_format
from django.utils.translation import gettext

from evbalancer.common.admin.fields import as_json
from evbalancer.common.web.downloads import as_file
from evbalancer.common.web.streaming import PiecemealResponse
from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell, tell_all

# The full-width ones are formulas to spreadsheets set to Chinese or Japanese.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
# A character at which a spreadsheet may split cells makes the rest a cell of its own. A plain number there is no formula.
AFTER_SEPARATOR = re.compile(
    r"""([;,|\t\r\n]["'\s]*)(?![-+]\d+(?:[.,]\d+)*\s*(?:[;,|\]}]|$))(?=[=+\-@\uff1d\uff0b\uff0d\uff20])"""
)
CHUNK = 2_000


def neutral(value: Any) -> str | int | float | Decimal:
    """A cell that no spreadsheet takes for a formula (CWE-1236). Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, float | Decimal):
        mark = get_format("DECIMAL_SEPARATOR")
        return value if mark == "." else str(value).replace(".", mark)
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, Said):
        text = tell(value)
    elif isinstance(value, list) and any(isinstance(one, Said) for one in value):
        text = tell_all(value)
    else:
        text = as_json(value) if isinstance(value, dict | list) else str(value)
    text = AFTER_SEPARATOR.sub(r"\1'", text)
    # Blanks before a formula are dropped by some.
    return (
        f"'{text}" if text.startswith(FORMULA_STARTS) or text.lstrip(" ").startswith(FORMULA_STARTS) else text
    )


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(name: str, columns: list[str], rows: QuerySet[Any]) -> StreamingHttpResponse:
    """Stream `columns` (names of model fields) of `rows`."""
    return stream(name, columns, cells_of(columns, rows))


def cells_of(columns: list[str], rows: QuerySet[Any]) -> Iterator[list[Any]]:
    related = [field.name for field in rows.model._meta.fields if field.is_relation and field.name in columns]
    found = rows.select_related(*related) if related else rows
    return ([getattr(row, column) for column in columns] for row in found.iterator(CHUNK))


def stream(name: str, columns: list[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """Stream rows in the zone and the language that are active now: when lines are made, the request's are gone.

    Where a comma is decimal, spreadsheets split cells at semicolons, and take 13.5 for the 13th of May.
    """
    mark = get_format("DECIMAL_SEPARATOR")
    writer = csv.writer(_Echo(), delimiter=";" if mark == "," else ",")
    zone, language = timezone.get_current_timezone(), translation.get_language()

    def line(cells: Iterable[Any]) -> str:
        # Set for each line, and not around the loop: others work between two of them.
        with timezone.override(zone), translation.override(language):
            return str(writer.writerow([neutral(cell) for cell in cells]))

    def lines() -> Iterator[str]:
        yield "\ufeff"  # so that spreadsheets read UTF-8
        yield line(columns)
        yield from map(line, rows)

    response = PiecemealResponse(lines(), content_type="text/csv; charset=utf-8")
    return as_file(response, f"{name}-{timezone.localtime():%Y-%m-%d}.csv")
