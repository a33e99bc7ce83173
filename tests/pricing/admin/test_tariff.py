import pytest
from django.urls import reverse

from evbalancer.life.people.form import form_data
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


def test_week_is_drawn_with_every_price(manager, world):
    page = reverse("admin:pricing_tariff_change", args=[world["pricing.Tariff"].pk])
    (panel,) = manager.get(page).context["panels"]
    assert [price["said"] for price in panel.context["legend"]] == ["0.2 per kWh", "0.3 per kWh"]
    cells = panel.context["week"][0]["cells"]
    assert [cells[index]["step"] for index in (0, 11, 12, 47)] == [0, 0, 8, 8]
