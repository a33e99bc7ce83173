"""Tables of money for people who keep books: a statement's lines, the landlord's sheet of a month, the proof of a car's charging."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from chargers.domain.archive.registers import read_last_register
from chargers.models import Connector
from fleet.models import Vehicle
from pricing.domain.papers.arithmetic import explain_demand
from pricing.domain.papers.charges import charge_name, charges_in, price_of, quantity_of
from pricing.domain.papers.sheets import Sheet
from pricing.domain.statements.lines import month_after, month_begin
from pricing.enums import LineKind, StatementState
from pricing.models import BillingMonth, Statement

WH = Decimal(1_000)


def statement_sheet(document: Mapping[str, Any]) -> Sheet:
    """Every charge of each line of one statement; the amounts add up to its total, and the energies to its energy.

    Times are on the community's clock.
    """
    columns = (
        gettext("Begin"),
        gettext("End"),
        gettext("Where"),
        gettext("Car"),
        gettext("Driver"),
        gettext("What"),
        gettext("Tariff"),
        gettext("Meter at begin (kWh)"),
        gettext("Meter at end (kWh)"),
        gettext("Energy (kWh)"),
        gettext("Quantity"),
        gettext("Unit"),
        gettext("Unit price"),
        gettext("Tax (%)"),
        gettext("Amount (%(currency)s)") % {"currency": document["currency"]},
    )
    lines, currency, zone = document["lines"], document["currency"], ZoneInfo(document["time_zone"])
    if not any("demand" in line for line in lines):
        rows = [row for line in lines for row in _lines(line)]
        return Sheet(document["number"] or document["month"], columns, rows)
    told = [
        " ".join(explain_demand(line["demand"], currency, zone)) if "demand" in line else "" for line in lines
    ]
    rows = [[*row, why] for line, why in zip(lines, told, strict=True) for row in _lines(line)]
    return Sheet(document["number"] or document["month"], (*columns, gettext("How it was computed")), rows)


def proof_sheet(statements: Iterable[Statement], *, car: Vehicle) -> Sheet:
    """What one car charged by the driver's issued statements: energy, times, meter and price, to be handed to an employer."""
    columns = (
        gettext("Statement"),
        gettext("Begin"),
        gettext("End"),
        gettext("Where"),
        gettext("Meter at begin (kWh)"),
        gettext("Meter at end (kWh)"),
        gettext("Energy (kWh)"),
        gettext("Price per kWh"),
        gettext("Amount"),
        gettext("Currency"),
    )
    rows = [
        [
            statement.label,
            line["started_at"],
            line["ended_at"],
            line["place"],
            _kwh(line["register_from_wh"]),
            _kwh(line["register_to_wh"]),
            _kwh(line["energy_wh"]),
            _mean_price(line),
            _money(line["amount_minor"]),
            statement.currency,
        ]
        for statement in statements
        for line in statement.document["lines"]
        if line.get("car_id") == str(car.pk)
    ]
    return Sheet(car.name, columns, rows)


def landlord_sheets(month: BillingMonth) -> list[Sheet]:
    """The sum of each flat and cost centre by what was issued for the month, and the meters' readings at both of its ends."""
    return [_sums(month), _readings(month)]


def _sums(month: BillingMonth) -> Sheet:
    columns = (
        gettext("Flat or cost centre"),
        gettext("Statement"),
        gettext("Recipient"),
        gettext("Energy (kWh)"),
        gettext("Amount"),
        gettext("Currency"),
    )
    issued = month.statements.filter(state=StatementState.ISSUED).select_related("flat", "driver__flat")
    rows = []
    for statement in issued.order_by("number"):
        flat = statement.flat or (statement.driver.flat if statement.driver is not None else None)
        rows.append(
            (
                flat.name if flat is not None else "",
                statement.label,
                statement.document["recipient"]["name"],
                _kwh(statement.energy_wh),
                _money(statement.total_minor),
                statement.currency,
            )
        )
    rows.sort(key=lambda row: (row[0] == "", row[0].casefold()))
    return Sheet(gettext("Flats"), columns, [*rows, *_totals(rows)])


def _totals(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """One row for each flat with several statements, and one for all, by currency."""
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault((row[0], row[5]), []).append(row)
        found.setdefault((gettext("All"), row[5]), []).append(row)
    return [
        (name, gettext("Sum"), "", sum(row[3] for row in group), sum(row[4] for row in group), currency)
        for (name, currency), group in sorted(found.items(), key=lambda each: each[0][0] == gettext("All"))
        if len(group) > 1 or name == gettext("All")
    ]


def _readings(month: BillingMonth) -> Sheet:
    zone = month.community.time_zone
    begin, end = (month_begin(day, zone) for day in (month.first_day, month_after(month.first_day)))
    columns = (
        gettext("Meter"),
        gettext("Read at"),
        gettext("At the month's begin (kWh)"),
        gettext("Read at"),
        gettext("At the month's end (kWh)"),
    )
    connectors = Connector.objects.filter(community=month.community_id).select_related("charge_point")
    rows = []
    for connector in connectors.order_by("charge_point__name", "number"):
        first, last = (_reading(connector.pk, before=moment, zone=zone) for moment in (begin, end))
        if last[1] != "":
            rows.append([str(connector), *first, *last])
    return Sheet(gettext("Meters"), columns, rows)


def _reading(connector_id: UUID, *, before: datetime, zone: str) -> tuple[str, Decimal | str]:
    """The last register at or before the moment, and when it was read."""
    found = read_last_register(connector_id, before=before)
    if found is None:
        return "", ""
    at, energy_wh = found
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"), Decimal(energy_wh) / WH


def _lines(line: Mapping[str, Any]) -> list[list[Any]]:
    """A row for each charge. The energy is that of the meter, on the first alone; a quantity may be rounded up by the tariff."""
    rows = []
    for index, charge in enumerate(charges_in(line)):
        quantity, unit = quantity_of(charge)
        words = [gettext("Correction")] if line["kind"] == LineKind.ADJUSTMENT else []
        price = price_of(charge)
        rows.append(
            [
                line.get("started_at", ""),
                line.get("ended_at", ""),
                line.get("place", ""),
                line.get("car", ""),
                line.get("driver", ""),
                ": ".join([*words, charge_name(charge)]),
                line.get("tariff", ""),
                _kwh(line.get("register_from_wh")),
                _kwh(line.get("register_to_wh")),
                _kwh(0 if index else line["energy_wh"]),
                quantity,
                unit,
                "" if price is None else price,
                Decimal(charge["tax_bp"]) / 100,
                _money(charge["amount_minor"]),
            ]
        )
    return rows


def _mean_price(line: Mapping[str, Any]) -> Decimal | str:
    """What a kWh cost on the whole, in four digits."""
    if not line["energy_wh"]:
        return ""
    price = Decimal(line["amount_minor"]) * 10 / Decimal(line["energy_wh"])
    return price.quantize(Decimal("0.0001"))


def _kwh(energy_wh: int | None) -> Decimal | str:
    return "" if energy_wh is None else (Decimal(energy_wh) / WH).quantize(Decimal("0.001"))


def _money(amount_minor: int) -> Decimal:
    return (Decimal(amount_minor) / 100).quantize(Decimal("0.01"))
