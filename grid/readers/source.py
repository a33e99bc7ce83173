"""What a reader has to know of a meter, checked: a row's texts become places in topics and registers."""

import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ValidationError

from evbalancer.common import encryption
from evbalancer.common.units import MILLI, PhaseMilliamps, w_to_ma
from grid.enums import MeterSource, MeterUnit, ModbusPreset
from grid.models import Meter

TIMEOUT_S = 10
DEFAULT_PORTS = {MeterSource.MQTT: 1883, MeterSource.MODBUS: 502, MeterSource.P1: 23}
MQTTS = 8883
TYPES = ("int16", "uint16", "int32", "uint32", "float32", "int64")
HOST = re.compile(r"[A-Za-z0-9_.:-]+")


class ReadError(Exception):
    """A meter could not be read, in a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class TopicPlace:
    topic: str
    pointer: str


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Addresses count from 0, as they travel on the wire."""

    table: str
    address: int
    kind: str
    factor: float
    word_order: str


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

    def current_ma(self, values: tuple[float, float, float]) -> PhaseMilliamps:
        """Values in the meter's unit as mA; rounded up, so that surplus is rounded down."""
        if self.unit == MeterUnit.AMPERE:
            return PhaseMilliamps(*(w_to_ma(value, voltage_v=1, phases=1) for value in values))
        return PhaseMilliamps(*(w_to_ma(value, voltage_v=self.voltage_v, phases=1) for value in values))


Reader = Callable[[Source], AsyncGenerator[PhaseMilliamps, None]]


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
    )


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValidationError({"host": "A name or an IP address, without protocol, port or path."})
    return text


def _places(meter: Meter, kind: MeterSource) -> tuple[Place | None, Place | None, Place | None]:
    if kind != MeterSource.MODBUS and meter.preset:
        raise ValidationError({"preset": "Presets are for Modbus."})
    if kind != MeterSource.MQTT and (meter.use_tls or meter.username):
        raise ValidationError({"username": "Encryption and user names are for MQTT."})
    if kind == MeterSource.P1 or meter.preset:
        if any(meter.places):
            raise ValidationError(
                {"place_l1": "This kind of meter knows where its values stand: leave it empty."}
            )
        preset = PRESETS.get(meter.preset, (None, None, None))
        return preset[0], preset[1], preset[2]
    if not meter.place_l1:
        raise ValidationError({"place_l1": "Say where L1 stands."})
    parse = _topic if kind == MeterSource.MQTT else _register
    found = [
        parse(f"place_l{phase}", text) if text else None for phase, text in enumerate(meter.places, start=1)
    ]
    return found[0], found[1], found[2]


def _topic(name: str, text: str) -> TopicPlace:
    topic, _, pointer = text.partition("#")
    if not topic.strip() or "+" in topic or (pointer and not pointer.startswith("/")):
        raise ValidationError(
            {name: "A topic without wildcards, then # and a JSON pointer that begins with /."}
        )
    return TopicPlace(topic.strip(), pointer.strip())


def _register(name: str, text: str) -> RegisterPlace:
    parts = text.split()
    wrong = ValidationError({name: f"For example: input 12 float32 1 big. Types: {', '.join(TYPES)}."})
    if not 3 <= len(parts) <= 5:
        raise wrong
    table, address, kind, factor, order = [*parts, *("1", "big")[len(parts) - 3 :]]
    try:
        place = RegisterPlace(table, int(address, 0), kind, float(factor), order)
    except ValueError:
        raise wrong from None
    known = table in {"input", "holding"} and kind in TYPES and order in {"big", "little"}
    if (
        not known
        or not 0 <= place.address <= 65_535
        or not abs(place.factor) <= MILLI * MILLI
        or not place.factor
    ):
        raise wrong
    return place
