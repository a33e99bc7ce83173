"""Workbooks as Excel and others write them, and as an attacker would."""

import io
import time
import zipfile
from datetime import date

import openpyxl
import pytest

from evbalancer.common.files import workbooks
from evbalancer.common.files.tables import UnreadableTable, read_table

COLUMNS = ("name", "email", "limit_a")
SHEET = "xl/worksheets/sheet1.xml"


def saved(*rows, title="List"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return written(book)


def written(book):
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


def changed(told, **parts):
    """The same workbook with other parts."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(told)) as source,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.infolist():
            if part.filename not in parts:
                target.writestr(part, source.read(part))
        for name, content in parts.items():
            target.writestr(name, content)
    return made.getvalue()


def sheet_of(rows, dimension="A1:B2"):
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<?xml version="1.0"?><worksheet xmlns="{space}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def test_first_sheet_is_read_as_a_person_sees_it():
    told = saved(
        ["Name", " EMAIL ", "Limit_A", None],
        ["Zoë\nMüller", "zoe@example.org", 16.5],
        [None, None, None],
        [7, "a@b.c", 16.0],
        [date(2026, 5, 1), True, "16,5"],
    )
    table = read_table(told, columns=COLUMNS)
    assert table.names == list(COLUMNS)
    assert table.rows == [
        ["Zoë\nMüller", "zoe@example.org", "16.5"],
        ["7", "a@b.c", "16"],
        ["2026-05-01T00:00:00", "True", "16,5"],
    ]
    assert table.numbers == [2, 4, 5]


def test_sheet_that_is_shown_is_the_one_that_is_read():
    book = openpyxl.Workbook()
    book.active.append(["notes"])
    book.active = book.create_sheet("List")
    book.active.append(["name", "email"])
    book.active.append(["A", "a@b.c"])
    assert read_table(written(book), columns=COLUMNS).rows == [["A", "a@b.c"]]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (saved(), "empty"),
        (saved(["name"] * 61), "more than 60 columns"),
        (saved(["name", "email"], ["A", "a@b.c", "more"]), "Row 2 has 3 columns"),
        (saved(["name"], ["x" * 3_000]), "Row 2, column 'name'"),
        (saved(["name"])[:-40], "can't be read"),
        (changed(saved(["name"]), **{SHEET: "<worksheet"}), "can't be read"),
        (
            changed(
                saved(["name"]),
                **{SHEET: '<!DOCTYPE a [<!ENTITY b "bbbb">]>' + sheet_of("<row><c><v>&b;</v></c></row>")},
            ),
            "can't be read",
        ),
        (
            changed(
                saved(["name"]), **{SHEET: ('<?xml version="1.0"?><!DOCTYPE a []>' + "<a/>").encode("utf-16")}
            ),
            "can't be read",
        ),
        (changed(saved(["name"]), **{"xl/other.xml": b" " * 30_000_000}), "too large"),
        (changed(saved(["name"]), **{f"xl/{number}": b"" for number in range(600)}), "too large"),
        (changed(saved(["name"]), **{"xl/workbook.xml": "<workbook/>"}), "can't be read|no sheet"),
    ],
)
def test_what_can_not_be_read_is_a_sentence(told, why):
    with pytest.raises(UnreadableTable, match=why):
        read_table(told, columns=COLUMNS)


@pytest.mark.parametrize(
    "rows", ['<row r="999999999999"><c r="A1"/></row>', '<row r="1048576"/>', "<row/>" * 20_000]
)
def test_endless_sheet_takes_neither_time_nor_memory(rows):
    told = changed(saved(["name"]), **{SHEET: sheet_of(rows, dimension="A1:XFD1048576")})
    began = time.monotonic()
    with pytest.raises(UnreadableTable, match="more than 10000 rows"):
        workbooks.rows_of(told)
    assert time.monotonic() - began < 5
