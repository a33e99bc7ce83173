"""Tables as spreadsheets write them: a workbook, or text with any separator and any encoding of an office computer."""

import csv
import io
import re
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from django.utils.translation import gettext

SEPARATORS: Final = (",", ";", "\t", "|")
MOST_COLUMNS: Final = 60
LONGEST_CELL: Final = 2_000
# Empty ones too.
MOST_ROWS: Final = 10_000
WORKBOOK: Final = b"PK\x03\x04"
# What our exports put before a text that a spreadsheet would take for a formula.
FORMULA_MARK: Final = re.compile("^'(?= *[=+\\-@\uff1d\uff0b\uff0d\uff20])")
OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"


class UnreadableTable(ValueError):  # noqa: N818 (named for what happened)
    """A sentence for whoever made the file."""


class Table(NamedTuple):
    """The names in the first row, and the rows below it, as wide as the first. Empty rows are left out."""

    names: list[str]
    rows: list[list[str]]
    # Where each of them stands, as the spreadsheet counts.
    numbers: list[int]


def read_table(told: bytes | str, *, columns: Collection[str]) -> Table:
    """`columns` are the names that it may have: they tell which character separates. Raises UnreadableTable."""
    if isinstance(told, bytes) and told.startswith(WORKBOOK):
        from evbalancer.common.files import workbooks  # half a second to import, and few lists are workbooks

        return _table(workbooks.rows_of(told), first=1)
    if isinstance(told, bytes) and told.startswith(OLD_WORKBOOK):
        raise UnreadableTable(
            gettext("This workbook has an old format or a password. Save it as .xlsx or as CSV.")
        )
    text = (told if isinstance(told, str) else _decoded(told)).lstrip("\ufeff")
    # Old spreadsheets end rows with a carriage return alone.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise UnreadableTable(gettext("The file isn't a text table. Save it as CSV."))
    text, named = _separator_row(text)
    return _table(_rows(text, named or _separator(text, columns)), first=2 if named else 1)


def _table(rows: list[list[str]], *, first: int) -> Table:
    filled = [(number, row) for number, row in enumerate(rows, start=first) if any(row)]
    if not filled:
        raise UnreadableTable(gettext("The table is empty: the first row names the columns."))
    _, header = filled[0]
    if not any(letter.isalnum() for cell in header for letter in cell):
        raise UnreadableTable(gettext("The table is empty: the first row names the columns."))
    names = [name.lower() for name in header]
    while names and not names[-1]:
        names.pop()
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise UnreadableTable(gettext("The column %(twice)s is there twice.") % {"twice": f"{min(twice)!r}"})
    below = filled[1:]
    return Table(
        names, [_fitted(row, number, names) for number, row in below], [number for number, _ in below]
    )


def _fitted(row: list[str], number: int, names: list[str]) -> list[str]:
    """Spreadsheets leave empty cells at the end out, or add some."""
    if any(row[len(names) :]):
        raise UnreadableTable(
            gettext("Row %(number)s has %(count)s columns, and the first row names %(count2)s.")
            % {"number": number, "count": len(row), "count2": len(names)}
        )
    for name, cell in zip(names, row, strict=False):
        if len(cell) > LONGEST_CELL:
            raise UnreadableTable(
                gettext("Row %(number)s, column %(name)s: longer than %(longest_cell)s characters.")
                % {"number": number, "name": f"{name!r}", "longest_cell": LONGEST_CELL}
            )
    return (row + [""] * len(names))[: len(names)]


def _decoded(told: bytes) -> str:
    for encoding in _encodings(told):
        try:
            return told.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableTable(gettext("The characters can't be read: save the file as UTF-8."))


def _encodings(told: bytes) -> Iterable[str]:
    if told.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    # Without a mark: in a table of our languages every other byte of UTF-16 is 0.
    half = len(told) // 3
    if told[1::2].count(0) > half:
        return ("utf-16-le",)
    if told[::2].count(0) > half:
        return ("utf-16-be",)
    return ("utf-8-sig", "cp1252")


def _separator_row(text: str) -> tuple[str, str]:
    """Excel's own first row, `sep=;`, says it."""
    first, _, rest = text.partition("\n")
    first = first.strip().strip('"').lower() if "\t" not in first else first.rstrip("\r\n").lower()
    if first.startswith("sep=") and len(first) == len("sep=") + 1:
        return rest, first[-1]
    return text, ""


def _separator(text: str, columns: Collection[str]) -> str:
    def known(separator: str) -> int:
        header = next((row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)), [])
        return sum(name.strip().lower() in columns for name in header)

    try:
        return max(SEPARATORS, key=known)
    except csv.Error as error:
        raise UnreadableTable(gettext("The first row can't be read.")) from error


def _rows(text: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if len(rows) >= MOST_ROWS:
                raise UnreadableTable(
                    gettext("The table has more than %(most_rows)s rows.") % {"most_rows": MOST_ROWS}
                )
            if len(row) > MOST_COLUMNS:
                raise UnreadableTable(
                    gettext("Row %(value)s has more than %(most_columns)s columns.")
                    % {"value": len(rows) + 1, "most_columns": MOST_COLUMNS}
                )
            rows.append([FORMULA_MARK.sub("", cell.strip()) for cell in row])
    except csv.Error as error:
        raise UnreadableTable(
            gettext("Row %(value)s can't be read: a quotation mark is not closed.") % {"value": len(rows) + 1}
        ) from error
    return rows
