from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evbalancer.life.people.form import form_data
from pricing.models import TariffAssignment
from tests.factories.pricing import TariffFactory

ADD = "admin:pricing_tariffassignment_add"


def panel_of(client, row):
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    found = {panel.title: panel.context for panel in client.get(page).context["panels"]}
    return found["Who pays what from when"]


def add(client, **fields):
    page = reverse(ADD)
    return client.post(page, form_data(client.get(page)) | {name: [value] for name, value in fields.items()})


@pytest.fixture
def garage_tariff(world):
    return TariffFactory(
        community=world.community, name="Garage", is_standing=False, base_price_per_mwh_minor=10_000
    )


def test_manager_assigns_a_tariff_and_reads_who_pays_what(manager, world, garage_tariff):
    cluster = world["grid.Cluster"]
    assert add(manager, tariff=str(garage_tariff.pk), cluster=str(cluster.pk)).status_code == 302
    for row in (garage_tariff, cluster, world["drivers.DriverGroup"], world["chargers.ConnectorGroup"]):
        lines = [[cell.text for cell in line] for line in panel_of(manager, row)["rows"]]
        assert [(line[0], line[1], line[4]) for line in lines] == [
            (world["drivers.DriverGroup"].name, world["pricing.Tariff"].name, "6.75 EUR"),
            (cluster.name, "Price that follows the market", ""),
            (cluster.name, "Garage", "3.00 EUR"),
            ("Everybody else", world["pricing.Tariff"].name, "6.75 EUR"),
        ]
    assert panel_of(manager, cluster)["more"].href == f"{reverse(ADD)}?cluster={cluster.pk}"


def test_overlap_and_past_are_refused_with_a_sentence(manager, world, garage_tariff):
    group = world["drivers.DriverGroup"]
    answer = add(manager, tariff=str(garage_tariff.pk), driver_group=str(group.pk))
    assert "End that first, or begin after it." in answer.content.decode()
    answer = add(manager, tariff=str(garage_tariff.pk), begins_at_0="2026-02-01", begins_at_1="00:00")
    assert "A price can&#x27;t begin in the past" in answer.content.decode()
    assert TariffAssignment.objects.filter(tariff=garage_tariff).count() == 0


def test_what_is_to_come_is_taken_back_and_what_has_begun_is_ended(manager, world, garage_tariff):
    coming = TariffAssignment.objects.create(
        community=world.community, tariff=garage_tariff, begins_at=timezone.now() + timedelta(days=3)
    )
    page = reverse("admin:pricing_tariffassignment_take_back", args=[coming.pk])
    assert manager.post(page).status_code == 302
    assert not TariffAssignment.objects.filter(pk=coming.pk).exists()
    begun = world["pricing.TariffAssignment"]
    page = reverse("admin:pricing_tariffassignment_take_back", args=[begun.pk])
    assert "End it instead" in manager.post(page).content.decode()
    end = timezone.localtime() + timedelta(days=1)
    page = reverse("admin:pricing_tariffassignment_change", args=[begun.pk])
    fields = {"ends_at_0": [f"{end:%Y-%m-%d}"], "ends_at_1": [f"{end:%H:%M}"]}
    assert manager.post(page, form_data(manager.get(page)) | fields).status_code == 302
    assert TariffAssignment.objects.get(pk=begun.pk).ends_at is not None
