"""A make's own answers about itself, as long as its firmware stays."""

from collections.abc import Mapping
from typing import Any

from chargers.domain.makes.makes import learn_facts
from chargers.models import ChargePoint, ChargerCommand, Make

# The keys that are read, and the columns that keep the answers.
QUESTIONS = {
    "SupportedFeatureProfiles": "feature_profiles",
    "ChargeProfileMaxStackLevel": "max_stack_level",
    "ChargingScheduleAllowedChargingRateUnit": "rate_units",
}
FORGOTTEN = {"feature_profiles": "", "max_stack_level": None, "rate_units": "", "measurands": ""}
MOST_CHARACTERS = 200
MOST_LEVELS = 1_000


def told_make(charge_point: ChargePoint) -> Make | None:
    """Its make, if that told something and has the same firmware still."""
    make = charge_point.make
    if make is None or not (make.feature_profiles or make.measurands):
        return None
    return make if make.told_firmware == charge_point.firmware_version else None


def note_configuration(command: ChargerCommand) -> None:
    """Remember the answers to `QUESTIONS`."""
    told = {
        entry["key"]: entry.get("value", "") for entry in (command.result or {}).get("configurationKey", [])
    }
    found: dict[str, Any] = {}
    for key, name in QUESTIONS.items():
        value = str(told.get(key, ""))
        if name == "max_stack_level":
            found[name] = int(value) if value.isdecimal() and int(value) < MOST_LEVELS else None
        else:
            found[name] = value[:MOST_CHARACTERS]
    remember_told(command.charge_point, found)


def remember_told(charge_point: ChargePoint, found: Mapping[str, Any]) -> None:
    """Keep its answers. Those of another firmware are dropped."""
    if told_make(charge_point) is None:
        found = {**FORGOTTEN, **found}
    learn_facts(charge_point, **found, told_firmware=charge_point.firmware_version)
