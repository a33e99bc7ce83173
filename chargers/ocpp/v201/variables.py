"""Names of variables: `Component[instance]/evse/connector.Variable[instance]:Attribute`, and what the house calls them.

The house knows configuration by 1.6's keys. OCPP 2.0.1 part 2 chapter 2 (referenced components and variables) has the
same settings under other names; whoever says a 2.0.1 name is taken at their word.
"""

import re
from typing import Any

from django.utils.translation import gettext

from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload

KEYS = {
    "AllowOfflineTxForUnknownId": "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "AuthorizationCacheEnabled": "AuthCacheCtrlr.Enabled",
    "AuthorizationKey": "SecurityCtrlr.BasicAuthPassword",
    "AuthorizeRemoteTxRequests": "AuthCtrlr.AuthorizeRemoteStart",
    "ChargeProfileMaxStackLevel": "SmartChargingCtrlr.ProfileStackLevel",
    "ChargingScheduleAllowedChargingRateUnit": "SmartChargingCtrlr.RateUnit",
    "ChargingScheduleMaxPeriods": "SmartChargingCtrlr.PeriodsPerSchedule",
    "ClockAlignedDataInterval": "AlignedDataCtrlr.Interval",
    "ConnectionTimeOut": "TxCtrlr.EVConnectionTimeOut",
    "ConnectorSwitch3to1PhaseSupported": "SmartChargingCtrlr.Phases3to1",
    "CpoName": "SecurityCtrlr.OrganizationName",
    "HeartbeatInterval": "OCPPCommCtrlr.HeartbeatInterval",
    "LocalAuthListEnabled": "LocalAuthListCtrlr.Enabled",
    "LocalAuthListMaxLength": "LocalAuthListCtrlr.Entries",
    "LocalAuthorizeOffline": "AuthCtrlr.LocalAuthorizeOffline",
    "LocalPreAuthorize": "AuthCtrlr.LocalPreAuthorize",
    "MaxChargingProfilesInstalled": "SmartChargingCtrlr.Entries[ChargingProfiles]",
    "MaxEnergyOnInvalidId": "TxCtrlr.MaxEnergyOnInvalidId",
    "MeterValueSampleInterval": "SampledDataCtrlr.TxUpdatedInterval",
    "MeterValuesAlignedData": "AlignedDataCtrlr.Measurands",
    "MeterValuesSampledData": "SampledDataCtrlr.TxUpdatedMeasurands",
    "ReserveConnectorZeroSupported": "ReservationCtrlr.NonEvseSpecific",
    "ResetRetries": "OCPPCommCtrlr.ResetRetries",
    "SecurityProfile": "SecurityCtrlr.SecurityProfile",
    "SendLocalListMaxLength": "LocalAuthListCtrlr.ItemsPerMessage",
    "StopTransactionOnEVSideDisconnect": "TxCtrlr.StopTxOnEVSideDisconnect",
    "StopTransactionOnInvalidId": "TxCtrlr.StopTxOnInvalidId",
    "StopTxnAlignedData": "AlignedDataCtrlr.TxEndedMeasurands",
    "StopTxnSampledData": "SampledDataCtrlr.TxEndedMeasurands",
    "TransactionMessageAttempts": "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "TransactionMessageRetryInterval": "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "UnlockConnectorOnEVSideDisconnect": "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "WebSocketPingInterval": "OCPPCommCtrlr.WebSocketPingInterval",
}
HOUSE_WORDS = {name: key for key, name in KEYS.items()}
ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
NAME = re.compile(
    r"(?P<component>[^.\[\]/:]{1,50})(?:\[(?P<instance>[^\[\]]{1,50})\])?"
    r"(?:/(?P<evse>\d{1,4})(?:/(?P<connector>\d{1,4}))?)?"
    r"(?:\.(?P<variable>[^.\[\]/:]{1,50})(?:\[(?P<variable_instance>[^\[\]]{1,50})\])?)?"
    r"(?::(?P<attribute>[A-Za-z]+))?"
)


def place_of(name: str, *, needs_variable: bool = True) -> Payload:
    """Component, variable and attribute type of a name. BadCommand when it can't be read."""
    found = NAME.fullmatch(KEYS.get(name, name).strip())
    attribute = found["attribute"] if found else None
    if found is None or (needs_variable and not found["variable"]):
        raise BadCommand(gettext("%(name)s: variables are named Component.Variable here.") % {"name": name})
    if attribute is not None and attribute not in ATTRIBUTES:
        raise BadCommand(
            gettext("%(name)s: an attribute is one of %(words)s.")
            % {"name": name, "words": ", ".join(ATTRIBUTES)}
        )
    component: Payload = {"name": found["component"]}
    if found["instance"]:
        component["instance"] = found["instance"]
    if found["evse"]:
        component["evse"] = {"id": int(found["evse"])}
    if found["connector"]:
        component["evse"]["connectorId"] = int(found["connector"])
    place: Payload = {"component": component}
    if found["variable"]:
        place["variable"] = {"name": found["variable"]}
    if found["variable_instance"]:
        place["variable"]["instance"] = found["variable_instance"]
    if attribute is not None:
        place["attributeType"] = attribute
    return place


def name_of(place: Payload) -> str:
    """The house's name of what a station calls a component and a variable: the inverse of `place_of`."""
    name = _written(place["component"])
    evse: dict[str, Any] = place["component"].get("evse") or {}
    for number in ("id", "connectorId"):
        if number in evse:
            name += f"/{evse[number]}"
    if "variable" in place:
        name += f".{_written(place['variable'])}"
    if place.get("attributeType", "Actual") != "Actual":
        name += f":{place['attributeType']}"
    return HOUSE_WORDS.get(name, name)


def _written(named: Payload) -> str:
    return f"{named['name']}[{named['instance']}]" if named.get("instance") else str(named["name"])
