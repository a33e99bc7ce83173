from datetime import timedelta

import pytest
from django.utils import timezone

from chargers.enums import CommandKind, ConnectorStatus, SessionState
from chargers.models import ChargerCommand
from drivers.models import IdTag
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector():
    return ConnectorFactory(
        status=ConnectorStatus.PREPARING,
        charge_point__online_until=timezone.now() + timedelta(minutes=5),
    )


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


def charging(connector, driver):
    now = timezone.now()
    return SessionFactory(
        connector=connector,
        driver=driver,
        plugged_at=now,
        started_at=now,
        state=SessionState.ACTIVE,
        transaction_id=7,
    )


def ask(user, connector, what, **headers):
    return client_of(user).post(f"/chargers/connectors/{connector.pk}/{what}", headers=headers)


def test_start_queues_a_command_with_the_drivers_own_app_tag(connector, driver):
    response = ask(driver.user, connector, "start")
    assert response.status_code == 202
    command = ChargerCommand.objects.get()
    assert (command.kind, command.state, str(command.pk)) == (
        CommandKind.REMOTE_START,
        "queued",
        response.json()["id"],
    )
    tag = IdTag.objects.get(driver=driver)
    assert command.arguments == {"id_tag": tag.token}
    assert len(tag.token) == 20
    assert AuditEntry.objects.get().action == "charger.remote_start"


def test_start_repeated_with_its_key_queues_one_command(connector, driver):
    answers = [ask(driver.user, connector, "start", **{"Idempotency-Key": "once"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert ChargerCommand.objects.count() == 1


def test_start_at_an_unreachable_charger_is_refused(connector, driver):
    connector.charge_point.online_until = timezone.now()
    connector.charge_point.save()
    assert_problem(ask(driver.user, connector, "start"), 409, "charger_offline")


def test_start_at_a_broken_connector_is_refused(connector, driver):
    connector.status = ConnectorStatus.FAULTED
    connector.save()
    assert_problem(ask(driver.user, connector, "start"), 409, "connector_busy")


def test_start_while_another_car_charges_is_refused(connector, driver):
    charging(connector, DriverFactory(community=connector.community))
    assert_problem(ask(driver.user, connector, "start"), 409, "connector_busy")
    assert not ChargerCommand.objects.exists()


def test_start_of_a_suspended_driver_is_refused(connector, driver):
    driver.suspended_until = timezone.now() + timedelta(days=1)
    driver.save()
    assert_problem(ask(driver.user, connector, "start"), 403, "suspended")


def test_start_by_a_manager_who_drives_nothing_is_refused(connector):
    assert_problem(ask(manager_of(connector.community), connector, "start"), 403, "not_a_driver")


def test_stop_ends_the_own_transaction(connector, driver):
    session = charging(connector, driver)
    assert ask(driver.user, connector, "stop").status_code == 202
    command = ChargerCommand.objects.get()
    assert (command.kind, command.session) == (CommandKind.REMOTE_STOP, session)
    assert command.arguments["transaction_id"] == 7


def test_stop_of_another_drivers_transaction_does_not_exist(connector, driver):
    charging(connector, DriverFactory(community=connector.community))
    assert_problem(ask(driver.user, connector, "stop"), 404, "not_found")


def test_stop_by_a_manager_ends_any_transaction(connector, driver):
    charging(connector, driver)
    assert ask(manager_of(connector.community), connector, "stop").status_code == 202


def test_stop_where_nothing_charges_does_not_exist(connector, driver):
    assert_problem(ask(driver.user, connector, "stop"), 404, "not_found")


def test_commands_are_shown_to_who_asked(connector, driver):
    command = ask(driver.user, connector, "start").json()
    assert client_of(driver.user).get(f"/chargers/commands/{command['id']}").json()["state"] == "queued"
