import logging

import pytest

from evbalancer.life.people.asking import NOBODY, Machine, Person
from grid.models import AuditEntry, Cluster, MeterReading
from scheduling.domain.booking import requests
from scheduling.models import SlotRequest


@pytest.fixture
def driver(garage):
    return Person(garage, "somebody", garage.place.members[0].user)


@pytest.fixture
def manager(garage):
    return Person(garage, "the manager", garage.place.manager)


def test_refusal_is_told_with_its_code(driver, told):
    wish = {"energy_wh": 90_000, "ready_by": "2020-01-01T00:00:00Z"}
    assert driver.ask("POST", "/drivers/slot/request", wish, what="asks for a slot").status == 400
    assert told("somebody") == ["asks for a slot: 400 departure_in_past"]
    assert not SlotRequest.objects.exists()


def test_failure_of_the_server_is_an_error_in_the_log(driver, told, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("a fault")

    monkeypatch.setattr(requests, "request_slot", fail)
    wish = {"energy_wh": 5_000, "ready_by": "2099-01-01T00:00:00Z"}
    assert driver.ask("POST", "/drivers/slot/request", wish, what="asks for a slot").status == 500
    assert [record.levelno for record in caplog.records if record.name == "django.request"] == [logging.ERROR]
    assert told("somebody")[0].startswith("asks for a slot: 500")


def test_who_is_let_in_to_what_belongs_to_others_is_an_error_in_the_log(driver, garage, caplog):
    driver.pry("GET", f"/chargers/connectors/{garage.place.neighbour.connector_id}")
    assert not [record for record in caplog.records if record.levelno == logging.ERROR]
    driver.pry("GET", "/drivers/slot")
    assert [record.levelno for record in caplog.records if record.name.endswith("asking")] == [logging.ERROR]


def test_form_of_the_back_office_is_filled_in_as_shown_but_for_what_changes(manager, garage):
    before = Cluster.objects.values().get(pk=garage.place.cluster.pk)
    assert manager.fill_in(
        "grid_cluster_change", garage.place.cluster.pk, what="shares by first-come", policy="first-come"
    )
    after = Cluster.objects.values().get(pk=garage.place.cluster.pk)
    assert after == {**before, "policy": "first-come"}
    assert AuditEntry.objects.filter(action="cluster.changed").count() == 1


def test_form_that_is_refused_is_told(manager, garage, told):
    page = ("grid_cluster_change", garage.place.cluster.pk)
    assert not manager.fill_in(*page, what="shares by nothing", policy="nothing")
    assert told("the manager") == ["shares by nothing: the form is shown again (200)"]


def test_driver_has_no_back_office(driver, garage, told):
    assert not driver.fill_in(
        "grid_cluster_change", garage.place.cluster.pk, what="shares by fair", policy="fair"
    )
    assert told("somebody") == ["shares by fair: the page answers 302"]


def test_nobody_answers_while_the_server_is_away(driver, manager, garage, told):
    garage.is_served = lambda: False
    assert driver.ask("GET", "/drivers/slot", what="looks") == NOBODY
    assert not manager.fill_in("grid_cluster_change", garage.place.cluster.pk, what="reforms")
    assert (told("somebody"), told("the manager")) == (["looks: nobody answers"], ["reforms: nobody answers"])


def test_meter_pushes_with_the_key_of_its_circuit(garage, told):
    Machine(garage, "the meter", garage.place.meter_keys["Main"]).push((5_000, 6_000, 7_000))
    reading = MeterReading.objects.get()
    assert (*reading.base_load_ma,) == (5_000, 6_000, 7_000)
    Machine(garage, "a stranger", "wrong").push((1, 1, 1))
    assert MeterReading.objects.count() == 1
    assert told("a stranger") == ["is answered 401"]
