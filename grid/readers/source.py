"""A meter's row as its reader needs it, checked: texts become places in topics and registers."""

import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from evbalancer.common.security import encryption
from evbalancer.common.units import MILLI, w_to_ma
from grid.domain.readings import Measured
from grid.enums import MeterSource, MeterUnit, ModbusPreset
from grid.models import Meter

TIMEOUT_S = 10
DEFAULT_PORTS = {MeterSource.MQTT: 1883, MeterSource.MODBUS: 502, MeterSource.P1: 23}
MQTTS = 8883
TYPES = ("int16", "uint16", "int32", "uint32", "float32", "int64")
SCALE = "sf:"
HOST = re.compile(r"[A-Za-z0-9_.:-]+")


class ReadError(Exception):
    """A meter could not be read, in a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something came that can't be used; the reader goes on. A sentence without secrets."""

    text: str


# Values of three topics belong together when none is older than this.
TOGETHER_S = 30


@dataclass(frozen=True, slots=True)
class TopicPlace:
    """`keep_s`: how long a value counts where it is published on change only; `time_pointer`: where its own time stands."""

    topic: str
    pointer: str
    keep_s: int = TOGETHER_S
    time_pointer: str = ""

    @property
    def keeps_long(self) -> bool:
        return self.keep_s > TOGETHER_S


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Addresses count from 0, as they travel on the wire."""

    table: str
    address: int
    kind: str
    factor: float
    word_order: str
    # SunSpec: where the power of ten of the value stands, an int16 in the same table.
    scale_address: int | None = None


Place = TopicPlace | RegisterPlace
# Eastron: input registers, IEEE 754, high word first. Carlo Gavazzi EM24: low word first, tenths of a watt.
PRESETS: dict[str, tuple[RegisterPlace, ...]] = {
    ModbusPreset.SDM630: tuple(
        RegisterPlace("input", address, "float32", 1, "big") for address in (0x0C, 0x0E, 0x10)
    ),
    ModbusPreset.EM24: tuple(
        RegisterPlace("holding", address, "int32", 0.1, "little") for address in (0x12, 0x14, 0x16)
    ),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A meter's configuration, equal as long as nothing was changed."""

    meter_id: UUID
    circuit_id: UUID
    kind: MeterSource
    host: str
    port: int
    tls: bool
    username: str
    password: str = field(repr=False)
    unit: MeterUnit
    places: tuple[Place | None, Place | None, Place | None]
    device_id: int
    every_s: int
    voltage_v: int

    power_factor: float = 1.0

    def phase_ma(self, value: float | None) -> int | None:
        """One phase's value in the meter's unit as mA, rounded up, so that surplus is rounded down."""
        if value is None:
            return None
        if self.unit == MeterUnit.AMPERE:
            return w_to_ma(value, voltage_v=1, phases=1)
        # What the building takes flows with its power factor; what it feeds in is spent as watts.
        return w_to_ma(value / self.power_factor if value > 0 else value, voltage_v=self.voltage_v, phases=1)


def join_phases(*phases: int | None) -> Measured:
    one, two, three = phases
    return one, two, three


Reader = Callable[[Source], AsyncGenerator[Measured | Trouble, None]]


def source_of(meter: Meter) -> Source:
    """Raises ValidationError for a configuration that can't be read, KeyMissing when its secret can't."""
    kind = MeterSource(meter.source)
    return Source(
        meter_id=meter.pk,
        circuit_id=meter.circuit_id,
        kind=kind,
        host=_host(meter.host),
        port=meter.port or (MQTTS if kind == MeterSource.MQTT and meter.use_tls else DEFAULT_PORTS[kind]),
        tls=meter.use_tls,
        username=meter.username,
        password=encryption.decrypt(meter.password_encrypted) if meter.password_encrypted else "",
        unit=MeterUnit.WATT if kind == MeterSource.P1 or meter.preset else MeterUnit(meter.unit),
        places=_places(meter, kind),
        device_id=meter.device_id,
        every_s=meter.every_s,
        voltage_v=meter.circuit.cluster.voltage_v,
        power_factor=(meter.power_factor_pct or 100) / 100,
    )


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValidationError({"host": gettext("A name or an IP address, without protocol, port or path.")})
    return text


