"""Finds what a meter signed among sampled values: 1.6's `format: SignedData`, and the `signedMeterValue` of 2.0.1 and 2.1."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from chargers.domain.metering.clocks import parse_time
from chargers.ocpp.sampled import DEFAULT_CONTEXT, SIGNED
from chargers.reports.charging import SignedValue

# The Open Charge Metering Format names itself; some forget to name the value's format beside it.
OCMF = "OCMF|"


def signed_of(meter_values: Iterable[Mapping[str, Any]]) -> tuple[SignedValue, ...]:
    # In one go and without a call for each: thousands of values a second come here, and hardly one is signed.
    return tuple(
        [
            _read(item, moment["timestamp"])
            for moment in meter_values
            for item in moment["sampledValue"]
            if "signedMeterValue" in item
            or ("format" in item and item["format"] == SIGNED)
            or (isinstance(value := item.get("value"), str) and value.startswith(OCMF))
        ]
    )


def _read(item: Mapping[str, Any], timestamp: str) -> SignedValue:
    told = item.get("signedMeterValue")
    data = item["value"] if told is None else told["signedMeterData"]
    # The Open Charge Alliance's note on 1.6 puts the object of 2.0.1 into the text; what is kept is the text.
    about = _inner(data) if told is None else told
    return SignedValue(
        measured_at=parse_time(timestamp),
        context=item.get("context", DEFAULT_CONTEXT),
        data=data,
        encoding=_word(about, "encodingMethod") or ("OCMF" if data.startswith(OCMF) else ""),
        method=_word(about, "signingMethod"),
        public_key=_word(about, "publicKey"),
    )


def _inner(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _word(about: Mapping[str, Any], name: str) -> str:
    word = about.get(name, "")
    return word if isinstance(word, str) and "\0" not in word else ""
