"""Every writer of every version, on orders by example: it makes the calls that it declares."""

from uuid import uuid4

import pytest
from django.utils import translation

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.ocpp.outbound import Outbound
from chargers.ocpp.v16.outbound import OUTBOUND as IN_16
from chargers.ocpp.v201.outbound import OUTBOUND as IN_201
from chargers.orders import read_order
from chargers.orders.base import Unreadable
from chargers.reports.commands import CommandOrder
from evbalancer.common.security import encryption
from tests.chargers.domain.orders.test_arguments import AT, TAKEN, URL

MORE = [
    (CommandKind.SET_LIMIT, {"limit_ma": 6_000, "transaction_id": 1, "transaction_uid": "t"}),
    (CommandKind.SET_FALLBACK, {"limit_ma": 6_000}),
    (CommandKind.CHANGE_KEY, {"encrypted_key": encryption.encrypt("k")}),
    (CommandKind.UNLOCK, {}),
    (CommandKind.REMOTE_STOP, {"transaction_id": 1, "transaction_uid": "t"}),
    (CommandKind.READ_CERTIFICATES, {"use": "manufacturer"}),
    (CommandKind.INSTALL_CERTIFICATE, {"use": "central_system", "certificate": "c"}),
    (CommandKind.READ_CONFIGURATION, {"keys": ["HeartbeatInterval"]}),
    (CommandKind.READ_CONFIGURATION, {}),
    (CommandKind.CHANGE_CONFIGURATION, {"key": "HeartbeatInterval", "value": "60"}),
    (CommandKind.GET_LOG, {"kind": "diagnostics", "url": URL, "since": AT}),
    (CommandKind.TRIGGER, {"message": "Heartbeat"}),
]


def calls(outbound: Outbound):
    for kind, arguments in TAKEN + MORE:
        if kind in outbound.writers:
            sent = CommandOrder(uuid4(), read_order(kind, arguments), 1)
            try:
                yield kind, outbound.translate(sent)
            except BadCommand:
                continue


@pytest.mark.parametrize("outbound", [IN_16, IN_201], ids=lambda outbound: outbound.name)
def test_writers_declare_exactly_the_calls_that_they_make(outbound):
    made = {(kind, request.action) for kind, request in calls(outbound)}
    declared = {(kind, action) for kind, writer in outbound.writers.items() for action in writer.actions}
    # Whose action is the person's: see test_shared_orders.
    assert made == declared - {(CommandKind.CALL, "any other")}


def test_order_that_cannot_be_read_is_refused_with_its_reason():
    sent = CommandOrder(uuid4(), Unreadable(CommandKind.RESET, "kind is one of soft, hard."))
    with pytest.raises(BadCommand, match="kind is one of soft, hard"):
        IN_16.translate(sent)


def test_number_that_a_person_chose_for_what_follows_is_kept():
    order = read_order(CommandKind.GET_LOG, {"kind": "security", "url": URL, "request_number": 7})
    for outbound in (IN_16, IN_201):
        assert outbound.translate(CommandOrder(uuid4(), order)).payload["requestId"] == 7


def test_refusal_of_the_wire_is_said_in_the_reader_s_language():
    sent = CommandOrder(
        uuid4(), read_order(CommandKind.CALL, {"action": "ClearChargingProfile", "payload": {}})
    )
    with translation.override("de"), pytest.raises(BadCommand, match=r"^Nehmen Sie `clear_limits`"):
        IN_16.translate(sent)
