import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone, translation

from evbalancer.common.admin import base
from evbalancer.common.admin.workbook import workbook
from tests.factories.drivers import DriverFactory, manager_of


def rows_of(answer):
    return list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)


@pytest.mark.parametrize("language", ["en", "de"])
def test_cells_are_numbers_and_local_moments_in_every_language(language):
    at = datetime(2026, 3, 2, 18, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")), translation.override(language):
        _, row = rows_of(workbook("x", "abcd", [[at, 13.5, Decimal("0.25"), None]]))
    assert row == (at.replace(tzinfo=None) + timedelta(hours=1), 13.5, 0.25, None)


@pytest.mark.promise("S12")
def test_no_cell_is_a_formula_and_none_breaks_the_file():
    header, row = rows_of(workbook("x", ["=cmd"], [["=1+1"]]))
    assert (header, row) == (("'=cmd",), ("'=1+1",))
    assert rows_of(workbook("x", ["a"], [["bell\a"]]))[1] == ("bell",)


@pytest.fixture
def manager(client):
    user = manager_of(DriverFactory(name="=2+5").community)
    user.is_staff = True
    user.save()
    client.force_login(user)
    return client


@pytest.mark.promise("S4")
@pytest.mark.django_db
def test_list_is_exported_as_a_workbook_with_its_filters_and_no_more(manager):
    DriverFactory(name="Elsewhere")
    address = reverse("admin:drivers_driver_export_xlsx")
    header, *rows = rows_of(manager.get(address))
    assert [row[header.index("name")] for row in rows] == ["'=2+5"]
    assert rows_of(manager.get(address, {"q": "nobody"})) == [header]


@pytest.mark.django_db
def test_list_that_is_too_long_for_a_workbook_says_so(manager, monkeypatch):
    monkeypatch.setattr(base, "MOST_ROWS", 0)
    page = manager.get(reverse("admin:drivers_driver_export_xlsx"), follow=True)
    assert [str(said) for said in page.context["messages"]] == [
        "A workbook has at most 0 rows: filter the list, or export CSV."
    ]
