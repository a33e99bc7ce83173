"""Promise E7 for lists of charge points: looked at, then all or nothing, and never a tree that does not fit."""

import io
import re
from html import unescape

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chargers.models import AccessRule, ChargePoint, Connector
from grid.models import AuditEntry
from tests.e2e import site
from tests.factories.drivers import FlatFactory, manager_of
from tests.factories.grid import CircuitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E7")]
HEADER = "cluster,name,identity,connector,circuit,phase_rotation,max_current_a,fallback_a\n"
PAGE = "/admin/chargers/connector/import/"


@pytest.fixture
def built() -> site.Built:
    return site.build()


@pytest.fixture
def manager(client, built):
    user = manager_of(built.cluster.community)
    user.is_staff = True
    user.save()
    client.force_login(user)
    return client


def preview(client, *rows):
    text = HEADER + "".join(f"Test Court,{row}\n" for row in rows)
    return client.post(PAGE, {"import_file": SimpleUploadedFile("assets.csv", text.encode()), "format": "0"})


def confirm(client, response):
    form = response.context["confirm_form"]
    return client.post("/admin/chargers/connector/process_import/", form.initial)


def test_list_is_looked_at_first_and_then_imported_and_audited(manager, built) -> None:
    response = preview(
        manager, "C-01,C1,1,Panel B,RST,16,6", "C-02,C2,1,Panel B,S,32,0", "A1,A1,1,Panel A,R,32,8"
    )
    assert not ChargePoint.objects.filter(identity="C1").exists()
    assert confirm(manager, response).status_code == 302
    made = Connector.objects.get(charge_point__identity="C1")
    assert (made.circuit.name, made.phase_rotation, made.max_current_ma) == ("Panel B", "RST", 16_000)
    assert (made.chosen_fallback_ma, made.community) == (6_000, built.cluster.community)
    assert Connector.objects.get(charge_point__identity="A1").chosen_fallback_ma == 8_000
    [entry] = AuditEntry.objects.filter(action="connector.changed")
    assert (entry.before, entry.after) == ({"chosen_fallback_ma": 0}, {"chosen_fallback_ma": 8_000})
    assert AuditEntry.objects.filter(action__in=["connector.added", "chargepoint.added"]).count() == 4


def test_list_whose_fallbacks_fit_alone_and_not_together_is_refused_with_the_missing_amperes(manager) -> None:
    response = preview(
        manager, "A1,A1,1,Panel A,R,32,20", "A4,A4,1,Panel A,RST,16,16", "C,C1,1,Panel A,R,32,6"
    )
    assert "confirm_form" not in response.context
    # 42 A of fallbacks and 1 A of margin on 40 A.
    assert "Panel A, L1: the fallbacks below it" in (page := response.content.decode())
    assert "need 3 A more than the limit" in page
    assert not Connector.objects.filter(chosen_fallback_ma__gt=0).exists()
    assert not ChargePoint.objects.filter(identity="C1").exists()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("C,C1,1,Panel Z,R,32,0", "Row 3, column circuit: Test Court has no circuit 'Panel Z'."),
        ("C,C1,1,Panel A,ABC,32,0", "Row 3, column phase_rotation: 'ABC' is not one of R, S, T"),
        ("C,C1,1,Panel A,R,much,0", "Row 3, column max_current_a: 'much' is not a current in amperes"),
        ("C,C1,1,Panel A,R,32,3", "Row 3: The fallback is 0 A, or from 6 A to the highest current."),
        ("C,not/an/identity,1,Panel A,R,32,0", "Row 3, column identity: "),
        ("C,C1,x,Panel A,R,32,0", "Row 3, column connector: 'x' is not a connector number"),
        ("C,C1,99999999999,Panel A,R,32,0", "Row 3, column connector: "),
        ("C,C2,1,Panel B,S,32,0", "Row 3, column connector: This connector is in an earlier row, too."),
    ],
)
def test_row_that_can_not_be_is_named_and_nothing_is_imported(manager, row, why) -> None:
    before = Connector.objects.count()
    response = preview(manager, "C-02,C2,1,Panel B,S,32,0", row)
    assert why in unescape(response.content.decode())
    assert "confirm_form" not in response.context
    assert (Connector.objects.count(), ChargePoint.objects.filter(identity="C2").count()) == (before, 0)


def test_what_no_longer_fits_when_it_is_confirmed_is_not_imported(manager, built) -> None:
    response = preview(manager, "A1,A1,1,Panel A,R,32,32")
    Connector.objects.filter(charge_point__identity="A4").update(chosen_fallback_ma=16_000)
    page = manager.get(confirm(manager, response)["Location"]).content.decode()
    assert "Nothing was imported. Panel A, L1" in page
    assert Connector.objects.get(charge_point__identity="A1").chosen_fallback_ma == 0


@pytest.mark.promise("S5")
def test_cluster_and_charge_point_of_another_community_can_not_be_named(manager, built) -> None:
    foreign = CircuitFactory(name="Panel A")
    taken = ChargePoint.objects.create(
        community=foreign.community, cluster=foreign.cluster, identity="FOREIGN", name="SECRET"
    )
    text = f"{HEADER}{foreign.cluster.name},C,C9,1,Panel A,R,32,0\nTest Court,X,FOREIGN,1,Panel A,R,32,0\n"
    response = manager.post(PAGE, {"import_file": SimpleUploadedFile("a.csv", text.encode()), "format": "0"})
    assert "confirm_form" not in response.context
    assert "SECRET" not in response.content.decode()
    taken.refresh_from_db()
    assert (taken.name, ChargePoint.objects.filter(identity="C9").exists()) == ("SECRET", False)


