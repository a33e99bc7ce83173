"""What a bill line consists of: how much of what, at which price, and what it comes to. The amounts add up to the line, always."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from pricing.enums import LineKind
from pricing.models import BillLine
from pricing.models.biller import WHOLE_BP
from pricing.rating.apportion import apportion
from pricing.rating.priced import Kind
from pricing.rating.tariff import TaxIncluded
from pricing.rating.weekly import PER_KWH

# Enough for a price of energy in hundredths of a cent, with its tax.
PRICE_DIGITS: Final = Decimal("0.000001")
MINOR: Final = 100
# What the parts of a line don't explain, such as of bills from before parts were kept.
REST: Final = "REST"


class Unit(StrEnum):
    """What a quantity counts. Prices are for a kWh, an hour, a day, a kW, or once."""

    WH = "Wh"
    SECONDS = "s"
    TIMES = "times"
    DAYS = "days"
    WATTS = "W"


# What the parts of a month's lines count.
OF_A_MONTH: Final = {"free_wh": Unit.WH, "shared_wh": Unit.WH, "watts": Unit.WATTS, "days": Unit.DAYS}


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount in cents with its arithmetic. `price` contains the tax, as the amount does; None where there is no one price."""

    kind: str
    unit: Unit
    quantity: int
    price: Decimal | None
    tax_bp: int
    amount_minor: int

    @property
    def stored(self) -> dict[str, Any]:
        """As a document keeps it."""
        return {
            "kind": self.kind,
            "unit": self.unit.value,
            "quantity": self.quantity,
            "price": None if self.price is None else str(self.price),
            "tax_bp": self.tax_bp,
            "amount_minor": self.amount_minor,
        }


Key = tuple[str, Unit, Decimal | None, int]


def charges_of(
    line: BillLine, *, tax_bp: int, tax_included: str, before: Iterable[BillLine] = ()
) -> list[Charge]:
    """The charges of a line: kind after kind, and of each the cheapest first.

    A correction has all parts of its session again, so it is what they differ by from the metered lines `before`.
    `tax_bp` is the rate of parts that name none. `tax_included` is the tariff's word on its prices (OCPI `tax_included`).
    """
    earlier = list(before)
    whole_minor = line.amount_minor + sum(each.amount_minor for each in earlier)
    found = _charged(line.parts, whole_minor, line.kind, tax_bp, tax_included)
    if earlier:
        was_minor = whole_minor - line.amount_minor
        was = _charged(earlier[-1].parts, was_minor, earlier[-1].kind, tax_bp, tax_included)
        for key, (quantity, amount_minor) in was.items():
            now_quantity, now_minor = found.get(key, (0, 0))
            found[key] = now_quantity - quantity, now_minor - amount_minor
    charges = [
        Charge(kind, unit, quantity, price, rate_bp, amount_minor)
        for (kind, unit, price, rate_bp), (quantity, amount_minor) in found.items()
        if quantity or amount_minor
    ]
    kinds = [charge.kind for charge in charges]
    charges.sort(key=lambda charge: (kinds.index(charge.kind), charge.price or 0))
    rest_minor = line.amount_minor - sum(charge.amount_minor for charge in charges)
    if not charges and line.kind in BillLine.METERED:
        return [Charge(Kind.ENERGY.value, Unit.WH, line.energy_wh, None, tax_bp, rest_minor)]
    return charges + ([Charge(REST, Unit.TIMES, 1, None, tax_bp, rest_minor)] if rest_minor else [])


def _charged(
    parts: Iterable[Any], whole_minor: int, line_kind: str, tax_bp: int, tax_included: str
) -> dict[Key, tuple[int, int]]:
    """Quantity and amount of each kind and price. Parts that name no amount share `whole_minor` as their prices say."""
    quantities: dict[Key, int] = defaultdict(int)
    amounts: dict[Key, int] = defaultdict(int)
    weights: dict[Key, Fraction] = defaultdict(Fraction)
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        key, quantity, weight = _read(part, line_kind, tax_bp, tax_included)
        quantities[key] += quantity
        if "amount_minor" in part:
            amounts[key] += int(part["amount_minor"])
        else:
            weights[key] += weight
    if any(weights.values()):
        left_minor = whole_minor - sum(amounts.values())
        shares = zip(weights, apportion(left_minor, [*weights.values()]), strict=True)
        for key, share_minor in shares:
            amounts[key] += share_minor
    return {key: (quantity, amounts[key]) for key, quantity in quantities.items()}


def _read(
    part: Mapping[str, Any], line_kind: str, tax_bp: int, tax_included: str
) -> tuple[Key, int, Fraction]:
    """What a part is of, how much of it, and its weight by quantity and price."""
    vat = part.get("vat")
    rate_bp = tax_bp if vat is None else round(Decimal(str(vat)) * MINOR)
    gross = Decimal(1)
    if vat is not None and tax_included == TaxIncluded.NO:
        gross += Decimal(rate_bp) / WHOLE_BP
    if "others_waited_s" in part:
        per_hour, waited_s = Decimal(part["price_per_hour_minor"]), int(part["others_waited_s"])
        key: Key = line_kind.upper(), Unit.SECONDS, _price(per_hour / MINOR), rate_bp
        return key, waited_s, Fraction(per_hour) * waited_s
    if "price_per_mwh_minor" in part:
        kind = line_kind.upper() if line_kind == LineKind.EMERGENCY else Kind.ENERGY.value
        per_mwh, energy_wh = Decimal(str(part["price_per_mwh_minor"])), int(part.get("energy_wh", 0))
        price = _price(per_mwh / PER_KWH * gross)
        return (kind, Unit.WH, price, rate_bp), energy_wh, Fraction(per_mwh) * energy_wh
    for name, unit in OF_A_MONTH.items():
        if name in part:
            key = str(part["kind"]), unit, _price(Decimal(part["price"])), rate_bp
            return key, int(part[name]), Fraction(0)
    unit = Unit.SECONDS if "seconds" in part else Unit.TIMES
    named = part.get("price")
    once_or_hour = None if named is None else _price(Decimal(str(named)) * gross)
    key = str(part.get("kind", REST)), unit, once_or_hour, rate_bp
    return key, int(part.get("seconds", 1)), Fraction(0)


def _price(value: Decimal) -> Decimal:
    return value.quantize(PRICE_DIGITS).normalize()
