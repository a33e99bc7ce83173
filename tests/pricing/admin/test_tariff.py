import pytest
from django.urls import reverse

from evbalancer.life.people.form import form_data
from grid.models import AuditEntry
from pricing.models import Tariff, TariffWindow


def post(client, tariff, **fields):
    page = reverse("admin:pricing_tariff_change", args=[tariff.pk])
    return client.post(page, form_data(client.get(page)) | fields)


def test_price_is_typed_per_kilowatt_hour(manager, world):
    assert post(manager, world["pricing.Tariff"], base_price_per_mwh_minor=["0.215"]).status_code == 302
    assert Tariff.objects.get().base_price_per_mwh_minor == 21_500


def test_window_is_typed_as_times_and_days(manager, world):
    fields = {
        "windows-0-start_min": ["17:30"],
        "windows-0-end_min": ["24:00"],
        "windows-0-weekdays": ["0", "6"],
    }
    assert post(manager, world["pricing.Tariff"], **fields).status_code == 302
    window = TariffWindow.objects.get()
    assert (window.start_min, window.end_min, window.weekdays) == (1050, 1440, 0b1000001)


@pytest.mark.parametrize(
    "fields",
    [
        {"windows-0-end_min": ["24:01"]},
        {"windows-0-end_min": ["25"]},
        {"windows-0-start_min": ["06:00"]},
        {"windows-0-weekdays": []},
        {"windows-0-weekdays": ["7"]},
        {"windows-0-price_per_mwh_minor": ["-0.1"]},
    ],
)
def test_window_that_can_not_be_is_refused(fields, manager, world):
    before = TariffWindow.objects.values().get()
    assert post(manager, world["pricing.Tariff"], **fields).status_code == 200
    assert TariffWindow.objects.values().get() == before


def panels(client, tariff):
    page = reverse("admin:pricing_tariff_change", args=[tariff.pk])
    return {panel.title: panel.context for panel in client.get(page).context["panels"]}


def test_week_is_drawn_with_every_price(manager, world):
    week = panels(manager, world["pricing.Tariff"])["The week"]
    assert [price["said"] for price in week["legend"]] == ["0.2 per kWh", "0.3 per kWh"]
    cells = week["week"][0]["cells"]
    assert [cells[index]["step"] for index in (0, 11, 12, 47)] == [0, 0, 8, 8]


def test_prices_are_said_with_the_cost_of_a_night(manager, world):
    rows = panels(manager, world["pricing.Tariff"])["Prices of version 1"]["rows"]
    # 2 h at 0.30 and 6 h at 0.20 of 3.75 kWh each.
    assert [cell.text for (cell,) in rows] == [
        "Energy costs 0.20 EUR per kWh, from 00:00 to 06:00.",
        "Energy costs 0.30 EUR per kWh.",
        "A night of 30 kWh costs 6.75 EUR.",
    ]


def test_edit_publishes_one_version_with_its_author(manager, world):
    tariff = world["pricing.Tariff"]
    before = tariff.versions.values().get()
    fields = {"base_price_per_mwh_minor": ["0.4"], "windows-0-price_per_mwh_minor": ["0.1"]}
    assert post(manager, tariff, **fields).status_code == 302
    first, second = tariff.versions.order_by("number")
    assert tariff.versions.values().get(number=1) == before
    assert [each["price_components"][0]["price"] for each in second.body["elements"]] == [0.1, 0.4]
    assert second.published_by == world.manager.username
    assert second.begins_at == second.published_at > first.begins_at
    assert AuditEntry.objects.filter(action="tariff.published", target_id=str(second.pk)).count() == 1
    listed = panels(manager, tariff)["Versions"]["rows"]
    assert [row[0].text for row in listed] == ["2", "1"]


def test_save_that_changes_no_price_publishes_nothing(manager, world):
    tariff = world["pricing.Tariff"]
    assert post(manager, tariff, name=["Another name"]).status_code == 302
    assert tariff.versions.count() == 1


def test_begin_of_a_published_tariff_stays(manager, world):
    tariff = world["pricing.Tariff"]
    assert post(manager, tariff, valid_from_0=["2030-01-01"], valid_from_1=["00:00"]).status_code == 302
    assert Tariff.objects.get().valid_from == tariff.valid_from


def test_windows_that_overlap_are_refused_with_a_sentence(manager, world):
    window = {"start_min": ["05:00"], "end_min": ["07:00"], "weekdays": ["0"], "price_per_mwh_minor": ["0.1"]}
    fields = {f"windows-1-{name}": value for name, value in window.items()} | {"windows-TOTAL_FORMS": ["2"]}
    answer = post(manager, world["pricing.Tariff"], **fields)
    assert "00:00-06:00 and 05:00-07:00 overlap on a day" in answer.content.decode()
    assert TariffWindow.objects.count() == 1


@pytest.mark.parametrize(
    ("price", "sentence"), [("", "What does a kWh cost?"), ("100.01", "A kWh costs 100 at most.")]
)
def test_absurd_price_is_refused_with_a_sentence(price, sentence, manager, world):
    answer = post(manager, world["pricing.Tariff"], base_price_per_mwh_minor=[price])
    assert sentence in answer.content.decode()
    assert world["pricing.Tariff"].versions.count() == 1


def test_new_tariff_that_would_begin_in_the_past_is_refused(manager, world):
    page = reverse("admin:pricing_tariff_add")
    fields = {
        "community": [str(world.community.pk)],
        "name": ["Old"],
        "valid_from_0": ["2026-01-02"],
        "valid_from_1": ["00:00"],
        "base_price_per_mwh_minor": ["0.2"],
    }
    answer = manager.post(page, form_data(manager.get(page)) | fields)
    assert "A price can&#x27;t begin in the past" in answer.content.decode()
    assert Tariff.objects.count() == 1


def test_window_changed_or_deleted_on_its_own_page_publishes_a_version(manager, world):
    window, tariff = world["pricing.TariffWindow"], world["pricing.Tariff"]
    page = reverse("admin:pricing_tariffwindow_change", args=[window.pk])
    assert manager.post(page, form_data(manager.get(page)) | {"end_min": ["05:00"]}).status_code == 302
    page = reverse("admin:pricing_tariffwindow_delete", args=[window.pk])
    assert manager.post(page, {"post": "yes"}).status_code == 302
    bodies = [version.body["elements"] for version in tariff.versions.order_by("number")]
    assert bodies[1][0]["restrictions"]["end_time"] == "05:00"
    assert bodies[2] == bodies[0][1:]


def test_public_holidays_are_a_row_of_the_week_and_named(manager, world):
    tariff = world["pricing.Tariff"]
    answer = post(manager, tariff, holidays_as_sunday=["on"])
    assert "Choose the region of public holidays on the community" in answer.content.decode()
    page = reverse("admin:grid_community_change", args=[world.community.pk])
    told = manager.post(page, form_data(manager.get(page)) | {"holiday_region": ["DE-XX"]})
    assert "No region &#x27;XX&#x27; is known of DE" in told.content.decode()
    manager.post(page, form_data(manager.get(page)) | {"holiday_region": ["de-by"]})
    assert post(manager, tariff, holidays_as_sunday=["on"]).status_code == 302
    shown = panels(manager, tariff)
    assert [day["day"] for day in shown["The week"]["week"]][-2:] == ["Sun", "Hol"]
    said = [cell.text for (cell,) in shown["Prices of version 2"]["rows"]]
    assert any(line.startswith("Public holidays of DE-BY count as Sundays:") for line in said)
    assert any(line.startswith("The next ones are 20") for line in said)
