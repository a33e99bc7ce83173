"""Files as people upload them."""

import io

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile


def guest_file(kind: str, *more: tuple[str, str, str]) -> SimpleUploadedFile:
    """A list of two guests, and of those."""
    rows = [("Name", "EMail", "Unit"), ("Ada", "ada@example.org", 3), ("Jörg", "jo@example.org", None), *more]
    if kind == "csv":
        text = "\r\n".join(";".join("" if cell is None else str(cell) for cell in row) for row in rows)
        return SimpleUploadedFile("list.csv", text.encode("cp1252"))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    told = io.BytesIO()
    book.save(told)
    return SimpleUploadedFile("list.xlsx", told.getvalue())
