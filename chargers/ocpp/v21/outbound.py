"""OCPP 2.1 to the charging station: as 2.0.1, and what is new in it."""

from chargers.ocpp import schemas
from chargers.ocpp.outbound import Outbound, Writers, writes
from chargers.ocpp.protocol import Request
from chargers.ocpp.shared_orders import write_calls
from chargers.ocpp.v21.inbound import HANDLERS
from chargers.ocpp.v201 import outbound, outbound_control, outbound_upkeep
from chargers.orders import trust, upkeep
from chargers.orders.words import ResetKind
from chargers.reports.commands import CommandOrder

WRITERS: Writers = dict(outbound.WRITERS)
write_calls(WRITERS, package="v21", taken=HANDLERS)
OUTBOUND = Outbound("OCPP 2.1", WRITERS, outbound.NOTHING_THERE)
translate, judge = OUTBOUND.translate, outbound.judge
CUSTOM = "CustomTrigger"
RESUME = "ImmediateAndResume"
NEW_USES = {"car_maker": "OEMRootCertificate"}


@writes(WRITERS, upkeep.Reset, "Reset")
def _reset(order: upkeep.Reset, sent: CommandOrder) -> Request:
    if order.reset_kind != ResetKind.RESUME:
        return outbound_control.reset(order, sent)
    evse = {} if sent.connector_number is None else {"evseId": sent.connector_number}
    return Request("Reset", {"type": RESUME, **evse})


@writes(WRITERS, trust.InstallCertificate, "InstallCertificate")
def _install_certificate(order: trust.InstallCertificate, sent: CommandOrder) -> Request:
    return outbound_upkeep.install_certificate(order, outbound_upkeep.CERTIFICATE_USES | NEW_USES)


@writes(WRITERS, trust.ReadCertificates, "GetInstalledCertificateIds")
def _read_certificates(order: trust.ReadCertificates, sent: CommandOrder) -> Request:
    return outbound_upkeep.read_certificates(order, outbound_upkeep.LISTED_USES | NEW_USES)


@writes(WRITERS, upkeep.Trigger, "TriggerMessage")
def _trigger(order: upkeep.Trigger, sent: CommandOrder) -> Request:
    """A message that 2.1 does not name is its maker's own (F06)."""
    request = outbound_control.trigger(order, sent)
    if schemas.complaint("v21", "TriggerMessageRequest", request.payload) is None:
        return request
    return Request(
        "TriggerMessage", {**request.payload, "requestedMessage": CUSTOM, "customTrigger": order.message}
    )
