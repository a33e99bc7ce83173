"""Tables for spreadsheets: numbers are numbers, and no text is a formula."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.utils.translation import override

from pricing.domain.papers.sheets import Sheet, write_csv, write_xlsx

EVIL = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "=cmd|'/C calc'!A0", "\uff1d1"]


def sheet(*rows):
    return Sheet("Flats", ("Name", "Amount"), rows)


def test_csv_has_the_separators_of_the_language():
    rows = sheet(["Ada", Decimal("1234.50")])
    with override("de"):
        assert write_csv(rows).decode() == "\ufeffName;Amount\r\nAda;1234,50\r\n"
    with override("en"):
        assert write_csv(rows).decode() == "\ufeffName,Amount\r\nAda,1234.50\r\n"


def test_workbook_is_read_again_with_its_numbers():
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(sheet(["Ada", Decimal("1234.50")]))))
    page = book["Flats"]
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["Name", "Amount"],
        ["Ada", 1234.5],
    ]
    assert page["B2"].number_format == "0.00"


@pytest.mark.parametrize("text", EVIL)
def test_no_text_is_a_formula(text):
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(sheet([text, Decimal(1)]))))
    cell = book["Flats"]["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")
    assert write_csv(sheet([text, Decimal(1)])).decode().splitlines()[1].lstrip('"').startswith("'")


def test_negative_amount_stays_a_number():
    with override("de"):
        assert write_csv(sheet(["Ada", Decimal("-0.60")])).decode().splitlines()[1] == "Ada;-0,60"


def test_name_of_a_sheet_is_one_that_workbooks_take():
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(Sheet("MC/2026:*" + "x" * 40, ("A",), []))))
    assert book.sheetnames == ["MC-2026--" + "x" * 22]


def test_text_with_a_character_that_workbooks_refuse_is_written_without_it():
    page = openpyxl.load_workbook(io.BytesIO(write_xlsx(sheet(["bell\a", 1])))).active
    assert [cell.value for cell in page[2]] == ["bell", 1]
