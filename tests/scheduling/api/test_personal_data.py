import json

import pytest
from django.apps import apps
from django.utils import timezone

from chargers.enums import SessionState
from chargers.models import Session, SignedMeterValue
from drivers.models import Driver, User
from pricing.models import BillLine
from scheduling.models import FairnessEntry, Habit, SlotRequest
from tests.asserts.http import assert_problem, client_of
from tests.evbalancer.api_world import a_world
from tests.factories.drivers import PASSWORD, DriverFactory

pytestmark = pytest.mark.django_db
DATA = "/drivers/data"


@pytest.fixture
def driver():
    _, driver = a_world("CANARY")
    User.objects.filter(pk=driver.user_id).update(first_name="CANARY", email="CANARY@example.org")
    driver.user.refresh_from_db()
    return driver


def finish_session(driver):
    Session.objects.filter(driver=driver).update(state=SessionState.ENDED, unplugged_at=timezone.now())


def erase(driver, password=PASSWORD):
    return client_of(driver.user).post(DATA, {"password": password}, format="json")


def test_export_has_every_kind_and_no_secret(driver):
    a_world("NEIGHBOUR")
    response = client_of(driver.user).get(DATA)
    body = response.json()
    assert (body["driver"]["name"], body["account"]["username"]) == ("CANARY driver", "CANARY-driver")
    empty = [name for name, rows in body.items() if rows == []]
    assert empty == [
        "vehicle_readings",
        "waivers",
        "mandates",
        "wallet_entries",
        "preferences",
        "calendar_feed",
        "invitations",
    ]
    assert body["signed_meter_values"][0]["data"] == "OCMF|CANARY"
    assert "NEIGHBOUR" not in response.content.decode()
    assert not [
        name
        for rows in body.values()
        if isinstance(rows, list)
        for row in rows
        for name in row
        if "encrypted" in name
    ]
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_export_covers_every_model_that_points_at_a_driver():
    pointing = {
        model.__name__
        for model in apps.get_models()
        for field in model._meta.fields
        if field.remote_field is not None and field.related_model is Driver
    }
    # The ten minutes of a Connect flow; a wallet is what its entries say.
    told_elsewhere = {"ConnectState", "Wallet"}
    exported = {
        "IdTag", "Vehicle", "SmartcarConnection", "Session", "BillLine", "SlotRequest", "EmergencyRequest",
        "FairnessEntry", "AbuseFinding", "Strike", "Notification", "Preference", "Webhook", "Invitation",
        "CalendarFeed", "Habit", "Statement", "Mandate", "PriceChoice",
    }  # fmt: skip
    assert exported <= pointing
    assert pointing - exported - told_elsewhere <= {"Stay"}


def test_erased_driver_is_nobody_and_the_ledgers_stay(driver):
    finish_session(driver)
    account = driver.user_id
    assert erase(driver).status_code == 204
    user = User.objects.get(pk=account)
    assert (user.is_active, user.email, user.first_name) == (False, "", "")
    driver.refresh_from_db()
    assert (driver.name, driver.email, driver.user) == ("Former driver", "", None)
    assert (FairnessEntry.objects.get().driver, BillLine.objects.get().driver) == (driver, driver)
    assert SlotRequest.objects.get().state == "cancelled"
    assert not Habit.objects.exists()
    left = json.dumps([list(Driver.objects.values()), list(Session.objects.values())], default=str)
    assert "CANARY" not in left


def test_erased_driver_leaves_no_signed_value_in_which_the_card_stands(driver):
    a_world("NEIGHBOUR")
    finish_session(driver)
    assert SignedMeterValue.objects.count() == 2
    assert erase(driver).status_code == 204
    assert SignedMeterValue.objects.get().data == "OCMF|NEIGHBOUR"


def test_erasure_needs_the_password(driver):
    finish_session(driver)
    assert_problem(erase(driver, "guess"), 400, "wrong_password")
    driver.refresh_from_db()
    assert driver.name == "CANARY driver"


def test_erasure_waits_for_the_car_to_leave(driver):
    assert_problem(erase(driver), 409, "session_open")
    assert User.objects.get(pk=driver.user_id).is_active


def test_erasure_in_one_community_leaves_the_account_of_another(driver):
    finish_session(driver)
    elsewhere = DriverFactory(user=driver.user)
    Driver.objects.filter(pk=elsewhere.pk).update(retired_at=timezone.now())
    assert erase(driver).status_code == 204
    assert User.objects.get(username="CANARY-driver").is_active
