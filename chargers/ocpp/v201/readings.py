"""Sampled values of OCPP 2.0.1 in the words that the house normalises (`chargers.ocpp.sampled`)."""

from collections.abc import Iterable, Iterator
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.ocpp import sampled
from chargers.ocpp.protocol import Payload
from chargers.reports.charging import Sample

# Powers of ten that a meter can mean; the schema allows any.
MOST_ZEROS = 12
# OCPP 2.1's names.
RENAMED = {"Current.Import.Offered": "Current.Offered", "Display.PresentSOC": "SoC"}


def samples_of(meter_values: Iterable[Payload]) -> tuple[Sample, ...]:
    return tuple(
        sample
        for value in meter_values
        for sample in sampled.of_moment(
            list(_plain(value["sampledValue"])), measured_at=parse_time(value["timestamp"])
        )
    )


def _plain(values: Iterable[Payload]) -> Iterator[dict[str, Any]]:
    for value in values:
        if "value" not in value:
            continue  # signed, and no more
        unit = value.get("unitOfMeasure", {})
        zeros = unit.get("multiplier", 0)
        if abs(zeros) > MOST_ZEROS:
            continue
        plain: dict[str, Any] = {
            name: value[name] for name in ("context", "phase", "location") if name in value
        }
        if "measurand" in value:
            plain["measurand"] = RENAMED.get(value["measurand"], value["measurand"])
        yield {**plain, "value": value["value"] * 10**zeros, "unit": unit.get("unit", "")}
