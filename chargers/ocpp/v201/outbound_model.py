"""Commands about a station's device model in OCPP 2.0.1's words: its variables, reports of them, and monitors."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext

from chargers.enums import CommandState
from chargers.errors import BadCommand
from chargers.ocpp.outbound import Writers, writes
from chargers.ocpp.protocol import Payload, Request, Verdict
from chargers.ocpp.shared_orders import next_key
from chargers.ocpp.v201.variables import name_of, place_of
from chargers.ocpp.wording import renamed, request_number
from chargers.orders import device, trust, upkeep
from chargers.reports.commands import CommandOrder

INVENTORIES = {
    "configuration": "ConfigurationInventory",
    "full": "FullInventory",
    "summary": "SummaryInventory",
}
CRITERIA = {"active": "Active", "available": "Available", "enabled": "Enabled", "problem": "Problem"}
MONITOR_TYPES = {
    "above": "UpperThreshold",
    "below": "LowerThreshold",
    "change": "Delta",
    "periodic": "Periodic",
    "clock_aligned": "PeriodicClockAligned",
}
MONITOR_GROUPS = {
    "threshold": "ThresholdMonitoring",
    "change": "DeltaMonitoring",
    "periodic": "PeriodicMonitoring",
}
# What 1.6 says in one key is said by each controller for itself.
FEATURES_KEY = "SupportedFeatureProfiles"
FEATURES = {
    "SmartChargingCtrlr.Available": "SmartCharging",
    "ReservationCtrlr.Available": "Reservation",
    "LocalAuthListCtrlr.Available": "LocalAuthListManagement",
    "DisplayMessageCtrlr.Available": "DisplayMessage",
    "MonitoringCtrlr.Available": "Monitoring",
    "TariffCostCtrlr.Available[Cost]": "Cost",
}
RATE_UNITS_KEY = "ChargingScheduleAllowedChargingRateUnit"
RATE_UNITS = {"A": "Current", "W": "Power"}
MONITORING_BASES = {"all": "All", "factory": "FactoryDefault", "hard_wired": "HardWiredOnly"}
WRITERS: Writers = {}
# Answers that are lists: of what, the status of an entry, and the statuses that are a yes.
LISTS = {
    "getVariableResult": ("attributeStatus", ("Accepted",)),
    "setVariableResult": ("attributeStatus", ("Accepted", "RebootRequired")),
    "setMonitoringResult": ("status", ("Accepted",)),
    "clearMonitoringResult": ("status", ("Accepted", "NotFound")),
    "clearTariffsResult": ("status", ("Accepted", "NoTariff")),
}


def judge(payload: Payload) -> Verdict | None:
    """An answer that is a list is a yes when all of it is; of values that were read, one is enough. None for others."""
    for name, (status, good) in LISTS.items():
        entries = payload.get(name)
        if entries is None:
            continue
        bad = [entry for entry in entries if entry[status] not in good]
        is_read = name == "getVariableResult"
        result = _values(entries) if is_read else None
        if not bad or (is_read and len(bad) < len(entries)):
            return Verdict(CommandState.ACCEPTED, result=result)
        return Verdict(CommandState.REJECTED, ", ".join(_complaint(one, status) for one in bad), result)
    return None


def _complaint(entry: Payload, status: str) -> str:
    about = name_of(entry) if "component" in entry else str(entry.get("id", entry.get("tariffId", "all")))
    return f"{about}: {entry[status]}"


def _values(entries: list[Payload]) -> dict[str, Any]:
    """What was read, as the house words it, which is as 1.6 does."""
    told = {
        name_of(entry): entry.get("attributeValue", "")
        for entry in entries
        if entry["attributeStatus"] == "Accepted"
    }
    features = [FEATURES[name] for name, value in told.items() if name in FEATURES and value == "true"]
    if features:
        told[FEATURES_KEY] = ",".join(features)
    if RATE_UNITS_KEY in told:
        told[RATE_UNITS_KEY] = ",".join(RATE_UNITS.get(u, u) for u in told[RATE_UNITS_KEY].split(","))
    known = [{"key": name, "value": value} for name, value in told.items()]
    unknown = {
        name_of(one): one["attributeStatus"] for one in entries if one["attributeStatus"] != "Accepted"
    }
    result: dict[str, Any] = {"configurationKey": known}
    if unknown:
        result |= {"unknownKey": list(unknown), "why": unknown}
    return result


@writes(WRITERS, upkeep.ReadConfiguration, "GetVariables", "GetBaseReport")
def _read_configuration(order: upkeep.ReadConfiguration, sent: CommandOrder) -> Request:
    if not order.keys:
        # There is no call that answers all of them; the station reports them afterwards.
        return Request("GetBaseReport", _inventory(sent, "ConfigurationInventory"))
    names = [name for key in order.keys for name in (FEATURES if key == FEATURES_KEY else (key,))]
    return Request("GetVariables", {"getVariableData": [place_of(name) for name in names]})


def _inventory(sent: CommandOrder, base: str) -> Payload:
    return {"requestId": request_number(sent), "reportBase": base}


@writes(WRITERS, device.ReadInventory, "GetBaseReport")
def _read_inventory(order: device.ReadInventory, sent: CommandOrder) -> Request:
    return Request("GetBaseReport", _inventory(sent, INVENTORIES[order.base]))


@writes(WRITERS, device.ReadComponents, "GetReport")
def _read_components(order: device.ReadComponents, sent: CommandOrder) -> Request:
    payload: Payload = {"requestId": request_number(sent), **_wanted(order.names)}
    if order.criteria:
        payload["componentCriteria"] = [CRITERIA[word] for word in order.criteria]
    if len(payload) == 1:
        raise BadCommand(gettext("Give components or criteria."))
    return Request("GetReport", payload)


def _wanted(names: Iterable[str]) -> Payload:
    places = [place_of(name, needs_variable=False) for name in names]
    for place in places:
        place.pop("attributeType", None)
    return {"componentVariable": places} if places else {}


@writes(WRITERS, upkeep.ChangeConfiguration, "SetVariables")
def _change_configuration(order: upkeep.ChangeConfiguration, sent: CommandOrder) -> Request:
    return _set_variable(order.key, order.value)


@writes(WRITERS, trust.ChangeKey, "SetVariables")
def _change_key(order: trust.ChangeKey, sent: CommandOrder) -> Request:
    return _set_variable("AuthorizationKey", next_key(order))


def _set_variable(name: str, value: str) -> Request:
    return Request("SetVariables", {"setVariableData": [{**place_of(name), "attributeValue": value}]})


@writes(WRITERS, device.SetMonitoring, "SetMonitoringBase")
def _set_monitoring(order: device.SetMonitoring, sent: CommandOrder) -> Request:
    return Request("SetMonitoringBase", {"monitoringBase": MONITORING_BASES[order.base]})


@writes(WRITERS, device.SetMonitoringLevel, "SetMonitoringLevel")
def _set_monitoring_level(order: device.SetMonitoringLevel, sent: CommandOrder) -> Request:
    return Request("SetMonitoringLevel", {"severity": order.severity})


@writes(WRITERS, device.Monitor, "SetVariableMonitoring")
def _monitor(order: device.Monitor, sent: CommandOrder) -> Request:
    place = place_of(order.name)
    place.pop("attributeType", None)
    data: Payload = {
        **place,
        "type": MONITOR_TYPES[order.monitor_kind],
        "value": order.value,
        "severity": order.severity,
        **renamed(order, {"monitor_number": "id", "only_charging": "transaction"}),
    }
    return Request("SetVariableMonitoring", {"setMonitoringData": [data]})


@writes(WRITERS, device.ClearMonitors, "ClearVariableMonitoring")
def _clear_monitors(order: device.ClearMonitors, sent: CommandOrder) -> Request:
    return Request("ClearVariableMonitoring", {"id": list(order.monitor_numbers)})


@writes(WRITERS, device.ReadMonitors, "GetMonitoringReport")
def _read_monitors(order: device.ReadMonitors, sent: CommandOrder) -> Request:
    payload: Payload = {"requestId": request_number(sent), **_wanted(order.names)}
    if order.kinds:
        payload["monitoringCriteria"] = [MONITOR_GROUPS[word] for word in order.kinds]
    return Request("GetMonitoringReport", payload)
