"""`site.toml`: a community, its grid connection, chargers, prices and people in one file. docs/setup.md describes it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext

from chargers.domain.stations.stations import COUNT
from chargers.enums import PhaseRotation
from evbalancer.common.units import PHASES, ZERO_MA, PhaseMilliamps
from evbalancer.common.words.reading import read_amperes
from evbalancer.setup import lists
from evbalancer.setup.faults import Fault, Faults, SiteRefused
from evbalancer.setup.plan import (
    LEAST,
    LEAST_MA,
    MARGIN_MA,
    METERS,
    NAMEPLATE_MA,
    VOLTAGE_V,
    BuildingPlan,
    ChargerPlan,
    CircuitPlan,
    CommunityPlan,
    ConnectionPlan,
    FallbackPlan,
    ManagerPlan,
    PersonPlan,
    Place,
    SitePlan,
    TariffPlan,
    kva_to_ma,
    limits_of,
)
from grid.enums import CircuitKind
from pricing.domain.templates import Template

TABLES: Final = ("community", "connection", "lists", "fallbacks", "tariff")
LISTS: Final = ("circuit", "charger", "person", "manager")
HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?")
KEY: Final = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=")


def read_site(path: Path, faults: Faults) -> SitePlan:
    """What is wrong with single keys goes to `faults`, and the plan has something harmless in their place.

    Raises SiteRefused for what is no such file at all.
    """
    try:
        text = path.read_bytes().decode()
        told = tomllib.loads(text)
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _refused(path, gettext("The characters can't be read: save the file as UTF-8.")) from error
    except tomllib.TOMLDecodeError as error:
        raise _refused(path, gettext("This is not TOML: %(error)s.") % {"error": error}) from error
    return _Site(told, lines_of(text), faults).read(path.parent)


def _refused(path: Path, why: str) -> SiteRefused:
    return SiteRefused([Fault(Place(path.name), "", why)])


def lines_of(text: str) -> dict[tuple[str, int], dict[str, int]]:
    """The lines of each table's keys, by the table's name and number; that of its header under an empty key."""
    found: dict[tuple[str, int], dict[str, int]] = {("", 0): {}}
    at: tuple[str, int] = ("", 0)
    for number, line in enumerate(text.splitlines(), start=1):
        if header := HEADER.match(line):
            name = header[2]
            at = (name, sum(known == name for known, _ in found) if header[1] == "[[" else 0)
            found[at] = {"": number}
        elif key := KEY.match(line):
            found[at].setdefault(key[1], number)
    return found


class Table:
    """One table of the file. Each key is asked for once; what nobody asked for is a fault."""

    def __init__(self, told: Any, place: Place, faults: Faults) -> None:
        self.place, self._faults = place, faults
        self._told: Mapping[str, Any] = told if isinstance(told, dict) else {}
        self._asked: set[str] = set()
        if not isinstance(told, dict):
            self.refuse("", gettext("This is a table, in brackets."))

    def refuse(self, key: str, text: str) -> None:
        self._faults.note(self.place, key, text)

    def has(self, key: str) -> bool:
        return key in self._told

    def ask(self, key: str) -> Any:
        self._asked.add(key)
        return self._told.get(key)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.ask(key)
        if value is None:
            if required:
                self.refuse(key, gettext("This is missing."))
            return default
        if not isinstance(value, str):
            self.refuse(key, gettext("This is a text, in quotation marks."))
            return default
        return value.strip()

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        value = self.text(key, default)
        known = list(choices)
        if value not in known:
            said = gettext("%(text)r is not one of %(known)s.")
            self.refuse(key, said % {"text": value, "known": ", ".join(filter(None, known))})
            return default
        return value

    def flag(self, key: str) -> bool:
        value = self.ask(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key, gettext("This is true or false."))
        return value is True

    def whole(self, key: str, default: int) -> int:
        value = self.ask(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(key, gettext("This is a whole number."))
            return default
        return value

    def amperes(self, key: str, default_ma: int | None) -> int:
        """Milliamperes."""
        value = self.ask(key)
        if value is None:
            if default_ma is None:
                self.refuse(key, gettext("This is missing."))
            return default_ma or 0
        return self._amperes(key, value) or 0

    def per_phase(self, key: str, default: PhaseMilliamps | None, phases: tuple[int, ...]) -> PhaseMilliamps:
        """A number counts on each of the connection's phases; three are those of L1, L2 and L3."""
        value = self.ask(key)
        if value is None:
            if default is None:
                self.refuse(key, gettext("This is missing."))
            return default or ZERO_MA
        if isinstance(value, list):
            if len(value) != len(PHASES):
                self.refuse(key, gettext("Enter one number, or three for L1, L2 and L3."))
                return ZERO_MA
            return PhaseMilliamps(*(self._amperes(key, each) or 0 for each in value))
        return PhaseMilliamps.on(phases, self._amperes(key, value) or 0)

    def _amperes(self, key: str, value: Any) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, gettext("This is a number of amperes, without quotation marks."))
            return None
        try:
            return read_amperes(value)
        except ValueError as error:
            self.refuse(key, str(error))
            return None

    def end(self) -> None:
        """What is left in the table is no key of it."""
        for key in self._told:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.refuse(
                    key, gettext("There is no such key here; there are %(known)s.") % {"known": known}
                )


