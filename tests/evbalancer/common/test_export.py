import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from drivers.models import Driver
from evbalancer.common.admin.export import FORMULA_STARTS, neutral, stream
from tests.factories.drivers import DriverFactory, UserFactory, manager_of


def rows_of(response, delimiter: str = ",") -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


@pytest.mark.promise("S12")
@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_cell_that_a_spreadsheet_would_run_is_text(start):
    assert neutral(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


def test_numbers_stay_numbers():
    assert [neutral(value) for value in (-5, 2.5, True, None)] == [-5, 2.5, "yes", ""]


@pytest.mark.promise("S12")
def test_headers_are_neutral_too():
    assert rows_of(stream("x", ["=cmd"], []))[0] == ["'=cmd"]


@pytest.mark.promise("S12")
@pytest.mark.django_db
def test_export_holds_what_the_list_shows_and_no_more(client):
    driver = DriverFactory(name="=2+5")
    DriverFactory(name="Elsewhere")
    manager = manager_of(driver.community)
    manager.is_staff = True
    manager.save()
    client.force_login(manager)
    response = client.get(reverse("admin:drivers_driver_export"))
    header, *rows = rows_of(response)
    assert [row[header.index("name")] for row in rows] == ["'=2+5"]
    assert response["Content-Disposition"].startswith('attachment; filename="drivers-')
    found = client.get(reverse("admin:drivers_driver_export"), {"q": "nobody"})
    assert rows_of(found) == [header]


@pytest.mark.promise("S12")
@pytest.mark.django_db
def test_export_of_accounts_has_no_password(client):
    operator = UserFactory(is_superuser=True, is_staff=True)
    client.force_login(operator)
    text = b"".join(client.get(reverse("admin:drivers_user_export")).streaming_content).decode()
    assert operator.password not in text
    assert Driver.objects.count() == 0


@pytest.mark.promise("S12")
@pytest.mark.parametrize("separator", [";", ",", "\t", "|", "\n", "\r\n", '; "', "; "])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d"])
def test_formula_after_any_separator_is_text(separator, start):
    assert neutral(f"a{separator}{start}1+1") == f"a{separator}'{start}1+1"


@pytest.mark.promise("S12")
def test_blanks_hide_no_formula_and_numbers_in_lists_stay_numbers():
    assert neutral("  =1+1") == "'  =1+1"
    assert neutral([1, -2, 3]).split() == ["[", "1,", "-2,", "3", "]"]
    assert neutral("1; -5; +3.5") == "1; -5; +3.5"
    assert neutral("A house; 2nd floor, left-hand") == "A house; 2nd floor, left-hand"


def test_zone_and_language_are_those_of_the_answer_and_not_of_the_moment_it_is_read():
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")), translation.override("de"):
        response = stream("x", ["at", "is_on", "word"], [[at, True, gettext_lazy("Fulfilled")]])
    with translation.override("en"):
        assert rows_of(response, delimiter=";")[1] == ["2026-07-02T00:30:00+02:00", "ja", "Erfüllt"]


@pytest.mark.parametrize(("language", "line"), [("de", "13,5;0,001;7"), ("en", "13.5,0.001,7")])
def test_spreadsheet_of_the_language_reads_numbers_and_cells(language, line):
    with translation.override(language):
        response = stream("x", ["a", "b", "c"], [[13.5, Decimal("0.001"), 7]])
    assert b"".join(response.streaming_content).decode().splitlines()[1] == line
