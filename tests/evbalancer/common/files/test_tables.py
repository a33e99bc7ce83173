import pytest

from evbalancer.common.files.tables import UnreadableTable, read_table

COLUMNS = ("name", "email", "limit_a")
ROWS = [["Zoë Müller", "zoe@example.org", "16,5"], ["Ann, B", "ann@example.org", ""]]


def written(separator, *, end="\r\n"):
    lines = [COLUMNS, *ROWS]
    return "".join(separator.join(f'"{cell}"' for cell in line) + end for line in lines)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_what_spreadsheets_write_is_read(separator, encoding, end):
    told = written(separator, end=end).encode(encoding)
    assert read_table(told, columns=COLUMNS)[:2] == (list(COLUMNS), ROWS)


@pytest.mark.parametrize(
    "text",
    [
        'sep=;\r\nname;email;limit_a\r\n"Zoë Müller";zoe@example.org;16,5\r\n',
        " Name ; EMAIL;Limit_A;;\r\nZoë Müller ; zoe@example.org;16,5;;\r\n;;;;\r\n\r\n",
        "name;email;limit_a\rZoë Müller;zoe@example.org;16,5\r",
    ],
)
def test_habits_of_spreadsheets_are_understood(text):
    assert read_table(text.encode(), columns=COLUMNS)[:2] == (list(COLUMNS), [ROWS[0]])


def test_row_that_ends_early_is_filled_up():
    assert read_table("name;email;limit_a\nA;a@b.c\n", columns=COLUMNS)[1] == [["A", "a@b.c", ""]]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (b"", "empty"),
        (b"\r\n;;\r\n", "empty"),
        (b"name,email\nA,a@b.c,more", "Row 2 has 3 columns"),
        (b'name,email\n"A,a@b.c', "Row 2 can't be read"),
        (b"name,name\nA,B", "there twice"),
        (b"PK\x03\x04\x14\x00\x06\x00", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old format"),
        (b"name,email\n" * 10_001, "more than 10000 rows"),
        (b"name,email\nA\0,B\n", "text table"),
        (b"name,email\n\x81\x8d,B\n", "can't be read"),
        (b"name,email\n" + b"x" * 3_000 + b",B\n", "Row 2, column 'name'"),
        (b"," * 100, "columns"),
    ],
)
def test_what_can_not_be_read_is_a_sentence(told, why):
    with pytest.raises(UnreadableTable, match=why):
        read_table(told, columns=COLUMNS)


def test_rows_are_numbered_as_the_spreadsheet_counts_them():
    told = 'sep=;\nname;email\n"Ann\nof flat 3";a@b.c\n;;\n\nBo;b@c.d\n'
    table = read_table(told, columns=COLUMNS)
    assert (table.rows, table.numbers) == ([["Ann\nof flat 3", "a@b.c"], ["Bo", "b@c.d"]], [3, 6])
