from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from chargers.simulator.plant.spec import Settings
from chargers.simulator.v16.configuration import read_flag, read_measurands, read_natural, shown

if TYPE_CHECKING:
    from chargers.simulator.v201.charge_point_v201 import ChargePointV201


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the device model: how it is read, and written if it can be."""

    component: str
    name: str
    read: Callable[[], str] | None  # None: write-only
    write: Callable[[str], None] | None = None
    instance: str | None = None
    evse: int | None = None
    data_type: str = "string"

    @property
    def mutability(self) -> str:
        if self.read is None:
            return "WriteOnly"
        return "ReadOnly" if self.write is None else "ReadWrite"


@dataclass(slots=True)
class DeviceModel:
    """The components and variables of a 2.0.1 charging station."""

    variables: list[Variable]
    monitors: dict[int, dict[str, Any]] = field(default_factory=dict)

    def find(self, component: dict[str, Any], variable: dict[str, Any]) -> Variable | str:
        """The variable, or UnknownComponent or UnknownVariable. Names ignore case."""
        evse = (component.get("evse") or {}).get("id")
        named = [
            one
            for one in self.variables
            if one.component.casefold() == component["name"].casefold() and one.evse == evse
        ]
        if not named:
            return "UnknownComponent"
        for one in named:
            same_instance = one.instance == variable.get("instance")
            if one.name.casefold() == variable["name"].casefold() and same_instance:
                return one
        return "UnknownVariable"

    def get(self, data: dict[str, Any]) -> dict[str, Any]:
        """One entry of GetVariables answered."""
        found = self.find(data["component"], data["variable"])
        answer = _named(data)
        if isinstance(found, str):
            return {**answer, "attribute_status": found}
        if data.get("attribute_type", "Actual") != "Actual":
            return {**answer, "attribute_status": "NotSupportedAttributeType"}
        if found.read is None:
            return {**answer, "attribute_status": "Rejected"}
        return {**answer, "attribute_status": "Accepted", "attribute_value": found.read()}

    def set(self, data: dict[str, Any]) -> dict[str, Any]:
        """One entry of SetVariables answered."""
        found = self.find(data["component"], data["variable"])
        answer = _named(data)
        if isinstance(found, str):
            return {**answer, "attribute_status": found}
        if data.get("attribute_type", "Actual") != "Actual":
            return {**answer, "attribute_status": "NotSupportedAttributeType"}
        if found.write is None:
            return {**answer, "attribute_status": "Rejected"}
        try:
            found.write(data["attribute_value"])
        except ValueError:
            return {**answer, "attribute_status": "Rejected"}
        return {**answer, "attribute_status": "Accepted"}

    def report(self, variables: Iterable[Variable]) -> list[dict[str, Any]]:
        """ReportDataType of each, keys in snake case."""
        return [_report(one) for one in variables]


def _named(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("component", "variable", "attribute_type") if name in data}


def _report(one: Variable) -> dict[str, Any]:
    component: dict[str, Any] = {"name": one.component}
    if one.evse is not None:
        component["evse"] = {"id": one.evse}
    variable: dict[str, Any] = {"name": one.name}
    if one.instance is not None:
        variable["instance"] = one.instance
    attribute: dict[str, Any] = {"type": "Actual", "mutability": one.mutability}
    if one.read is not None:
        attribute["value"] = one.read()
    return {
        "component": component,
        "variable": variable,
        "variable_attribute": [attribute],
        "variable_characteristics": {"data_type": one.data_type, "supports_monitoring": False},
    }


# component, variable, instance, field of the settings, reader, data type
BOUND: tuple[tuple[str, str, str | None, str, Callable[[str], Any], str], ...] = (
    ("OCPPCommCtrlr", "HeartbeatInterval", None, "heartbeat_s", read_natural, "integer"),
    ("OCPPCommCtrlr", "WebSocketPingInterval", None, "ping_s", read_natural, "integer"),
    ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", "message_attempts", read_natural, "integer"),
    (
        "OCPPCommCtrlr",
        "MessageAttemptInterval",
        "TransactionEvent",
        "message_retry_s",
        read_natural,
        "integer",
    ),
    ("SampledDataCtrlr", "TxUpdatedInterval", None, "sample_s", read_natural, "integer"),
    ("SampledDataCtrlr", "TxUpdatedMeasurands", None, "sampled", read_measurands, "MemberList"),
    ("AlignedDataCtrlr", "Interval", None, "aligned_s", read_natural, "integer"),
    ("AlignedDataCtrlr", "Measurands", None, "aligned", read_measurands, "MemberList"),
    ("TxCtrlr", "EVConnectionTimeOut", None, "connection_timeout_s", read_natural, "integer"),
    ("TxCtrlr", "StopTxOnInvalidId", None, "stop_on_invalid_tag", read_flag, "boolean"),
    ("TxCtrlr", "StopTxOnEVSideDisconnect", None, "stop_on_unplug", read_flag, "boolean"),
    ("AuthCtrlr", "LocalAuthorizeOffline", None, "local_authorize_offline", read_flag, "boolean"),
    ("AuthCtrlr", "LocalPreAuthorize", None, "local_pre_authorize", read_flag, "boolean"),
    ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", None, "allow_offline_unknown", read_flag, "boolean"),
    ("AuthCtrlr", "AuthorizeRemoteStart", None, "authorize_remote", read_flag, "boolean"),
    ("AuthCacheCtrlr", "Enabled", None, "cache_enabled", read_flag, "boolean"),
    ("LocalAuthListCtrlr", "Enabled", None, "local_list_enabled", read_flag, "boolean"),
)

FIXED: tuple[tuple[str, str, str | None, str, str], ...] = (
    ("TxCtrlr", "TxStartPoint", None, "PowerPathClosed", "MemberList"),
    ("TxCtrlr", "TxStopPoint", None, "EVConnected,Authorized", "MemberList"),
    ("OCPPCommCtrlr", "FileTransferProtocols", None, "HTTPS", "MemberList"),
    ("OCPPCommCtrlr", "NetworkConfigurationPriority", None, "0", "SequenceList"),
    ("OCPPCommCtrlr", "MessageTimeout", "Default", "30", "integer"),
    ("OCPPCommCtrlr", "OfflineThreshold", None, "60", "integer"),
    ("SecurityCtrlr", "SecurityProfile", None, "1", "integer"),
    ("SecurityCtrlr", "OrganizationName", None, "EVSim", "string"),
    ("SmartChargingCtrlr", "Enabled", None, "true", "boolean"),
    ("SmartChargingCtrlr", "Available", None, "true", "boolean"),
    ("SmartChargingCtrlr", "ProfileStackLevel", None, "9", "integer"),
    ("SmartChargingCtrlr", "RateUnit", None, "A,W", "MemberList"),
    ("SmartChargingCtrlr", "PeriodsPerSchedule", None, "24", "integer"),
    ("SmartChargingCtrlr", "Entries", "ChargingProfiles", "20", "integer"),
    ("ReservationCtrlr", "Enabled", None, "true", "boolean"),
    ("DisplayMessageCtrlr", "Available", None, "true", "boolean"),
    ("MonitoringCtrlr", "Available", None, "true", "boolean"),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport", "10", "integer"),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", "50", "integer"),
    ("DeviceDataCtrlr", "BytesPerMessage", "GetReport", "60000", "integer"),
)


def _read_setting(settings: Settings, attribute: str) -> str:
    return shown(getattr(settings, attribute))


def _write_setting(settings: Settings, attribute: str, parse: Callable[[str], Any], text: str) -> None:
    setattr(settings, attribute, parse(text))


def device_model_of(station: ChargePointV201) -> DeviceModel:
    spec, settings = station.spec, station.settings
    variables = [
        Variable(
            component,
            name,
            read=partial(_read_setting, settings, attribute),
            write=partial(_write_setting, settings, attribute, parse),
            instance=instance,
            data_type=data_type,
        )
        for component, name, instance, attribute, parse, data_type in BOUND
    ]
    variables += [
        Variable(component, name, read=partial(str, value), instance=instance, data_type=data_type)
        for component, name, instance, value, data_type in FIXED
    ]
    variables += [
        Variable("SecurityCtrlr", "BasicAuthPassword", read=None, write=station.set_password),
        Variable("SecurityCtrlr", "Identity", read=lambda: spec.id),
        Variable(
            "ClockCtrlr",
            "DateTime",
            read=lambda: station.clock.text(station.clock.now()),
            data_type="dateTime",
        ),
        Variable("ChargingStation", "Model", read=lambda: spec.model),
        Variable("ChargingStation", "VendorName", read=lambda: spec.vendor),
        Variable("ChargingStation", "SupplyPhases", read=lambda: str(spec.phases), data_type="integer"),
        Variable("ChargingStation", "Available", read=lambda: "true", data_type="boolean"),
    ]
    power_w = round(spec.nameplate_ma / 1000 * spec.voltage_v * spec.phases)
    for number in station.connectors:
        variables += [
            Variable("EVSE", "Available", read=lambda: "true", evse=number, data_type="boolean"),
            Variable("EVSE", "SupplyPhases", read=lambda: str(spec.phases), evse=number, data_type="integer"),
            Variable("EVSE", "Power", read=lambda: str(power_w), evse=number, data_type="decimal"),
        ]
    return DeviceModel(variables)
