from datetime import timedelta

import pytest
from django.utils import timezone

from chargers.domain.operations import BALANCERS_OWN
from chargers.domain.orders.commands import of_job, queue_command
from chargers.enums import CommandKind, OcppVersion
from chargers.models import ChargerCommand
from chargers.orders.trust import ClearCache
from grid.domain.audit import Actor
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, UserFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector():
    return ConnectorFactory(charge_point__ocpp_version=OcppVersion.V16)


@pytest.fixture
def manager(connector):
    return client_of(manager_of(connector.community))


def send(client, at, **body):
    return client.post(f"/chargers/{at.charge_point_id}/command", body, format="json")


def test_manager_sends_a_command_that_is_audited(manager, connector):
    response = send(manager, connector, kind="unlock", connector=connector.number, reason="Stuck")
    assert response.status_code == 202
    command = ChargerCommand.objects.get()
    assert (str(command.pk), command.kind, command.connector) == (response.json()["id"], "unlock", connector)
    entry = AuditEntry.objects.get(action="command.unlock")
    assert (entry.target_id, entry.reason) == (str(connector.charge_point_id), "Stuck")


def test_driver_sends_nothing(connector):
    client = client_of(DriverFactory(community=connector.community).user)
    assert send(client, connector, kind="clear_cache").status_code == 403
    assert not ChargerCommand.objects.exists()


@pytest.mark.promise("S5")
def test_manager_of_another_community_sees_no_charge_point(connector):
    other = client_of(manager_of(ConnectorFactory().community))
    assert_problem(send(other, connector, kind="clear_cache"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "reset", "arguments": {"kind": "violently"}}, 400, "bad_command"),
        ({"kind": "show_message", "arguments": {"message_number": 1, "text": "Hi"}}, 400, "bad_command"),
        ({"kind": "set_limit", "connector": 1}, 400, "bad_command"),
        ({"kind": "set_default_limit"}, 400, "bad_command"),
        (
            {"kind": "change_configuration", "arguments": {"key": "AuthorizationKey", "value": "x"}},
            400,
            "invalid",
        ),
        ({"kind": "remote_stop"}, 409, "nothing_to_stop"),
        (
            {"kind": "get_log", "arguments": {"kind": "security", "url": "ftp://10.0.0.1/"}},
            400,
            "bad_command",
        ),
        ({"kind": "unlock", "connector": 7}, 404, "not_found"),
        ({"kind": "explode"}, 400, "invalid"),
    ],
)
def test_refused_command_changes_nothing(manager, connector, body, status, code):
    assert_problem(send(manager, connector, **body), status, code)
    assert not ChargerCommand.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("kind", "arguments", "argument"),
    [
        ("reset", {"kind": "violently"}, "kind"),
        ("reset", {}, "kind"),
        ("reset", {"kind": "soft", "at": "once"}, "at"),
        (
            "send_local_list",
            {"version": 1, "entries": [{"id_tag": "A", "status": "Lost"}]},
            "entries.0.status",
        ),
        ("get_log", {"kind": "security", "url": "ftp://10.0.0.1/"}, "url"),
    ],
)
def test_refusal_names_the_argument_at_fault(manager, connector, kind, arguments, argument):
    refused = send(manager, connector, kind=kind, arguments=arguments).json()
    assert refused["errors"] == {f"arguments.{argument}": [refused["detail"]]}


def test_stop_finds_the_transaction_that_runs(manager, connector):
    now = timezone.now()
    session = SessionFactory(
        connector=connector,
        plugged_at=now - timedelta(hours=1),
        started_at=now,
        state="active",
        transaction_id=9,
    )
    assert send(manager, connector, kind="remote_stop").status_code == 202
    command = ChargerCommand.objects.get()
    assert (command.session, command.connector, command.arguments["transaction_id"]) == (
        session,
        connector,
        9,
    )


def test_charge_point_says_what_it_can_be_asked(manager, connector):
    def abilities():
        return set(manager.get(f"/chargers/{connector.charge_point_id}").json()["abilities"])

    in_16 = abilities()
    connector.charge_point.ocpp_version = OcppVersion.V201
    connector.charge_point.save()
    everything = {kind.value for kind in CommandKind if kind not in BALANCERS_OWN}
    assert abilities() == everything
    assert everything - in_16 == {
        "read_profiles", "read_transaction", "read_inventory", "read_components", "show_message", "read_messages",
        "clear_message", "tell_cost", "set_monitoring", "set_monitoring_level", "monitor", "clear_monitors",
        "read_monitors", "customer_data", "set_network", "publish_firmware", "unpublish_firmware",
    }  # fmt: skip


def test_repeated_key_sends_once(manager, connector):
    path = f"/chargers/{connector.charge_point_id}/command"
    first, again = (
        manager.post(path, {"kind": "clear_cache"}, format="json", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert first.json() == again.json()
    assert ChargerCommand.objects.count() == 1


@pytest.mark.promise("S7")
@pytest.mark.parametrize(
    "job", ["onboarding", "balancer", "commissioning", "cards", "local list", "EV Balancer"]
)
def test_user_who_is_called_like_a_job_sees_none_of_its_commands(connector, job):
    queue_command(connector.charge_point, ClearCache(), by=job, now=timezone.now())
    namesake = UserFactory(username=job)
    DriverFactory(community=connector.community, user=namesake)
    assert client_of(namesake).get("/chargers/commands").json()["results"] == []


def test_person_sees_the_commands_that_they_asked_for_after_a_change_of_name(connector):
    driver = DriverFactory(community=connector.community)
    mine = queue_command(
        connector.charge_point, ClearCache(), by=Actor.of_user(driver.user), now=timezone.now()
    )
    driver.user.username = "somebody-else"
    driver.user.save()
    [found] = client_of(driver.user).get("/chargers/commands").json()["results"]
    assert found["id"] == str(mine.pk)


def test_command_of_a_person_is_none_of_the_job_of_the_same_name(connector):
    manager = UserFactory(username="balancer")
    command = queue_command(
        connector.charge_point, ClearCache(), by=Actor.of_user(manager), now=timezone.now()
    )
    assert not command.is_of_job("balancer")
    assert not ChargerCommand.objects.filter(**of_job("balancer")).exists()
