"""Lists of charge points and of people, as spreadsheets write them: CSV with any separator and encoding, or a workbook."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from chargers.domain.sessions.status import MOST_PLUGS
from chargers.enums import PhaseRotation
from evbalancer.common.files.tables import UnreadableTable, read_table
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from evbalancer.common.words.reading import read_amperes, read_phases
from evbalancer.setup.faults import Faults
from evbalancer.setup.plan import (
    LEAST_MA,
    METERS,
    NAMEPLATE_MA,
    BuildingPlan,
    ChargerPlan,
    CircuitPlan,
    PersonPlan,
    Place,
)
from grid.enums import CircuitKind

MOST_ROWS: Final = 2_000
# Our names of columns, and what spreadsheets of managers call the same.
CHARGER_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("id", "charge point", "ladepunkt", "kennung"),
    "name": ("place", "space", "platz", "stellplatz"),
    "connector": ("anschluss",),
    "circuit": ("panel", "stromkreis", "verteiler"),
    "phase_rotation": ("phases", "phasen", "phasenfolge"),
    "max_current_a": ("amperes", "ampere", "strom"),
    "min_current_a": (),
    "fallback_a": ("fallback", "rückfallwert"),
    "access": ("who", "zugang"),
    # The back office's export names it; the list is of one connection.
    "cluster": (),
}
CIRCUIT_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("panel", "verteiler", "stromkreis"),
    "below": ("parent", "unter", "unterhalb"),
    "limit_a": ("limit", "ampere", "amperes", "sicherung", "grenze"),
    "kind": ("art",),
    "building_max_a": ("building", "gebäude"),
    "meter": ("zähler",),
}
PEOPLE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("person",),
    "email": ("mail", "e-mail"),
    "flat": ("wohnung", "cost centre", "kostenstelle"),
    "space": ("unit", "platz", "stellplatz"),
    "card": ("token", "rfid", "karte", "kartennummer"),
}


@dataclass(frozen=True, slots=True)
class Row:
    cells: Mapping[str, str]
    place: Place
    faults: Faults

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def amperes(self, column: str, default_ma: int) -> int:
        text = self.text(column)
        if not text:
            return default_ma
        try:
            return read_amperes(text)
        except ValueError as error:
            self.faults.note(self.place, column, str(error))
            return default_ma

    def phases(self, column: str, default: PhaseMilliamps | None = None) -> PhaseMilliamps:
        text = self.text(column)
        if not text and default is not None:
            return default
        try:
            return read_phases(text)
        except ValueError as error:
            self.faults.note(self.place, column, str(error))
            return ZERO_MA


def read_chargers(
    told: bytes | str, faults: Faults, *, source: str = "", rotation: str = PhaseRotation.UNKNOWN
) -> list[ChargerPlan]:
    """One row a connector. `rotation` counts where a row names none."""
    return [
        ChargerPlan(
            identity=row.text("identity"),
            name=row.text("name"),
            connector=_number(row),
            circuit=row.text("circuit"),
            phase_rotation=_rotation(row) or rotation,
            max_current_ma=row.amperes("max_current_a", NAMEPLATE_MA),
            min_current_ma=row.amperes("min_current_a", LEAST_MA),
            fallback_ma=row.amperes("fallback_a", 0) if row.text("fallback_a") else None,
            access=row.text("access") or None,
            place=row.place,
        )
        for row in _rows(told, CHARGER_COLUMNS, "identity", faults, source)
    ]


def read_people(told: bytes | str, faults: Faults, *, source: str = "") -> list[PersonPlan]:
    return [
        PersonPlan(
            name=row.text("name"),
            email=row.text("email"),
            flat=row.text("flat"),
            space=row.text("space"),
            card=row.text("card"),
            place=row.place,
        )
        for row in _rows(told, PEOPLE_COLUMNS, "name", faults, source)
    ]


def read_circuits(told: bytes | str, faults: Faults, *, source: str = "") -> list[CircuitPlan]:
    return [
        CircuitPlan(
            name=row.text("name"),
            below=row.text("below"),
            limit_ma=row.phases("limit_a"),
            kind=_kind(row),
            building=BuildingPlan(_meter(row), row.phases("building_max_a", ZERO_MA)),
            place=row.place,
        )
        for row in _rows(told, CIRCUIT_COLUMNS, "name", faults, source)
    ]


def _rows(
    told: bytes | str, columns: Mapping[str, tuple[str, ...]], required: str, faults: Faults, source: str
) -> Iterator[Row]:
    named = {alias: name for name, aliases in columns.items() for alias in (name, *aliases)}
    whole = Place(source)
    try:
        table = read_table(told, columns=named)
    except UnreadableTable as error:
        faults.note(whole, "", str(error))
        return
    unknown = [name for name in table.names if name and name not in named]
    names = [named.get(name, "") for name in table.names]
    if unknown or required not in names or len({*filter(None, names)}) < len([*filter(None, names)]):
        said = gettext(
            "The first row names the columns. %(required)s must be there; %(known)s may be. It has: %(given)s."
        )
        others = ", ".join(name for name in columns if name != required)
        given = ", ".join(filter(None, table.names))[:200]
        faults.note(whole, "", said % {"required": required, "known": others, "given": given})
        return
    if not table.rows or len(table.rows) > MOST_ROWS:
        faults.note(
            whole, "", gettext("A list has from 1 to %(most)s rows below the names.") % {"most": MOST_ROWS}
        )
        return
    for cells, number in zip(table.rows, table.numbers, strict=True):
        words = gettext("row %(number)s") % {"number": number}
        place = Place(f"{source}, {words}" if source else words)
        yield Row(dict(zip(names, cells, strict=True)), place, faults)


def _kind(row: Row) -> str:
    kind = row.text("kind").lower() or CircuitKind.PANEL
    if kind not in CircuitKind.values:
        said = gettext("%(text)r is not one of %(known)s.")
        facts = {"text": kind[:40], "known": ", ".join(CircuitKind.values)}
        row.faults.note(row.place, "kind", said % facts)
        return CircuitKind.PANEL
    return kind


def _meter(row: Row) -> str | None:
    word = row.text("meter").lower() or None
    if word is not None and word not in METERS:
        said = gettext("%(text)r is not one of %(known)s.")
        row.faults.note(row.place, "meter", said % {"text": word[:40], "known": ", ".join(METERS)})
        return None
    return word


def _number(row: Row) -> int:
    text = row.text("connector") or "1"
    is_short = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PLUGS))
    if not is_short or not 1 <= int(text) <= MOST_PLUGS:
        said = gettext("%(text)r is not a connector number, for example 1.")
        row.faults.note(row.place, "connector", said % {"text": text[:40]})
        return 1
    return int(text)


def _rotation(row: Row) -> str:
    letters = row.text("phase_rotation").upper()
    if letters not in PhaseRotation.values:
        said = gettext("%(text)r is not one of %(known)s.")
        known = ", ".join(filter(None, PhaseRotation.values))
        row.faults.note(row.place, "phase_rotation", said % {"text": letters[:40], "known": known})
        return ""
    return letters