def _places(meter: Meter, kind: MeterSource) -> tuple[Place | None, Place | None, Place | None]:
    if kind != MeterSource.MODBUS and meter.preset:
        raise ValidationError({"preset": gettext("Presets are for Modbus.")})
    if kind != MeterSource.MQTT and (meter.use_tls or meter.username):
        raise ValidationError({"username": gettext("Encryption and user names are for MQTT.")})
    if kind == MeterSource.P1 or meter.preset:
        if any(meter.places):
            raise ValidationError(
                {"place_l1": gettext("This kind of meter knows where its values stand: leave it empty.")}
            )
        preset = PRESETS.get(meter.preset, (None, None, None))
        return preset[0], preset[1], preset[2]
    if not meter.place_l1:
        raise ValidationError({"place_l1": gettext("Enter the place of L1.")})
    parse = _topic if kind == MeterSource.MQTT else _register
    found = [
        parse(f"place_l{phase}", text) if text else None for phase, text in enumerate(meter.places, start=1)
    ]
    return found[0], found[1], found[2]


PLACE_OF_TOPIC = re.compile(
    r"(?P<topic>[^#]*)(?:#(?P<pointer>\S*))?(?:\s+keep\s+(?P<keep>\d+))?(?:\s+at\s+(?P<at>/\S*))?"
)
LONGEST_KEPT_S = 24 * 3600


def _topic(name: str, text: str) -> TopicPlace:
    found = PLACE_OF_TOPIC.fullmatch(text.strip())
    topic, pointer = (found["topic"].strip(), found["pointer"]) if found else ("", None)
    if "+" in topic or pointer == "" or topic.endswith("/"):
        raise ValidationError(
            {
                name: gettext(
                    "Wildcards (+ and #) are not possible: name one topic, whose messages hold this phase's value."
                )
            }
        )
    if not found or not topic or (pointer or "/")[0] != "/":
        raise ValidationError(
            {
                name: gettext(
                    "A topic, then perhaps # and a JSON pointer that begins with /, keep and seconds, at and a pointer to the time."
                )
            }
        )
    keep_s = int(found["keep"] or TOGETHER_S)
    if not TOGETHER_S <= keep_s <= LONGEST_KEPT_S:
        raise ValidationError(
            {
                name: gettext("A value is kept between %(together)s s and a day (%(longest_kept)s s).")
                % {"together": TOGETHER_S, "longest_kept": LONGEST_KEPT_S}
            }
        )
    return TopicPlace(topic, pointer or "", keep_s, found["at"] or "")


def _register(name: str, text: str) -> RegisterPlace:
    parts = text.split()
    wrong = ValidationError(
        {
            name: gettext(
                "For example: input 12 float32 1 big, or holding 40087 int16 sf:40091. Types: %(types)s."
            )
            % {"types": ", ".join(TYPES)}
        }
    )
    if not 3 <= len(parts) <= 5:
        raise wrong
    table, address, kind, factor, order = [*parts, *("1", "big")[len(parts) - 3 :]]
    scale_text = factor.removeprefix(SCALE) if factor.startswith(SCALE) else None
    try:
        scale = int(scale_text, 0) if scale_text is not None else None
        place = RegisterPlace(
            table, int(address, 0), kind, 1.0 if scale_text else float(factor), order, scale
        )
    except ValueError:
        raise wrong from None
    known = table in {"input", "holding"} and kind in TYPES and order in {"big", "little"}
    addresses = [place.address, *([] if scale is None else [scale])]
    if (
        not known
        or not all(0 <= each <= 65_535 for each in addresses)
        or not abs(place.factor) <= MILLI * MILLI
        or not place.factor
    ):
        raise wrong
    return place