@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "cp1252"), (";", "utf-16"), ("\t", "utf-8-sig"), (",", "utf-8")]
)
def test_list_of_an_office_computer_is_imported(manager, separator, encoding) -> None:
    lines = [HEADER.strip(), "Test Court,Tür 1,C1,1,Panel B,RST,16,6"]
    text = "\r\n".join(line.replace(",", separator) for line in lines)
    if separator == ";":
        text = text.replace("16;6", "16,0;6,0")
    response = manager.post(
        PAGE, {"import_file": SimpleUploadedFile("list.csv", text.encode(encoding)), "format": "0"}
    )
    assert confirm(manager, response).status_code == 302
    made = Connector.objects.get(charge_point__identity="C1")
    assert (made.charge_point.name, made.max_current_ma, made.chosen_fallback_ma) == ("Tür 1", 16_000, 6_000)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"identity;connector\nA1;1\n", "These columns are missing: circuit, cluster"),
        (b"PK\x03\x04rest", "The workbook can't be read"),
        (b'cluster,name\n"Test Court,x', "Row 2 can't be read"),
        (
            HEADER.encode() + b"Test Court,C,C1,x,Panel A,R,32,0\n",
            "Row 2, column connector: 'x' is not a connector number",
        ),
        (HEADER.encode() + b"Nowhere,C,C1,1,Panel A,R,32,0\n", "There is no cluster"),
    ],
)
def test_list_that_can_not_be_read_is_answered_by_a_sentence(manager, content, why) -> None:
    response = manager.post(PAGE, {"import_file": SimpleUploadedFile("list.csv", content), "format": "0"})
    page = unescape(response.content.decode())
    assert response.status_code == 200
    assert why in page
    assert "Traceback" not in page
    assert "site-packages" not in page
    assert "confirm_form" not in response.context


def test_workbook_is_imported_like_a_list_of_text(manager) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    book.active.append(["Test Court", "Tür 1", "C1", 1, "Panel B", "RST", 16.5, 6])
    told = io.BytesIO()
    book.save(told)
    file = SimpleUploadedFile("list.xlsx", told.getvalue())
    response = manager.post(PAGE, {"import_file": file, "format": "0"})
    assert confirm(manager, response).status_code == 302
    made = Connector.objects.get(charge_point__identity="C1")
    assert (made.charge_point.name, made.max_current_ma, made.chosen_fallback_ma) == ("Tür 1", 16_500, 6_000)


def test_rows_are_named_as_the_spreadsheet_counts_them(manager) -> None:
    text = f'{HEADER}\n"Test Court","C\nupstairs",C1,1,Panel B,S,32,0\n\nTest Court,D,D1,1,Nowhere,S,32,0\n'
    response = manager.post(PAGE, {"import_file": SimpleUploadedFile("a.csv", text.encode()), "format": "0"})
    said = re.findall(r"<li>(Row .*?)</li>", unescape(response.content.decode()))
    assert len(said) == 2
    assert said[0].startswith("Row 3, column name: ")
    assert said[1] == "Row 5, column circuit: Test Court has no circuit 'Nowhere'."


def test_page_names_every_column(manager) -> None:
    assert "cluster, name, identity, connector" in re.sub(r"\s+", " ", manager.get(PAGE).content.decode())


def test_all_that_is_wrong_in_a_row_is_told_at_once(manager) -> None:
    response = preview(manager, "D,D1,one,Nowhere,XY,much,0")
    said = re.findall(r"<li>Row 2, column (\w+): ", response.content.decode())
    assert said == ["circuit", "connector", "max_current_a", "phase_rotation"]


def with_access(client, *cells):
    header = HEADER.replace("fallback_a", "fallback_a,access")
    rows = "".join(f"Test Court,A{n},A{n},1,Panel A,R,32,0,{cell}\n" for n, cell in enumerate(cells, start=1))
    file = SimpleUploadedFile("assets.csv", (header + rows).encode())
    return client.post(PAGE, {"import_file": file, "format": "0"})


def test_list_says_who_may_charge_where(manager, built) -> None:
    FlatFactory(community=built.cluster.community, name="Flat 3")
    response = with_access(manager, '"flat Flat 3; guests, Sat-Sun"', "")
    assert confirm(manager, response).status_code == 302
    rules = Connector.objects.get(charge_point__identity="A1").access_rules
    assert [rule.audience for rule in rules.all()] == ["flat", "guests"]
    assert AuditEntry.objects.filter(action="connector.access_changed").count() == 1
    # A list without the column leaves it as it is.
    confirm(manager, preview(manager, "A1,A1,1,Panel A,R,32,8"))
    assert rules.count() == 2


def test_list_with_rules_that_can_not_be_read_is_refused_with_its_row(manager, built) -> None:
    page = with_access(manager, "guests", "neighbours").content.decode()
    assert "Row 3, column access: &#x27;neighbours&#x27; does not say for whom." in page
    assert not AccessRule.objects.exists()
