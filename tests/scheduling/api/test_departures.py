from datetime import timedelta

import pytest
from django.utils import timezone

from chargers.enums import CommandKind, SessionState
from chargers.models import ChargerCommand
from scheduling.models import SlotRequest
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector():
    return ConnectorFactory(
        circuit=CircuitFactory(), charge_point__online_until=timezone.now() + timedelta(hours=1)
    )


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


def ask(driver):
    ready_by = (timezone.now() + timedelta(hours=10)).isoformat()
    body = {"energy_wh": 10_000, "ready_by": ready_by}
    return client_of(driver.user).post("/drivers/slot/request", body, format="json").json()


def post(driver, slot, what, **body):
    return client_of(driver.user).post(f"/drivers/slot/{slot['id']}/{what}", body, format="json")


def test_driver_who_leaves_before_charging_gives_the_slot_to_the_next(driver):
    slot = ask(driver)
    waiting = ask(DriverFactory(community=driver.community))
    assert post(driver, slot, "leave").json()["state"] == "cancelled"
    assert SlotRequest.objects.get(pk=waiting["id"]).state == "promised"


def charging(driver, connector):
    now = timezone.now()
    return SessionFactory(
        connector=connector, driver=driver, plugged_at=now, started_at=now, state=SessionState.ACTIVE
    )


def test_driver_who_leaves_while_charging_stops_the_charger(driver, connector):
    session = charging(driver, connector)
    slot = ask(driver)
    assert slot["state"] == "active"
    assert post(driver, slot, "leave").json()["state"] == "left"
    command = ChargerCommand.objects.get()
    assert (command.kind, command.session) == (CommandKind.REMOTE_STOP, session)


def test_driver_leaves_an_unreachable_charger_all_the_same(driver, connector):
    charging(driver, connector)
    slot = ask(driver)
    connector.charge_point.online_until = None
    connector.charge_point.save()
    assert post(driver, slot, "leave").json()["state"] == "left"
    assert not ChargerCommand.objects.exists()


def test_driver_leaves_once(driver):
    slot = ask(driver)
    post(driver, slot, "leave")
    assert_problem(post(driver, slot, "leave"), 409, "illegal_move")


def test_snoozed_slot_begins_later(driver):
    slot = ask(driver)
    moved = post(driver, slot, "snooze", minutes=60).json()
    assert (moved["state"], moved["ready_by"]) == ("promised", slot["ready_by"])
    assert moved["not_before"] > slot["not_before"]


@pytest.mark.parametrize("minutes", [0, -5, 721, "soon"])
def test_slot_snoozed_by_nothing_or_too_much_is_refused(driver, minutes):
    assert_problem(post(driver, ask(driver), "snooze", minutes=minutes), 400, "invalid")


def test_slot_snoozed_past_its_end_stays_as_it_was(driver):
    slot = ask(driver)
    assert_problem(post(driver, slot, "snooze", minutes=700), 400, "window_empty")
    assert SlotRequest.objects.get().state == "promised"


@pytest.mark.parametrize("what", ["leave", "snooze"])
def test_slot_of_another_driver_does_not_move(driver, what):
    slot = ask(driver)
    stranger = DriverFactory(community=driver.community)
    assert_problem(post(stranger, slot, what, minutes=5), 404, "not_found")
