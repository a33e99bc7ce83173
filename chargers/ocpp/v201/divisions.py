"""Which calls a station bounds in length, and by which variables (2.0.1 part 2, appendix of standardized variables)."""

from collections.abc import Mapping

from chargers.ocpp.protocol import Division


def _of_controllers(items: str, action: str, *controllers: str) -> Division:
    return Division(
        items,
        tuple(f"{name}.ItemsPerMessage[{action}]" for name in controllers),
        tuple(f"{name}.BytesPerMessage[{action}]" for name in controllers),
    )


# Stations differ in where they put the monitors' bounds.
DIVISIONS: Mapping[str, Division] = {
    "ClearVariableMonitoring": _of_controllers(
        "id", "ClearVariableMonitoring", "MonitoringCtrlr", "DeviceDataCtrlr"
    ),
    "GetMonitoringReport": _of_controllers(
        "componentVariable", "GetMonitoringReport", "MonitoringCtrlr", "DeviceDataCtrlr"
    ),
    "GetReport": _of_controllers("componentVariable", "GetReport", "DeviceDataCtrlr"),
    "GetVariables": _of_controllers("getVariableData", "GetVariables", "DeviceDataCtrlr"),
    "SetVariableMonitoring": _of_controllers(
        "setMonitoringData", "SetVariableMonitoring", "MonitoringCtrlr", "DeviceDataCtrlr"
    ),
    "SetVariables": _of_controllers("setVariableData", "SetVariables", "DeviceDataCtrlr"),
    "SendLocalList": Division(
        "localAuthorizationList",
        ("LocalAuthListCtrlr.ItemsPerMessage",),
        ("LocalAuthListCtrlr.BytesPerMessage",),
        version="versionNumber",
        update="updateType",
    ),
}
