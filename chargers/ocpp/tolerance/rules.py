"""The tables: what a handler can't do without, and what stands for what is missing or unknown.

Places are property names joined by dots, without the numbers of lists. Whatever isn't `needed` here never costs a message.
A change here belongs into docs/ocpp-tolerance.md too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Rules:
    """For one action. Names are looked up as a whole place first, then by their last part."""

    needed: frozenset[str] = frozenset()
    # In the place of a word that the enumeration doesn't have.
    neutral: Mapping[str, str] = field(default_factory=dict)
    # In the place of what is missing; otherwise the type's own nothing ("", 0, false, an empty list).
    defaults: Mapping[str, Any] = field(default_factory=dict)
    # Left out where it is missing: its handler knows that "not told" is not 0.
    may_lack: frozenset[str] = frozenset()
    # Needed but for objects that have the other one of their properties.
    unless: Mapping[str, str] = field(default_factory=dict)
    # What other words mean; in their folded form.
    synonyms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # What is put into an object when only its value came.
    wrapped: Mapping[str, str] = field(default_factory=dict)


# An unknown word here changes what stands beside it: then all of that can't be read.
TELLING = frozenset({"measurand", "unit", "phase", "format", "chargingRateUnit", "type", "certificateType"})
# Lists that lose their meaning with one of their entries.
WHOLE_LISTS = frozenset({"chargingSchedulePeriod"})
# Two of them must stay two, whatever their length. This much of them is stored.
IDENTIFIERS = frozenset({"idTag", "parentIdTag", "idToken", "groupIdToken", "transactionId"})
LONGEST_IDENTIFIER = 36

# A signature is of every character: whole, up to the longest that OCPP 2.1 has, or not at all.
WHOLE_TEXTS = {"signedMeterData": 32_768, "publicKey": 2_500}

UNITS = {
    "amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "watt": "W", "watts": "W", "volt": "V", "volts": "V",
    "watthour": "Wh", "watthours": "Wh", "kilowatt": "kW", "kilowatthour": "kWh", "kilowatthours": "kWh", "pct": "Percent",
    "%": "Percent", "celsius": "Celsius", "celcius": "Celcius", "degc": "Celsius",
}  # fmt: skip
PHASES = {"1": "L1", "2": "L2", "3": "L3", "n": "N", "l1n": "L1-N", "l2n": "L2-N", "l3n": "L3-N"}
METERED = {"context": "Other", "location": "Body"}
FORMATS = {
    "signed": "SignedData",
    "ocmf": "SignedData",
    "edl": "SignedData",
    "signedmetervalue": "SignedData",
}
METER_WORDS = {"unit": UNITS, "phase": PHASES, "format": FORMATS}
# Words of OCPP 1.5 and of vendors; and those of the other version, which firmware of both mixes up.
STATUSES_16 = {
    "occupied": "Preparing", "suspended": "SuspendedEVSE", "suspendedbyev": "SuspendedEV",
    "suspendedbyevse": "SuspendedEVSE", "idle": "Available", "free": "Available", "fault": "Faulted", "error": "Faulted",
    "inoperative": "Unavailable", "outofservice": "Unavailable", "outoforder": "Unavailable", "booked": "Reserved",
    "finished": "Finishing",
}  # fmt: skip
STATUSES_20 = {
    "preparing": "Occupied", "charging": "Occupied", "suspendedev": "Occupied", "suspendedevse": "Occupied",
    "finishing": "Occupied", "idle": "Available", "free": "Available", "fault": "Faulted", "error": "Faulted",
    "inoperative": "Unavailable", "outofservice": "Unavailable",
}  # fmt: skip
EVENTS = {
    "start": "Started", "begin": "Started", "update": "Updated", "stop": "Ended", "stopped": "Ended", "end": "Ended",
    "finished": "Ended",
}  # fmt: skip
SAMPLED_VALUES = "sampledValue"
SAMPLED = "meterValue.sampledValue.value"
# What a meter signed is kept without its number, too.
SIGNED = "meterValue.sampledValue.signedMeterValue"
NOT_SIGNED = {SAMPLED: "signedMeterValue"}


def _needs(*places: str) -> frozenset[str]:
    return frozenset(places)


CALLS_16 = {
    "Authorize": Rules(needed=_needs("idTag")),
    "MeterValues": Rules(needed=_needs("connectorId", SAMPLED), neutral=METERED, synonyms=METER_WORDS),
    "SecurityEventNotification": Rules(needed=_needs("type")),
    "SignCertificate": Rules(needed=_needs("csr")),
    "DiagnosticsStatusNotification": Rules(neutral={"status": "Idle"}),
    "FirmwareStatusNotification": Rules(neutral={"status": "Idle"}),
    "LogStatusNotification": Rules(neutral={"status": "Idle"}),
    "SignedFirmwareStatusNotification": Rules(neutral={"status": "Idle"}),
    "StartTransaction": Rules(needed=_needs("connectorId"), may_lack=_needs("meterStart")),
    "StatusNotification": Rules(
        needed=_needs("connectorId", "status"),
        neutral={"errorCode": "OtherError"},
        defaults={"errorCode": "NoError"},
        synonyms={"status": STATUSES_16, "errorCode": {"none": "NoError", "ok": "NoError", "0": "NoError"}},
    ),
    # An end is always taken: which transaction it is of may be all that is left of it, or not even that.
    "StopTransaction": Rules(
        needed=_needs("transactionData.sampledValue.value"),
        neutral={**METERED, "reason": "Other"},
        may_lack=_needs("meterStop"),
        synonyms=METER_WORDS,
    ),
}
PLACE = ("component", "component.name", "variable", "variable.name")
CALLS_20 = {
    "Authorize": Rules(
        needed=_needs("idToken", "idToken.idToken"),
        neutral={"idToken.type": "Central"},
        defaults={"idToken.type": "Central"},
        wrapped={"idToken": "idToken"},
    ),
    "BootNotification": Rules(neutral={"reason": "Unknown"}, defaults={"reason": "Unknown"}),
    "ClearedChargingLimit": Rules(needed=_needs("chargingLimitSource")),
    "FirmwareStatusNotification": Rules(neutral={"status": "Idle"}),
    "LogStatusNotification": Rules(neutral={"status": "Idle"}),
    "MeterValues": Rules(
        needed=_needs("evseId", SAMPLED, f"{SIGNED}.signedMeterData"),
        neutral=METERED,
        unless=NOT_SIGNED,
        synonyms=METER_WORDS,
        wrapped={"signedMeterValue": "signedMeterData"},
    ),
    "NotifyChargingLimit": Rules(
        needed=_needs(
            "chargingSchedule.chargingRateUnit",
            "chargingSchedule.chargingSchedulePeriod",
            "chargingSchedule.chargingSchedulePeriod.startPeriod",
            "chargingSchedule.chargingSchedulePeriod.limit",
        ),
        neutral={"chargingLimit.chargingLimitSource": "Other"},
        defaults={"chargingLimit.chargingLimitSource": "Other"},
    ),
    "NotifyEvent": Rules(
        needed=frozenset(f"eventData.{place}" for place in PLACE) | _needs("eventData.component.evse.id"),
        # Who raises a flag that nobody knows is better heard.
        neutral={"trigger": "Alerting", "eventNotificationType": "CustomMonitor"},
        defaults={"trigger": "Alerting", "eventNotificationType": "CustomMonitor"},
    ),
    "NotifyReport": Rules(
        needed=frozenset(f"reportData.{place}" for place in PLACE)
        | _needs("reportData.variableAttribute", "reportData.component.evse.id"),
        neutral={"dataType": "string"},
        defaults={"dataType": "string"},
    ),
    "PublishFirmwareStatusNotification": Rules(neutral={"status": "Idle"}),
    "ReservationStatusUpdate": Rules(
        needed=_needs("reservationId"),
        neutral={"reservationUpdateStatus": "Removed"},
        defaults={"reservationUpdateStatus": "Removed"},
    ),
    "SecurityEventNotification": Rules(needed=_needs("type")),
    "SignCertificate": Rules(needed=_needs("csr")),
    "StatusNotification": Rules(
        needed=_needs("evseId", "connectorStatus"),
        defaults={"connectorId": 1},
        synonyms={"connectorStatus": STATUSES_20},
    ),
    "TransactionEvent": Rules(
        needed=_needs(
            "eventType",
            "transactionInfo",
            "transactionInfo.transactionId",
            "evse.id",
            "idToken.idToken",
            SAMPLED,
            f"{SIGNED}.signedMeterData",
        ),
        unless=NOT_SIGNED,
        neutral={
            **METERED,
            "triggerReason": "Trigger",
            "transactionInfo.stoppedReason": "Other",
            "idToken.type": "Central",
        },
        defaults={"triggerReason": "Trigger", "idToken.type": "Central"},
        synonyms={**METER_WORDS, "eventType": EVENTS},
        wrapped={
            "idToken": "idToken",
            "evse": "id",
            "transactionInfo": "transactionId",
            "signedMeterValue": "signedMeterData",
        },
    ),
}
CALLS: Mapping[str, Mapping[str, Rules]] = {"v16": CALLS_16, "v2": CALLS_20}
# What a verdict hangs on is never guessed in an answer.
ANSWERS = Rules(
    needed=_needs(
        "status", "attributeStatus", "listVersion", "configurationKey.key", "chargingRateUnit", "chargingSchedulePeriod",
        "startPeriod", "limit", "getVariableResult", "setVariableResult", "setMonitoringResult", "clearMonitoringResult",
        "component", "variable", "name",
    ),
    neutral={"reasonCode": "Other"},
)  # fmt: skip