class _Site:
    def __init__(
        self, told: Mapping[str, Any], lines: Mapping[tuple[str, int], Mapping[str, int]], faults: Faults
    ) -> None:
        self._told, self._lines, self._faults = told, lines, faults
        self._phases: tuple[int, ...] = PHASES

    def read(self, folder: Path) -> SitePlan:
        for name in self._told.keys() - {*TABLES, *LISTS}:
            known = ", ".join([*(f"[{each}]" for each in TABLES), *(f"[[{each}]]" for each in LISTS)])
            place = Place(f"[{name}]", self._lines.get((name, 0), {}))
            self._faults.note(
                place, "", gettext("There is no such table; there are %(known)s.") % {"known": known}
            )
        community = self._community(self._table("community"))
        connection = (
            self._connection(self._table("connection"), community) if "connection" in self._told else None
        )
        chargers, people = self._lists(folder)
        return SitePlan(
            community=community,
            connection=connection,
            circuits=tuple(map(self._circuit, self._tables("circuit"))),
            chargers=(
                *(plan for table in self._tables("charger") for plan in self._charger(table)),
                *chargers,
            ),
            fallbacks=self._fallbacks(self._table("fallbacks")) if "fallbacks" in self._told else None,
            tariff=self._tariff(self._table("tariff")) if "tariff" in self._told else None,
            people=(*map(self._person, self._tables("person")), *people),
            managers=tuple(map(self._manager, self._tables("manager"))),
        )

    def _table(self, name: str) -> Table:
        return Table(
            self._told.get(name, {}), Place(f"[{name}]", self._lines.get((name, 0), {})), self._faults
        )

    def _tables(self, name: str) -> list[Table]:
        told = self._told.get(name, [])
        if not isinstance(told, list):
            place = Place(f"[{name}]", self._lines.get((name, 0), {}))
            self._faults.note(
                place, "", gettext("Write [[%(name)s]]: there may be several.") % {"name": name}
            )
            return []
        return [
            Table(each, Place(f"[[{name}]] {number + 1}", self._lines.get((name, number), {})), self._faults)
            for number, each in enumerate(told)
        ]

    def _community(self, table: Table) -> CommunityPlan:
        plan = CommunityPlan(
            name=table.text("name", required=True),
            time_zone=table.text("time_zone", "Europe/Berlin"),
            currency=table.text("currency", "EUR"),
            language=table.text("language"),
            place=table.place,
        )
        table.end()
        return plan

    def _connection(self, table: Table, community: CommunityPlan) -> ConnectionPlan:
        phases = table.whole("phases", 3)
        if phases not in (1, 3):
            table.refuse("phases", gettext("A connection has 1 or 3 phases."))
            phases = 3
        self._phases = PHASES[:phases]
        voltage_v = table.whole("voltage_v", VOLTAGE_V)
        plan = ConnectionPlan(
            name=table.text("name") or community.name,
            limit_ma=self._connection_limit(table, phases, voltage_v),
            voltage_v=voltage_v,
            margin_ma=table.amperes("margin_a", MARGIN_MA),
            building=self._building(table),
            place=table.place,
        )
        table.end()
        return plan

    def _connection_limit(self, table: Table, phases: int, voltage_v: int) -> PhaseMilliamps:
        kva = table.ask("limit_kva")
        if table.has("limit_kva") == table.has("limit_a"):
            table.ask("limit_a")
            table.refuse("", gettext("Say the limit as limit_a or as limit_kva, one of them."))
            return ZERO_MA
        if kva is None:
            return table.per_phase("limit_a", None, self._phases)
        table.ask("limit_a")
        if isinstance(kva, bool) or not isinstance(kva, int | float) or not 0 < kva < 2_000 or voltage_v < 1:
            table.refuse("limit_kva", gettext("This is a number of kVA, for example 69."))
            return ZERO_MA
        return limits_of(phases=phases, amperes_ma=kva_to_ma(kva, phases=phases, voltage_v=voltage_v))

    def _building(self, table: Table) -> BuildingPlan:
        return BuildingPlan(
            meter=table.choice("meter", METERS, "none"),
            highest_ma=table.per_phase("building_max_a", ZERO_MA, self._phases),
        )

    def _circuit(self, table: Table) -> CircuitPlan:
        plan = CircuitPlan(
            name=table.text("name", required=True),
            limit_ma=table.per_phase("limit_a", None, self._phases),
            below=table.text("below"),
            kind=table.choice("kind", CircuitKind.values, CircuitKind.PANEL),
            building=self._building(table),
            exceeds_above=table.flag("exceeds_above"),
            place=table.place,
        )
        table.end()
        return plan

    def _charger(self, table: Table) -> list[ChargerPlan]:
        count = table.whole("connectors", 1)
        if not COUNT.least <= count <= COUNT.most:
            table.refuse("connectors", str(COUNT.refusal))
            count = 1
        first = ChargerPlan(
            identity=table.text("identity", required=True),
            name=table.text("name"),
            circuit=table.text("circuit"),
            phase_rotation=table.choice("phase_rotation", PhaseRotation.values, self._rotation()),
            max_current_ma=table.amperes("max_current_a", NAMEPLATE_MA),
            min_current_ma=table.amperes("min_current_a", LEAST_MA),
            fallback_ma=table.amperes("fallback_a", 0) if table.has("fallback_a") else None,
            access=table.text("access") if table.has("access") else None,
            place=table.place,
        )
        table.ask("fallback_a")
        table.ask("access")
        table.end()
        return [replace(first, connector=number) for number in range(1, count + 1)]

    def _rotation(self) -> str:
        """Behind a single phase there is nothing to choose."""
        return PhaseRotation.R if len(self._phases) == 1 else PhaseRotation.UNKNOWN

    def _fallbacks(self, table: Table) -> FallbackPlan:
        told = table.ask("all_a")
        if told == LEAST:
            plan = FallbackPlan(LEAST, table.place)
        else:
            plan = FallbackPlan(table.amperes("all_a", None), table.place)
        table.end()
        return plan

    def _tariff(self, table: Table) -> TariffPlan:
        plan = TariffPlan(
            name=table.text("name", gettext("Tariff")),
            template=Template(table.choice("template", list(Template), Template.ONE_PRICE)),
            price=table.ask("price_per_kwh"),
            night_price=table.ask("night_price_per_kwh"),
            place=table.place,
        )
        table.end()
        return plan

    def _person(self, table: Table) -> PersonPlan:
        names = ("email", "flat", "space", "card")
        plan = PersonPlan(
            name=table.text("name", required=True),
            **{name: table.text(name) for name in names},
            place=table.place,
        )
        table.end()
        return plan

    def _manager(self, table: Table) -> ManagerPlan:
        plan = ManagerPlan(
            user_name=table.text("user_name", required=True),
            name=table.text("name"),
            email=table.text("email"),
            place=table.place,
        )
        table.end()
        return plan

    def _lists(self, folder: Path) -> tuple[list[ChargerPlan], list[PersonPlan]]:
        table = self._table("lists")
        chargers, people = table.text("chargers"), table.text("people")
        table.end()
        found: tuple[list[ChargerPlan], list[PersonPlan]] = ([], [])
        for key, name in (("chargers", chargers), ("people", people)):
            try:
                told = (folder / name).read_bytes() if name else None
            except OSError as error:
                table.refuse(key, f"{name}: {error.strerror}")
                continue
            if told is not None and key == "chargers":
                found[0].extend(
                    lists.read_chargers(told, self._faults, source=name, rotation=self._rotation())
                )
            elif told is not None:
                found[1].extend(lists.read_people(told, self._faults, source=name))
        return found
