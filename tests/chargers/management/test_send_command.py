from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chargers.enums import OcppVersion
from chargers.models import ChargerCommand
from grid.models import AuditEntry
from tests.factories.chargers import ConnectorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def identity():
    return ConnectorFactory(charge_point__ocpp_version=OcppVersion.V16).charge_point.identity


def send(*args):
    out = StringIO()
    call_command("send_command", *args, "--wait", "0", stdout=out)
    return out.getvalue()


def test_command_is_queued_and_audited(identity):
    assert send(identity, "unlock", "--connector", "1") == "Queued\n"
    command = ChargerCommand.objects.get()
    assert (command.kind, command.connector.number, command.requested_by) == ("unlock", 1, "manage.py")
    assert AuditEntry.objects.get().actor_label == "manage.py"


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["unlock", "--connector", "4"], "has no connector 4"),
        (["reset", "--arguments", "{"], "is not JSON"),
        (["reset", "--arguments", "[]"], "is not a JSON object"),
        (["reset", "--arguments", '{"kind": "x"}'], "is not one of"),
        (["tell_cost"], "is a required property"),
        (["tell_cost", "--arguments", '{"cost_minor": 100}'], "can't say"),
    ],
)
def test_what_can_not_be_sent_is_refused(identity, args, why):
    with pytest.raises(CommandError, match=why):
        send(identity, *args)
    assert not ChargerCommand.objects.exists()
