"""A document's charges, as papers and tables show them: name, quantity, unit price and amount."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop

from evbalancer.common.words.amounts import number
from pricing.domain.statements.charges import MINOR, REST, Charge, Unit
from pricing.rating.apportion import apportion
from pricing.rating.demand import W_PER_KW
from pricing.rating.priced import Kind
from pricing.rating.weekly import PER_KWH

SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}
NAMES: Final = {
    Kind.ENERGY.value: gettext_noop("Energy"),
    Kind.FLAT.value: gettext_noop("Per session"),
    Kind.TIME.value: gettext_noop("Charging time"),
    Kind.PARKING_TIME.value: gettext_noop("Parking"),
    "LIMIT": gettext_noop("Least or most of a session"),
    "EMERGENCY": gettext_noop("Emergency surcharge"),
    "OVERSTAY": gettext_noop("Overstay"),
    "RESERVATION": gettext_noop("Reservation fee"),
    "NO_SHOW": gettext_noop("No-show fee"),
    "MONTHLY": gettext_noop("Monthly share"),
    "ALLOWANCE": gettext_noop("Free energy"),
    "DEMAND": gettext_noop("Demand charge"),
    "CREDIT": gettext_noop("Credit"),
    REST: gettext_noop("Other"),
}
WH_PER_KWH, S_PER_HOUR = 1_000, 3_600
LEAST_DIGITS, MOST_DIGITS = 2, 6


def charges_in(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The charges of a document's line; made of its prices and fees where it was issued before charges were kept."""
    if "charges" in line:
        return list(line["charges"])
    if "started_at" not in line:
        return [Charge("CREDIT", Unit.TIMES, 1, None, line["tax_bp"], line["amount_minor"]).stored]
    fees, prices = line.get("fees", {}), line["prices"]
    of_energy_minor = line["amount_minor"] - sum(fees.values())
    if not prices and (of_energy_minor or not fees):
        prices = [{"energy_wh": line["energy_wh"], "price_per_mwh_minor": 0}]
    kind = str(line["kind"]).upper()
    kind = kind if kind in NAMES else Kind.ENERGY.value
    weights = [each["energy_wh"] * each["price_per_mwh_minor"] for each in prices]
    found = []
    for each, amount_minor in zip(prices, apportion(of_energy_minor, weights), strict=True):
        price = Decimal(each["price_per_mwh_minor"]) / PER_KWH or None
        found.append(Charge(kind, Unit.WH, each["energy_wh"], price, line["tax_bp"], amount_minor))
    found += [Charge(fee, Unit.TIMES, 1, None, line["tax_bp"], minor) for fee, minor in fees.items()]
    return [each.stored for each in found]


def charge_name(charge: Mapping[str, Any]) -> str:
    name = NAMES.get(charge["kind"])
    return gettext(name) if name else str(charge["kind"])


def charge_cells(charge: Mapping[str, Any], currency: str) -> list[str]:
    """Quantity, unit price and amount, in words."""
    return [_quantity(charge), _price(charge, currency), show_money(charge["amount_minor"], currency)]


def quantity_of(charge: Mapping[str, Any]) -> tuple[Decimal | int, str]:
    """The quantity in the unit that its price is for, and that unit."""
    quantity = charge["quantity"]
    if charge["unit"] == Unit.WH:
        return (Decimal(quantity) / WH_PER_KWH).quantize(Decimal("0.001")), "kWh"
    if charge["unit"] == Unit.SECONDS:
        return (Decimal(quantity) / S_PER_HOUR).quantize(Decimal("0.0001")), "h"
    if charge["unit"] == Unit.WATTS:
        return (Decimal(quantity) / W_PER_KW).quantize(Decimal("0.001")), "kW"
    return quantity, "d" if charge["unit"] == Unit.DAYS else ""


def price_of(charge: Mapping[str, Any]) -> Decimal | None:
    """With as many digits as it has, and two at least."""
    if charge["price"] is None:
        return None
    price = Decimal(charge["price"]).normalize()
    digits = min(MOST_DIGITS, max(LEAST_DIGITS, -int(price.as_tuple().exponent)))
    return price.quantize(Decimal(1).scaleb(-digits))


def show_money(amount_minor: int, currency: str) -> str:
    return f"{number(amount_minor / MINOR, digits=2, fixed=True)} {SYMBOLS.get(currency, currency)}"


def show_kwh(energy_wh: int) -> str:
    return f"{number(energy_wh / WH_PER_KWH, digits=2, fixed=True)} kWh"


def show_kw(power_w: int) -> str:
    return f"{number(power_w / W_PER_KW, digits=2, fixed=True)} kW"


def _quantity(charge: Mapping[str, Any]) -> str:
    if charge["unit"] == Unit.WH:
        return show_kwh(charge["quantity"]) if charge["quantity"] else ""
    if charge["unit"] == Unit.SECONDS:
        return f"{number(charge['quantity'] / S_PER_HOUR, digits=2, fixed=True)} h"
    if charge["unit"] == Unit.WATTS:
        return show_kw(charge["quantity"])
    if charge["unit"] == Unit.DAYS:
        return f"{charge['quantity']} d"
    return "" if charge["price"] is None else str(charge["quantity"])


def _price(charge: Mapping[str, Any], currency: str) -> str:
    price = price_of(charge)
    if price is None:
        return ""
    digits = -int(price.as_tuple().exponent)
    _, unit = quantity_of(charge)
    told = f"{number(float(price), digits=digits, fixed=True)} {SYMBOLS.get(currency, currency)}"
    return f"{told}/{unit}" if unit else told
