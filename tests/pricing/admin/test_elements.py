"""Elements of a tariff edited as forms: each edit is a version, and what can't be billed is refused with a sentence."""

import pytest
from django.urls import reverse

from evbalancer.life.people.form import form_data
from grid.domain.audit import SYSTEM
from pricing.domain.versions import check_terms, publish_terms
from pricing.models import Tariff
from pricing.rating.ocpi.tariffs import tariff_of
from tests.factories.pricing import TariffFactory
from tests.pricing.rating.ocpi.bodies import component, element
from tests.pricing.rating.ocpi.bodies import tariff as ocpi

# All that a form can say, in one tariff.
RICH = ocpi(
    element(
        component("ENERGY", 0.41, 21, 10),
        component("FLAT", 0.35),
        start_time="22:00",
        end_time="06:30:15",
        start_date="2026-01-01",
        end_date="2027-01-01",
        day_of_week=["MONDAY", "SUNDAY"],
    ),
    element(component("TIME", 1.5, 19, 60), min_kwh=0.5, max_kwh=30, min_power=3.7, max_power=11),
    element(component("PARKING_TIME", 6), min_duration=50, max_duration=7200),
    element(component("ENERGY", 0.3)),
    tax_included="YES",
    min_price={"before_taxes": 1, "after_taxes": 1.19},
    max_price={"before_taxes": 40},
)


@pytest.fixture
def tariff(world):
    return world["pricing.Tariff"]


@pytest.fixture
def page(tariff):
    return reverse("admin:pricing_tariff_edit_elements", args=[tariff.pk])


def send(client, page, button="publish", **fields):
    told = form_data(client.get(page)) | {name.replace("__", "-"): [value] for name, value in fields.items()}
    return client.post(page, told | {button: [""]})


def publish_rich(tariff, now):
    terms = tariff_of(RICH)
    check_terms(terms, currency="EUR")
    return publish_terms(tariff, terms, by=SYSTEM, now=now)


def test_weeks_table_becomes_elements_that_can_be_edited(manager, tariff, page):
    answer = send(manager, page, elements__2__flat_price="0.35", elements__2__flat_vat="21")
    assert answer.status_code == 302
    version = tariff.versions.latest("number")
    assert (version.number, [len(each["price_components"]) for each in version.body["elements"]]) == (
        2,
        [1, 1, 1],
    )
    assert version.body["elements"][2]["price_components"][0] == {
        "type": "FLAT",
        "price": 0.35,
        "step_size": 1,
        "vat": 21,
    }
    saved = Tariff.objects.get(pk=tariff.pk)
    assert (saved.base_price_per_mwh_minor, saved.windows.count()) == (None, 0)


def test_what_was_published_comes_back_as_it_was(manager, tariff, page):
    version = publish_rich(tariff, tariff.valid_from)
    assert send(manager, page).status_code == 302
    assert tariff.versions.latest("number") == version


def test_order_and_deletion_are_the_managers(manager, tariff, page):
    publish_rich(tariff, tariff.valid_from)
    fields = {"elements__3__ORDER": "0", "elements__1__DELETE": "on", "elements__2__DELETE": "on"}
    assert send(manager, page, **fields).status_code == 302
    elements = tariff.versions.latest("number").body["elements"]
    assert [each["price_components"][0]["price"] for each in elements] == [0.3, 0.41]


def test_preview_says_what_it_means_and_publishes_nothing(manager, tariff, page):
    answer = send(manager, page, "preview", elements__1__energy_price="0.5")
    assert answer.context["preview"] == [
        "Energy costs 0.20 EUR per kWh, from 00:00 to 06:00.",
        "Energy costs 0.50 EUR per kWh.",
        # 2 h at 0.50 and 6 h at 0.20 of 3.75 kWh each.
        "A night of 30 kWh costs 8.25 EUR.",
    ]
    assert tariff.versions.count() == 1
    gap = send(manager, page, "preview", elements__1__DELETE="on")
    assert "Energy that none of these prices fits is free." in gap.context["preview"]


def test_editor_is_in_the_language_of_the_reader(manager, page):
    manager.cookies["django_language"] = "de"
    answer = manager.get(page)
    assert answer.context["preview"][1:] == [
        "Energie kostet 0,30 EUR je kWh.",
        "Eine Nacht mit 30 kWh kostet 6,75 EUR.",
    ]
    assert "Veröffentlichen" in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"elements__0__energy_price": "-0.1"}, "greater than or equal to 0"),
        ({"elements__0__energy_price": "4100"}, "less than or equal to 100"),
        ({"elements__0__energy_price": "cheap"}, "Enter a number."),
        ({"elements__0__energy_vat": "101"}, "less than or equal to 100"),
        ({"elements__0__energy_price": ""}, "Enter one price at least, or delete this element."),
        ({"elements__0__end": ""}, "Enter both times, or none of them."),
        ({"elements__0__start": "25:00"}, "Enter a valid time."),
        (
            {"elements__0__min_kwh": "30", "elements__0__max_kwh": "20"},
            "elements[0] holds from 30 to 20 kWh, so it would never count.",
        ),
        (
            {"elements__0__start_date": "2026-05-02", "elements__0__end_date": "2026-05-02"},
            "elements[0] holds from 2026-05-02 to 2026-05-02, so it would never count.",
        ),
        (
            {"limits__min_excl": "5", "limits__max_excl": "4"},
            "The most that a session costs is below the least.",
        ),
        ({"limits__min_incl": "5"}, "Enter the amount before tax too."),
        (
            {"elements__0__DELETE": "on", "elements__1__DELETE": "on"},
            "A tariff has one element at least.",
        ),
    ],
)
def test_what_can_not_be_is_refused_with_a_sentence_and_changes_nothing(
    manager, tariff, page, fields, sentence
):
    answer = send(manager, page, **fields)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert tariff.versions.count() == 1


def test_tariff_of_another_community_does_not_exist(manager):
    page = reverse("admin:pricing_tariff_edit_elements", args=[TariffFactory().pk])
    assert manager.get(page).status_code == 404
