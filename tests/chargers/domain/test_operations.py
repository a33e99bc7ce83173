import pytest

from chargers.domain import operations
from chargers.domain.operations import BALANCERS_OWN, BY_HAND
from chargers.enums import CommandKind, SessionState
from chargers.errors import BadCommand
from chargers.models import ChargerCommand
from chargers.ocpp.v201.outbound import WRITERS as IN_201
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.chargers import ConnectorFactory, SessionFactory

KEY_NAMES = (
    "AuthorizationKey",
    "authorizationkey ",
    "SecurityCtrlr.BasicAuthPassword",
    "SecurityCtrlr/1.basicauthpassword:Actual",
)


def test_every_kind_can_be_sent_by_hand_or_is_the_balancers_own():
    assert set(BY_HAND) | BALANCERS_OWN == set(CommandKind) == set(IN_201)


@pytest.mark.parametrize("name", KEY_NAMES)
def test_key_is_never_sent_as_readable_configuration(connector, now, name):
    with pytest.raises(InvalidInput, match="the action for rotating"):
        operations.order_command(
            connector.charge_point,
            CommandKind.CHANGE_CONFIGURATION,
            actor=SYSTEM,
            now=now,
            arguments={"key": name, "value": "x"},
        )
    assert not ChargerCommand.objects.exists()


def test_what_only_the_balancer_may_say_is_refused(connector, now):
    with pytest.raises(BadCommand, match="way"):
        operations.order_command(
            connector.charge_point,
            CommandKind.SET_STATION_LIMIT,
            actor=SYSTEM,
            now=now,
            arguments={"limit_ma": 16_000, "way": 99},
        )
    assert not ChargerCommand.objects.exists()


def test_stop_wants_to_know_which_when_two_run(connector, now):
    second = ConnectorFactory(charge_point=connector.charge_point, number=2)
    for one in (connector, second):
        SessionFactory(
            connector=one, plugged_at=now, started_at=now, state=SessionState.ACTIVE, transaction_uid="t"
        )
    with pytest.raises(BadCommand, match="`connector` is required"):
        operations.order_command(connector.charge_point, CommandKind.REMOTE_STOP, actor=SYSTEM, now=now)
    command = operations.order_command(
        connector.charge_point, CommandKind.REMOTE_STOP, actor=SYSTEM, now=now, connector=second
    )
    assert command.session.connector == second


def test_cards_are_not_in_the_audit_trail(connector, now):
    arguments = {"version": 1, "entries": [{"id_tag": "SECRET", "status": "Accepted"}]}
    operations.order_command(
        connector.charge_point, CommandKind.SEND_LOCAL_LIST, actor=SYSTEM, now=now, arguments=arguments
    )
    assert AuditEntry.objects.get().after["entries"] == 1
