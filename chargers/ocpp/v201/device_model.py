"""The device model as a station tells it: in reports, in answers, and in events."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from chargers.domain.orders.secrets import is_secret_name
from chargers.enums import CommandKind
from chargers.ocpp.protocol import Payload, Request
from chargers.ocpp.wording import later_part
from chargers.reports.base import Report, Source
from chargers.reports.news import VariablesReport, VariableTold

# A station that says only "Accepted" has taken what it was sent.
SET = "Accepted"
WRITE_ONLY = "WriteOnly"
# What a page can belong to.
REPORTS = (CommandKind.READ_CONFIGURATION, CommandKind.READ_COMPONENTS, CommandKind.READ_INVENTORY)


def read_report(payload: Payload, source: Source, received_at: datetime) -> Report:
    """One page. Pages may come in any order: each tells of variables of its own."""
    told = tuple(_attributes(payload.get("reportData", ())))
    later = later_part(payload, REPORTS)
    return VariablesReport(source=source, received_at=received_at, variables=told, later=later)


def learn(request: Request, answer: Payload, source: Source, received_at: datetime) -> Report | None:
    """What an answer to GetVariables or SetVariables says of the device model."""
    told: tuple[VariableTold, ...] = ()
    if request.action == "GetVariables":
        results = answer["getVariableResult"]
        told = tuple(
            told_of(entry, attribute=entry.get("attributeType"), value=entry.get("attributeValue", ""))
            for entry in results
            if entry["attributeStatus"] == SET
        )
    elif request.action == "SetVariables":
        asked = request.payload["setVariableData"]
        told = tuple(
            told_of(data, attribute=data.get("attributeType"), value=data["attributeValue"])
            for data, result in zip(asked, answer["setVariableResult"], strict=False)
            if result["attributeStatus"] == SET
        )
    return VariablesReport(source=source, received_at=received_at, variables=told) if told else None


def told_of(
    place: Payload,
    *,
    attribute: str | None = None,
    value: str | None = None,
    mutability: str | None = None,
    data_type: str | None = None,
    unit: str | None = None,
) -> VariableTold:
    component, variable = place["component"], place["variable"]
    evse = component.get("evse", {})
    return VariableTold(
        component=component["name"],
        variable=variable["name"],
        component_instance=component.get("instance", ""),
        variable_instance=variable.get("instance", ""),
        evse_number=evse.get("id", 0),
        connector_number=evse.get("connectorId", 0),
        attribute=attribute or "Actual",
        value=None if is_secret_name(variable["name"]) else value,
        mutability=mutability,
        data_type=data_type,
        unit=unit,
    )


def _attributes(report_data: Iterable[Payload]) -> Iterator[VariableTold]:
    for entry in report_data:
        features = entry.get("variableCharacteristics", {})
        for attribute in entry["variableAttribute"]:
            mutability = attribute.get("mutability", "ReadWrite")
            yield told_of(
                entry,
                attribute=attribute.get("type"),
                value=None if mutability == WRITE_ONLY else attribute.get("value", ""),
                mutability=mutability,
                data_type=features.get("dataType", ""),
                unit=features.get("unit", ""),
            )
