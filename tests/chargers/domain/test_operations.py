import pytest

from chargers.domain import operations
from chargers.domain.operations import BALANCERS_OWN, BY_HAND
from chargers.enums import CommandKind, SessionState
from chargers.errors import BadCommand
from chargers.models import ChargerCommand
from chargers.ocpp.v201.outbound import WRITERS as IN_201
from chargers.orders.charging import RemoteStop
from chargers.orders.trust import ListEntry, SendLocalList
from chargers.orders.upkeep import ChangeConfiguration
from chargers.orders.words import ListStatus
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
            ChangeConfiguration(key=name, value="x"),
            actor=SYSTEM,
            now=now,
        )
    assert not ChargerCommand.objects.exists()


def test_stop_wants_to_know_which_when_two_run(connector, now):
    second = ConnectorFactory(charge_point=connector.charge_point, number=2)
    for one in (connector, second):
        SessionFactory(
            connector=one, plugged_at=now, started_at=now, state=SessionState.ACTIVE, transaction_uid="t"
        )
    with pytest.raises(BadCommand, match="`connector` is required"):
        operations.order_command(connector.charge_point, RemoteStop(), actor=SYSTEM, now=now)
    command = operations.order_command(
        connector.charge_point, RemoteStop(), actor=SYSTEM, now=now, connector=second
    )
    assert command.session.connector == second


def test_cards_are_not_in_the_audit_trail(connector, now):
    entries = (ListEntry(id_tag="SECRET", status=ListStatus.ACCEPTED),)
    order = SendLocalList(version=1, entries=entries)
    operations.order_command(connector.charge_point, order, actor=SYSTEM, now=now)
    assert AuditEntry.objects.get().after["entries"] == 1
