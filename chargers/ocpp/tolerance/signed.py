"""What a meter signed, out of a sampled value that can't be read as a whole: it needs neither a number nor a unit."""

from typing import Any

from chargers.ocpp.tolerance.rules import FORMATS
from chargers.ocpp.tolerance.shapes import Shape, folded
from chargers.ocpp.tolerance.values import as_text

OBJECT, FORMAT, SIGNED = "signedMeterValue", "format", "SignedData"
BESIDE = ("context", "location")


def signed_part(entry: Any, shape: Shape) -> dict[str, Any] | None:
    """A sampled value with that alone, in the shape of its version; None where nothing was signed."""
    if not isinstance(entry, dict):
        return None
    beside = {name: entry[name] for name in BESIDE if name in entry}
    told, value = entry.get(OBJECT), entry.get("value")
    if told is None and value is not None and _is_signed(entry):
        told = {"signedMeterData": as_text(value)}
    if told is None:
        return None
    if OBJECT in shape.properties:
        return {**beside, OBJECT: told}
    data = told.get("signedMeterData") if isinstance(told, dict) else told
    return None if data is None else {**beside, "value": as_text(data), FORMAT: SIGNED}


def _is_signed(entry: dict[str, Any]) -> bool:
    told = folded(as_text(entry.get(FORMAT) or ""))
    return told == folded(SIGNED) or told in FORMATS or as_text(entry["value"]).startswith("OCMF|")
