"""Sampled values of OCPP 2.0.1 in the words that the house normalises (`chargers.ocpp.sampled`)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.ocpp import sampled
from chargers.ocpp.protocol import Payload
from chargers.reports.charging import Sample

# Powers of ten that a meter can mean; the schema allows any.
MOST_ZEROS = 12
# OCPP 2.1's names.
RENAMED = {"Current.Import.Offered": "Current.Offered", "Display.PresentSOC": "SoC"}


TABLE = {**sampled.TABLE, **{new: sampled.TABLE[old] for new, old in RENAMED.items()}}


def samples_of(meter_values: Iterable[Payload]) -> tuple[Sample, ...]:
    samples: list[Sample] = []
    for moment in meter_values:
        values, at = moment["sampledValue"], parse_time(moment["timestamp"])
        sample = sampled.read_alike(values, measured_at=at, table=TABLE, unit_of=_plain_unit)
        if sample is None:
            samples += sampled.of_moment(list(_plain(values)), measured_at=at)
        else:
            samples.append(sample)
    return tuple(samples)


def _plain_unit(value: Mapping[str, Any]) -> str | None:
    """The unit; None where the value is a multiple of it."""
    unit = value.get("unitOfMeasure")
    if unit is None:
        return ""
    return None if unit.get("multiplier") else unit.get("unit", "")


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
