from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chargers.simulator.station import Station
from chargers.simulator.variables import OBEYED


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

        def read(found: Variable) -> dict[str, Any]:
            if found.read is None:
                return {"attribute_status": "Rejected"}
            return {"attribute_status": "Accepted", "attribute_value": found.read()}

        return self._answer(data, read)

    def set(self, data: dict[str, Any]) -> dict[str, Any]:
        """One entry of SetVariables answered."""

        def write(found: Variable) -> dict[str, Any]:
            if found.write is None:
                return {"attribute_status": "Rejected"}
            try:
                found.write(data["attribute_value"])
            except ValueError:
                return {"attribute_status": "Rejected"}
            return {"attribute_status": "Accepted"}

        return self._answer(data, write)

    def _answer(self, data: dict[str, Any], act: Callable[[Variable], dict[str, Any]]) -> dict[str, Any]:
        """What is asked of, by its names, and what came of it."""
        named: dict[str, Any] = {
            name: data[name] for name in ("component", "variable", "attribute_type") if name in data
        }
        found = self.find(data["component"], data["variable"])
        if isinstance(found, str):
            return {**named, "attribute_status": found}
        if data.get("attribute_type", "Actual") != "Actual":
            return {**named, "attribute_status": "NotSupportedAttributeType"}
        return {**named, **act(found)}

    def report(self, variables: Iterable[Variable]) -> list[dict[str, Any]]:
        """ReportDataType of each, keys in snake case."""
        return [_report(one) for one in variables]


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
    ("SmartChargingCtrlr", "PeriodsPerSchedule", None, "24", "integer"),
    ("SmartChargingCtrlr", "Entries", "ChargingProfiles", "20", "integer"),
    ("ReservationCtrlr", "Enabled", None, "true", "boolean"),
    ("DisplayMessageCtrlr", "Available", None, "true", "boolean"),
    ("MonitoringCtrlr", "Available", None, "true", "boolean"),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport", "10", "integer"),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", "50", "integer"),
    ("DeviceDataCtrlr", "BytesPerMessage", "GetReport", "60000", "integer"),
)


def device_model_of(station: Station) -> DeviceModel:
    spec, settings = station.spec, station.settings
    variables = [
        Variable(
            component,
            name,
            read=partial(one.show, settings),
            write=partial(one.store, settings),
            instance=instance,
            data_type=one.data_type,
        )
        for one in OBEYED
        if one.path is not None
        for component, name, instance in [one.path]
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
        Variable(
            "SmartChargingCtrlr", "RateUnit", read=lambda: ",".join(spec.rate_units), data_type="MemberList"
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
