"""The setup assistant as its readers use it: from an empty install on, twice, in two tabs, and by whom it is none of their business."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chargers.domain.sockets.keys import match_key
from chargers.models import ChargePoint, Connector
from drivers.enums import Role
from drivers.models import Driver, IdTag, Invitation, Membership, User
from evbalancer.life.people.form import form_data
from evbalancer.setup.progress import Step, read_progress
from grid.models import AuditEntry, Circuit, Cluster, Community
from pricing.models import Tariff, TariffVersion
from tests.factories.drivers import manager_of
from tests.factories.grid import CircuitFactory, ClusterFactory, CommunityFactory

pytestmark = pytest.mark.django_db
CHARGERS = (
    "identity;name;circuit;phase_rotation;max_current_a\nELM-1;Süd 1;Panel A;RST;16\nELM-2;Süd 2;;STR;16\n"
)
CONNECTION = {
    "name": "Garage", "phases": "3", "limit_a": "100", "unit": "A", "voltage_v": "230", "meter": "none",
    "building_max_a": "40", "margin_a": "1",
}  # fmt: skip


@pytest.fixture
def operator(sign_in):
    return sign_in(User.objects.create_superuser("op", "op@example.org", "correct horse battery"))


@pytest.fixture
def community():
    return CommunityFactory(name="Elm Street 12", slug="elm")


@pytest.fixture
def site(community):
    cluster = ClusterFactory(community=community, name="Garage")
    root = CircuitFactory(
        community=community,
        cluster=cluster,
        name="Grid connection",
        limit_l1_ma=100_000,
        limit_l2_ma=100_000,
        limit_l3_ma=100_000,
    )
    CircuitFactory(
        community=community,
        cluster=cluster,
        parent=root,
        name="Panel A",
        limit_l1_ma=63_000,
        limit_l2_ma=63_000,
        limit_l3_ma=63_000,
    )
    return cluster


def appointed(community):
    user = manager_of(community)
    user.is_staff = True
    user.save()
    return user


def page(community, step):
    return reverse("admin:setup-step", args=[community.pk, step])


def send(client, community, step, **data):
    return client.post(page(community, step), data)


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def drawn(*rows):
    data = {"act": "draw", "circuit-TOTAL_FORMS": len(rows), "circuit-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"circuit-{number}-{name}": value for name, value in row.items()}
    return data


def test_first_sign_in_meets_the_assistant_and_is_led_through_it(operator):
    assert operator.get("/admin/")["Location"] == reverse("admin:setup")
    told = {"name": "Elm Street 12", "time_zone": "Europe/Vienna", "currency": "EUR", "language": "de"}
    answer = operator.post(reverse("admin:setup"), told)
    community = Community.objects.get()
    assert answer["Location"] == page(community, "connection")
    assert (community.time_zone, community.language) == ("Europe/Vienna", "de")
    assert operator.post(reverse("admin:setup"), told)["Location"] == page(community, "connection")
    assert operator.get("/admin/")["Location"] == page(community, "connection")
    refused = operator.post(reverse("admin:setup"), told | {"language": "en"})
    assert (refused.status_code, "There is a community of this name already." in text_of(refused)) == (
        422,
        True,
    )
    assert Community.objects.count() == 1


def test_connection_in_kva_and_amperes_is_shown_as_it_is_stored(operator, community):
    assert (
        send(operator, community, "connection", **CONNECTION | {"limit_a": "69,0", "unit": "kVA"}).status_code
        == 302
    )
    root = Circuit.objects.get()
    assert (root.limit_ma, root.base_load_max_ma) == ((100_000,) * 3, (40_000,) * 3)
    send(operator, community, "connection", **CONNECTION | {"limit_a": "63 / 63 / 40", "margin_a": "2,5"})
    root.refresh_from_db()
    assert root.limit_ma == (63_000, 63_000, 40_000)
    entries = AuditEntry.objects.count()
    response = operator.get(page(community, "connection"))
    assert response.context["form"].initial["limit_a"] == "63 / 63 / 40"
    # What is shown, sent back as it is.
    assert operator.post(page(community, "connection"), form_data(response)).status_code == 302
    assert AuditEntry.objects.count() == entries
    assert Cluster.objects.get().margin_ma == 2_500


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"limit_a": "much"}, "Enter a number above 0"),
        ({"limit_a": "0"}, "The connection has a limit above 0 A."),
        ({"limit_a": "63 / 63"}, "Enter a number above 0"),
        ({"limit_a": "0", "unit": "kVA"}, "Enter a number above 0"),
        ({"meter": "everything", "building_max_a": "0"}, "it counts while the meter is silent"),
        ({"building_max_a": "-1"}, "is not a current in amperes"),
        ({"voltage_v": "12000"}, "less than or equal to 480"),
        ({"limit_a": "9" * 30}, "2000 A"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_refused_connection_is_said_in_a_sentence_and_nothing_is_stored(operator, community, wrong, why):
    answer = send(operator, community, "connection", **CONNECTION | wrong)
    assert (answer.status_code, why in text_of(answer)) == (422, True)
    assert not Cluster.objects.exists()
    assert not AuditEntry.objects.exists()


def test_drawn_tree_is_stored_once_and_a_size_above_the_one_above_is_questioned(operator, community, site):
    rows = (
        {"name": "Panel B", "below": "", "kind": "panel", "limit_a": "500"},
        {"name": "Row 1", "below": "Panel B", "kind": "feeder", "limit_a": "32 / 32 / 16"},
        {},
    )
    answer = send(operator, community, "circuits", **drawn(*rows))
    assert "Panel B allows 500 A below Grid connection with 100 A. Is that right?" in text_of(answer)
    assert Circuit.objects.count() == 2
    rows[0]["exceeds_above"] = "on"
    for _ in range(2):
        assert send(operator, community, "circuits", **drawn(*rows)).status_code == 302
    row = Circuit.objects.get(name="Row 1")
    assert (row.parent.name, row.limit_ma, Circuit.objects.count()) == (
        "Panel B",
        (32_000, 32_000, 16_000),
        4,
    )
    assert "Row 1" in text_of(operator.get(page(community, "circuits")))


def test_imported_tree_names_the_row_that_is_wrong(operator, community, site):
    answer = send(operator, community, "circuits", rows="Verteiler;Unter;Sicherung\nB;;50\nC;Nowhere;20\n")
    assert "row 3, below: There is no circuit Nowhere above it" in text_of(answer)
    assert Circuit.objects.count() == 2
    assert (
        send(operator, community, "circuits", rows="Verteiler;Unter;Sicherung\nC;B;20\nB;;50\n").status_code
        == 302
    )
    assert Circuit.objects.get(name="C").parent.name == "B"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_chargers_come_in_any_encoding_and_get_their_keys_on_one_sheet(operator, community, site, encoding):
    from django.core.files.uploadedfile import SimpleUploadedFile

    for _ in range(2):
        answer = send(
            operator, community, "chargers", file=SimpleUploadedFile("list.csv", CHARGERS.encode(encoding))
        )
        assert answer["Location"] == page(community, "chargers")
    assert list(ChargePoint.objects.values_list("name", flat=True)) == ["Süd 1", "Süd 2"]
    assert Connector.objects.get(charge_point__identity="ELM-2").circuit.name == "Grid connection"
    sheet = send(operator, community, "chargers", act="keys")
    assert "no-store" in sheet["Cache-Control"]
    found = re.findall(r"<code>([0-9a-f]{40})</code>", sheet.content.decode())
    for charge_point, key in zip(ChargePoint.objects.order_by("name"), found, strict=True):
        assert match_key(key.encode(), key_hash=charge_point.key_hash)[0]
        assert not AuditEntry.objects.filter(after__icontains=key).exists()
    assert sheet.content.decode().count("<svg") >= 2
    again = send(operator, community, "chargers", act="keys")
    assert again["Location"] == page(community, "chargers")
    ChargePoint.objects.filter(identity="ELM-1").update(connected_at=timezone.now())
    other = re.findall(
        r"<code>([0-9a-f]{40})</code>",
        send(operator, community, "chargers", act="keys-again").content.decode(),
    )
    assert match_key(other[0].encode(), key_hash=ChargePoint.objects.get(identity="ELM-2").key_hash)[0]
    assert match_key(found[0].encode(), key_hash=ChargePoint.objects.get(identity="ELM-1").key_hash)[0]


def test_list_with_one_wrong_row_stores_nothing(operator, community, site):
    answer = send(operator, community, "chargers", rows=CHARGERS + "ELM-3;X;Attic;RST;16\n")
    assert "row 4, circuit: Garage has no circuit Attic." in text_of(answer)
    assert not ChargePoint.objects.exists()


def test_fallbacks_are_chosen_and_a_look_at_them_changes_nothing(operator, community, site):
    send(operator, community, "chargers", rows=CHARGERS)
    assert "Fallbacks: do they fit?" in text_of(operator.get(page(community, "fallbacks")))
    send(operator, community, "fallbacks", choice="other", all_a="8,5")
    assert set(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == {8_500}
    answer = operator.post(
        page(community, "fallbacks"), form_data(operator.get(page(community, "fallbacks")))
    )
    assert answer.status_code == 302
    assert set(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == {8_500}
    Connector.objects.filter(charge_point__identity="ELM-1").update(chosen_fallback_ma=0)
    mixed = operator.post(page(community, "fallbacks"), form_data(operator.get(page(community, "fallbacks"))))
    assert mixed.status_code == 422
    refused = send(operator, community, "fallbacks", choice="other", all_a="3")
    assert "can fall back to 0 A, or to 6 to 16 A" in text_of(refused)
    assert sorted(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == [0, 8_500]


def test_tariff_of_a_template_is_published_once_and_a_finer_one_is_left_alone(operator, community):
    prices = {
        "name": "House",
        "template": "day_and_night",
        "price_per_kwh": "0,35",
        "night_price_per_kwh": "0.29",
    }
    for _ in range(2):
        assert send(operator, community, "tariff", **prices).status_code == 302
    assert TariffVersion.objects.count() == 1
    shown = operator.get(page(community, "tariff"))
    assert shown.context["form"].initial["night_price_per_kwh"] == "0.29"
    assert "This is not a price" in text_of(
        send(operator, community, "tariff", **prices | {"night_price_per_kwh": ""})
    )
    Tariff.objects.update(overstay_per_hour_minor=100)
    assert operator.get(page(community, "tariff")).context["form"] is None
    assert send(operator, community, "tariff", **prices | {"price_per_kwh": "9"}).status_code == 422
    assert TariffVersion.objects.count() == 1


def test_people_with_cards_come_as_one_list_and_are_invited_together(operator, community):
    people = "Name\tE-Mail\tWohnung\tStellplatz\tKarte\nAnna\tanna@example.org\tFlat 1\tA-01\t04:A1:B2:C3\nDora\t\tFlat 1\tA-02\t\n"
    for _ in range(2):
        assert send(operator, community, "people", rows=people).status_code == 302
    assert {(row.name, row.unit, row.flat.name) for row in Driver.objects.all()} == {
        ("Anna", "A-01", "Flat 1"),
        ("Dora", "A-02", "Flat 1"),
    }
    assert IdTag.objects.get().token == "04A1B2C3"
    answer = send(operator, community, "people", act="invite")
    assert "/invitation/" in text_of(answer)
    assert [row.email for row in Invitation.objects.all()] == ["anna@example.org"]
    send(operator, community, "people", act="invite")
    assert Invitation.objects.count() == 1
    taken = send(operator, community, "people", rows="name;card\nErik;04 a1 b2 c3\n")
    assert "row 2, card: Anna has this card." in text_of(taken)
    assert Driver.objects.count() == 2


def test_manager_is_invited_by_an_operator_and_by_nobody_else(operator, community, sign_in, site):
    answer = send(operator, community, "manager", name="Boss", email="boss@example.org")
    assert "/invitation/" in text_of(answer)
    assert Invitation.objects.get().role == Role.MANAGER
    manager = sign_in(appointed(community))
    for step in ("manager", "mail"):
        assert "An operator of this server does this." in text_of(manager.get(page(community, step)))
        data = {"name": "Other", "email": "other@example.org", "to": "x@example.org"}
        assert "An operator of this server does this." in text_of(send(manager, community, step, **data))
    assert Invitation.objects.count() == 1
    assert len(mail.outbox) == 1


def test_manager_sets_up_the_own_community_and_no_other(sign_in, community):
    own, other = CommunityFactory(), community
    user = appointed(own)
    manager = sign_in(user)
    assert manager.get("/admin/")["Location"] == page(own, "connection")
    assert manager.get(reverse("admin:setup"))["Location"] == page(own, "connection")
    assert send(manager, own, "connection", **CONNECTION).status_code == 302
    for step in Step:
        assert manager.get(page(other, step)).status_code == 404
        assert send(manager, other, step, **CONNECTION).status_code == 404
    assert not Cluster.objects.filter(community=other).exists()
    # The currency and the voltage of what is there are an operator's.
    send(manager, own, "community", name="New", time_zone="Europe/Berlin", currency="USD", language="en")
    send(manager, own, "connection", **CONNECTION | {"voltage_v": "120"})
    own.refresh_from_db()
    assert (own.name, own.currency, Cluster.objects.get().voltage_v) == ("New", "EUR", 230)
    Membership.objects.filter(user=user).update(role=Role.DRIVER)
    assert manager.get(page(own, "connection")).status_code == 302
    assert Client().get(page(own, "connection")).status_code == 302


def test_test_mail_shows_what_the_server_says(operator, community, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "set EMAIL_HOST first" in text_of(send(operator, community, "mail", to="op@example.org"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send(operator, community, "mail", to="op@example.org").status_code == 302
    assert [sent.to for sent in mail.outbox] == [["op@example.org"]]
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    assert "The mail server refused it: Connection refused" in text_of(
        send(operator, community, "mail", to="op@example.org")
    )


def test_check_list_stays_on_the_front_page_until_all_is_green(operator, community, site):
    assert "Setting up Elm Street 12" in text_of(operator.get("/admin/"))
    send(operator, community, "chargers", rows=CHARGERS)
    send(operator, community, "chargers", act="keys")
    send(operator, community, "tariff", name="House", template="free")
    send(operator, community, "people", rows="name\nAnna\n")
    manager_of(community)
    progress = read_progress(community)
    assert [point.step for point in progress.points if not point.is_done] == [Step.CONTACT]
    assert progress.next is Step.CONTACT
    assert "9 of 10 done" in text_of(operator.get("/admin/"))
    ChargePoint.objects.update(connected_at=timezone.now())
    assert "Setting up" not in text_of(operator.get("/admin/"))


@pytest.mark.parametrize("step", list(Step))
def test_each_step_is_in_german(operator, community, site, step):
    send(operator, community, "chargers", rows=CHARGERS)
    body = operator.get(page(community, step), headers={"accept-language": "de"}).content.decode()
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body[body.index("evb-setup") :]))
    assert "Elm Street 12" in shown
    assert re.findall(r"\b(?:the|and|with|charge points?|save|which|what)\b", shown, re.IGNORECASE) == []


def test_step_that_does_not_exist_is_not_found(operator, community):
    assert operator.get(f"/admin/setup/{community.pk}/roof/").status_code == 404
