"""What a charge point sends because it was asked to: taken even while its boot isn't accepted.

OCPP 1.6 section 4.2 and 2.0.1 B02: a Pending charge point is configured, reports what it is asked for, and sends what it is
triggered to send; of its own accord it only boots.
"""

from collections.abc import Mapping

from chargers.domain.sockets.certificates import TO_CARS_TRIGGERS
from chargers.ocpp.protocol import Request

# The calls that follow the answer to one of ours. Names are the same in all versions that have them.
FOLLOWS: Mapping[str, str] = {
    "CustomerInformation": "NotifyCustomerInformation",
    "GetBaseReport": "NotifyReport",
    "GetChargingProfiles": "ReportChargingProfiles",
    "GetDiagnostics": "DiagnosticsStatusNotification",
    "GetDisplayMessages": "NotifyDisplayMessages",
    "GetLog": "LogStatusNotification",
    "GetMonitoringReport": "NotifyMonitoringReport",
    "GetReport": "NotifyReport",
    "PublishFirmware": "PublishFirmwareStatusNotification",
    "SetVariableMonitoring": "NotifyEvent",
    "SignedUpdateFirmware": "SignedFirmwareStatusNotification",
    "UpdateFirmware": "FirmwareStatusNotification",
}
TRIGGERS = ("TriggerMessage", "ExtendedTriggerMessage")
# A trigger that goes by another name than what is sent.
TRIGGERED: Mapping[str, str] = {
    "SignChargePointCertificate": "SignCertificate",
    "SignChargingStationCertificate": "SignCertificate",
    **dict.fromkeys(TO_CARS_TRIGGERS, "SignCertificate"),
}
# While nobody has accepted it nothing begins, whoever asks.
NEVER = ("StartTransaction", "TransactionEvent", "Authorize")


def awaited_after(request: Request) -> str | None:
    """The action that a charge point may send since this request."""
    if request.action in TRIGGERS:
        wanted = str(request.payload.get("requestedMessage", ""))
        action = TRIGGERED.get(wanted, wanted)
        return None if action in NEVER else action
    return FOLLOWS.get(request.action)
