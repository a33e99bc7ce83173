from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps

from chargers.enums import CommandKind, CommandState, MessageDirection
from chargers.models import ChargerCommand, DeviceVariable, OcppMessage, OrphanMessage
from tests.factories.chargers import ConnectorFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "0123456789abcdef0123"
TOLD = {
    "configurationKey": [
        {"key": "AuthorizationKey", "readonly": False, "value": KEY},
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    ]
}
HIDDEN = {
    "configurationKey": [
        {"key": "AuthorizationKey", "readonly": False, "value": "…"},
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    ]
}


def migrate() -> None:
    import_module("chargers.migrations.0025_hide_old_secrets").hide_old_secrets(apps, None)


@pytest.fixture
def rows():
    station = ConnectorFactory().charge_point
    return {"charge_point": station, "community": station.community}


def command(rows, state=CommandState.ACCEPTED, **more):
    return ChargerCommand.objects.create(
        **rows,
        kind=CommandKind.CHANGE_CONFIGURATION,
        state=state,
        idempotency_key=uuid4().hex,
        requested_by="x",
        queued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        **more,
    )


def test_keys_that_were_answered_before_are_hidden_and_nothing_else_is_changed(rows):
    message = {"at": NOW, "direction": MessageDirection.IN, "unique_id": "1"}
    OcppMessage.objects.create(**rows, **message, action="GetConfiguration", payload=TOLD)
    heartbeat = OcppMessage.objects.create(**rows, **message, action="Heartbeat", payload={"a": "@ key"})
    empty = OcppMessage.objects.create(**rows, **message, action="X", payload=None)
    result = command(rows, result=TOLD, arguments={"key": "AuthorizationKey", "value": KEY})
    orphan = {"received_at": NOW, "action": "X", "why": "x", "digest": "x"}
    OrphanMessage.objects.create(**rows, **orphan, payload=TOLD)
    variable = {"component": "SecurityCtrlr", "told_at": NOW}
    DeviceVariable.objects.create(**rows, **variable, variable="BasicAuthPassword", value=KEY)
    DeviceVariable.objects.create(**rows, **variable, variable="Identity", value="CP")
    for _ in range(2):
        migrate()
    kept = dict(OcppMessage.objects.values_list("action", "payload"))
    assert kept == {"GetConfiguration": HIDDEN, "Heartbeat": heartbeat.payload, "X": empty.payload}
    result.refresh_from_db()
    assert (result.result, result.arguments) == (HIDDEN, {"key": "AuthorizationKey", "value": "…"})
    assert OrphanMessage.objects.get().payload == HIDDEN
    told = dict(DeviceVariable.objects.values_list("variable", "value"))
    assert told == {"BasicAuthPassword": "", "Identity": "CP"}


def test_command_that_waits_keeps_what_it_has_to_say(rows):
    arguments = {"key": "AuthorizationKey", "value": KEY}
    waiting = command(rows, CommandState.QUEUED, arguments=arguments)
    migrate()
    waiting.refresh_from_db()
    assert waiting.arguments == arguments
