"""A list of charge points that was exported is imported again: unchanged, and edited in a spreadsheet of either language."""

import csv
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chargers.models import ChargePoint, Connector
from grid.models import AuditEntry
from tests.e2e import site
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import manager_of

pytestmark = pytest.mark.django_db
EXPORT = "/admin/chargers/connector/export-list/"
IMPORT = "/admin/chargers/connector/import/"
SEPARATORS = {"de": ";", "en": ","}


@pytest.fixture
def manager(client):
    user = manager_of(site.build().cluster.community)
    user.is_staff = True
    user.save()
    client.force_login(user)
    ChargePoint.objects.filter(identity="A1").update(name='=2+2; "Tür", Ü-01')
    Connector.objects.filter(charge_point__identity="A1").update(max_current_ma=13_500)
    return client


def exported(client: Client, language: str) -> bytes:
    answer = client.get(EXPORT, headers={"accept-language": language})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def table_of(told: bytes, language: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(told.decode("utf-8-sig")), delimiter=SEPARATORS[language]))


def saved(rows: list[list[str]], form: str) -> bytes:
    """As the spreadsheet of a person saves it."""
    if form == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(file := io.BytesIO())
        return file.getvalue()
    separator, encoding = {
        "german": (";", "cp1252"),
        "american": (",", "utf-8-sig"),
        "tabs": ("\t", "utf-16"),
    }[form]
    csv.writer(text := io.StringIO(), delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def imported(client: Client, told: bytes) -> None:
    preview = client.post(IMPORT, {"import_file": SimpleUploadedFile("list", told), "format": "0"})
    assert "confirm_form" in preview.context, preview.context["result"].sentences
    client.post("/admin/chargers/connector/process_import/", preview.context["confirm_form"].initial)


def wiring() -> list[tuple[object, ...]]:
    return list(
        Connector.objects.order_by("pk").values_list(
            "charge_point__name", "number", "circuit", "phase_rotation", "max_current_ma", "min_current_ma", "chosen_fallback_ma"
        )
    )  # fmt: skip


@pytest.mark.parametrize("language", ["de", "en"])
def test_unchanged_list_changes_nothing(manager, language):
    before, entries = wiring(), AuditEntry.objects.count()
    imported(manager, exported(manager, language))
    assert (wiring(), AuditEntry.objects.count()) == (before, entries)


@pytest.mark.parametrize("form", ["german", "american", "tabs", "xlsx"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_edited_list_changes_what_was_edited(manager, language, form):
    rows = table_of(exported(manager, language), language)
    at = {name: number for number, name in enumerate(rows[0])}
    [edited] = [row for row in rows if row[at["identity"]] == "A1"]
    edited[at["max_current_a"]] = "16,5" if form == "german" else "16.5"
    before = wiring()
    imported(manager, saved(rows, form))
    changed = [(new, old) for new, old in zip(wiring(), before, strict=True) if new != old]
    assert [(new[4], old[4]) for new, old in changed] == [(16_500, 13_500)]


def test_list_has_no_secret_and_nothing_of_another_community(manager):
    ChargePoint.objects.update(key_hash="SECRET")
    ConnectorFactory(charge_point__name="FOREIGN")
    text = exported(manager, "en").decode()
    assert "A1" in text
    assert not {word for word in ("SECRET", "FOREIGN") if word in text}
