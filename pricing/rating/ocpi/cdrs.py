"""Reads a CDR or a Session object of OCPI 2.2.1 or 2.3.0, also one of 2.1.1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from pricing.rating.ocpi.fields import UnreadableError, moment, number, objects, text, word
from pricing.rating.ocpi.writing import moment_of
from pricing.rating.session import UNKNOWN, ZERO, Level, Period, Session

VOLUMES: Final = frozenset(
    {"ENERGY", "ENERGY_IMPORT", "ENERGY_EXPORT", "TIME", "PARKING_TIME", "RESERVATION_TIME"}
)
LEVELS: Final = frozenset({"CURRENT", "MIN_CURRENT", "MAX_CURRENT", "POWER", "MIN_POWER", "MAX_POWER"})
WITHOUT_PRICE: Final = frozenset({"STATE_OF_CHARGE", "FLAT"})
TIMES: Final = ("TIME", "PARKING_TIME", "RESERVATION_TIME")
LONGEST: Final = timedelta(days=366)
NOTHING_FLOWS = Level(ZERO, ZERO, ZERO)
HOUR_S: Final = 3600

Dimensions = dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class Record:
    """What a CDR tells that a price depends on."""

    session: Session
    currency: str
    country: str
    time_zone: str
    tariff_ids: tuple[str, ...]
    remarks: tuple[str, ...]


def cdr_in(body: Any, *, name: str) -> dict[str, Any]:
    """The one CDR or Session of a file, also in an OCPI response (`data`) or in a list of one."""
    if isinstance(body, list):
        if len(body) != 1:
            raise UnreadableError(f"{name} has {len(body)} objects, and one CDR is expected.")
        return cdr_in(body[0], name=name)
    if isinstance(body, dict):
        if "charging_periods" in body or "start_date_time" in body:
            return body
        for key in ("data", "cdr", "session"):
            if body.get(key):
                return cdr_in(body[key], name=name)
    raise UnreadableError(
        f"{name} has no CDR: an object with `start_date_time` and `charging_periods` is expected."
    )


def record_of(body: Mapping[str, Any]) -> Record:
    """The session of a CDR or Session object. Raises UnreadableError with a sentence."""
    remarks: list[str] = []
    listed = sorted(_listed(body, remarks), key=lambda each: each[0])
    end = _end(body, listed)
    starts = [start for start, _ in listed]
    if end < starts[-1]:
        raise UnreadableError(
            f"The session ends at {moment_of(end)}, before its last period begins at {moment_of(starts[-1])}."
        )
    if end - starts[0] > LONGEST:
        raise UnreadableError(
            f"The session lasts {(end - starts[0]).days} days; at most {LONGEST.days} are rated."
        )
    periods = tuple(
        _period(start, until, dimensions)
        for (start, until), (_, dimensions) in zip(pairwise([*starts, end]), listed, strict=True)
    )
    place = _place(body)
    ids = dict.fromkeys(text(each, "tariff_id") for each in objects(body, "charging_periods", ""))
    remarks += _contradictions(body, periods)
    return Record(
        session=_session(periods, moment(body, "start_date_time", "")),
        currency=word(body, "currency"),
        country=word(place, "country"),
        time_zone=text(place, "time_zone"),
        tariff_ids=tuple(each for each in ids if each),
        remarks=tuple(remarks),
    )


def _listed(body: Mapping[str, Any], remarks: list[str]) -> list[tuple[datetime, Dimensions]]:
    """The charging periods as start and dimensions; without any, the totals are one period."""
    listed = []
    for index, period in enumerate(objects(body, "charging_periods", "")):
        where = f"charging_periods[{index}]."
        start = moment(period, "start_date_time", where)
        if start is None:
            raise UnreadableError(f"{where}start_date_time is missing.")
        listed.append((start, _dimensions(period, where, remarks)))
    if listed:
        return listed
    start = moment(body, "start_date_time", "")
    if start is None:
        raise UnreadableError("The CDR has neither charging_periods nor start_date_time.")
    remarks.append("The CDR has no charging periods; its totals are rated as one.")
    return [(start, _totals(body))]


def _totals(body: Mapping[str, Any]) -> Dimensions:
    energy = number(body, "total_energy" if "total_energy" in body else "kwh", "")
    parking, whole = number(body, "total_parking_time", ""), number(body, "total_time", "")
    told = {
        "ENERGY": energy,
        "PARKING_TIME": parking,
        "TIME": whole - (parking or 0) if whole is not None else None,
    }
    return {kind: Fraction(volume) for kind, volume in told.items() if volume is not None}


def _dimensions(period: Mapping[str, Any], where: str, remarks: list[str]) -> Dimensions:
    read: Dimensions = {}
    for index, dimension in enumerate(objects(period, "dimensions", where)):
        here = f"{where}dimensions[{index}]."
        kind = word(dimension, "type")
        if kind in WITHOUT_PRICE:
            continue
        if kind not in VOLUMES | LEVELS:
            remarks.append(f"{here}type is {kind or 'missing'}, which OCPI does not know: it does not count.")
            continue
        volume = number(dimension, "volume", here)
        if volume is None:
            raise UnreadableError(f"{here}volume is missing.")
        if kind in TIMES and volume < 0:
            raise UnreadableError(f"{here}volume is {volume} hours, and time does not run back.")
        read[kind] = read.get(kind, ZERO) + Fraction(volume) if kind in VOLUMES else Fraction(volume)
    return read


def _end(body: Mapping[str, Any], listed: Sequence[tuple[datetime, Dimensions]]) -> datetime:
    """The end of the session; of one that goes on, where its last period has come to."""
    told = moment(body, "end_date_time", "") or moment(body, "stop_date_time", "")
    if told is not None:
        return told
    start, dimensions = listed[-1]
    hours = sum((dimensions.get(kind, ZERO) for kind in TIMES), ZERO)
    if hours > LONGEST.days * 24:
        raise UnreadableError(f"The last charging period lasts {float(hours):.0f} hours.")
    begun = start + timedelta(seconds=float(hours * HOUR_S))
    return max(begun, moment(body, "last_updated", "") or begun)


def _period(start: datetime, end: datetime, told: Dimensions) -> Period:
    energy = told.get("ENERGY")
    if energy is None and ("ENERGY_IMPORT" in told or "ENERGY_EXPORT" in told):
        energy = told.get("ENERGY_IMPORT", ZERO) - told.get("ENERGY_EXPORT", ZERO)
    charging_h, parking_h = told.get("TIME", ZERO), told.get("PARKING_TIME", ZERO)
    # While a car is parked, and nothing else is known, nothing flows.
    unsaid = NOTHING_FLOWS if parking_h and not charging_h and not energy else UNKNOWN
    power = _level(told, "POWER")
    if power == UNKNOWN:
        power = _average_power(energy, charging_h, end - start) if energy is not None else unsaid
    current = _level(told, "CURRENT")
    return Period(
        start,
        end,
        energy or ZERO,
        charging_h,
        parking_h,
        told.get("RESERVATION_TIME", ZERO),
        unsaid if current == UNKNOWN else current,
        power,
    )


def _level(told: Dimensions, kind: str) -> Level:
    return Level(told.get(f"MIN_{kind}"), told.get(f"MAX_{kind}"), told.get(kind))


def _average_power(energy: Fraction, charging_h: Fraction, length: timedelta) -> Level:
    """A period that tells no power had its energy over its time."""
    hours = charging_h or Fraction(length // timedelta(microseconds=1), HOUR_S * 1_000_000)
    return Level(average=energy / hours) if hours else UNKNOWN


def _session(periods: tuple[Period, ...], told_start: datetime | None) -> Session:
    """The charging session begins with the first period that is no reservation (OCPI dates a CDR from its reservation)."""
    first = periods[0]
    if first.is_used:
        return Session(periods, min(first.start, told_start or first.start))
    used = next((period.start for period in periods if period.is_used), periods[-1].end)
    return Session(periods, used, reserved_at=first.start)


def _place(body: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("cdr_location", "location"):
        place = body.get(key)
        if isinstance(place, dict):
            return place
    return {}


def _contradictions(body: Mapping[str, Any], periods: Sequence[Period]) -> list[str]:
    found = []
    told = number(body, "total_energy", "")
    listed = sum((period.energy_kwh for period in periods), ZERO)
    if told is not None and abs(listed - Fraction(told)) >= Fraction(1, 1000):
        found.append(
            f"The periods have {float(listed):g} kWh, and total_energy is {told} kWh: the periods are rated."
        )
    if body.get("credit") is True:
        found.append("This is a Credit CDR: it takes back what is rated here.")
    return found
