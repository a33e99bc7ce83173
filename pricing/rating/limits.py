"""min_price and max_price: the total before taxes keeps the limit before taxes, the total after taxes the one after."""

from decimal import Decimal
from fractions import Fraction

from pricing.rating.priced import Money, round_half_up
from pricing.rating.tariff import PriceLimit, Tariff, TaxIncluded


def apply_limits(tariff: Tariff, total: Money, decimals: int) -> Money:
    """The total within the limits. They are limits of a charging session: an expired reservation has none."""
    if tariff.min_price is not None:
        total = _raised(total, tariff.min_price, tariff, decimals)
    if tariff.max_price is not None:
        total = _lowered(total, tariff.max_price, decimals)
    return total


def _raised(total: Money, least: PriceLimit, tariff: Tariff, decimals: int) -> Money:
    excl_vat = max(total.excl_vat, least.excl_vat)
    if least.incl_vat is not None:
        return Money(excl_vat, max(total.incl_vat, least.incl_vat))
    if excl_vat == total.excl_vat:
        return total
    return Money(
        excl_vat,
        _taxed(excl_vat, total, decimals) if total.excl_vat > 0 else _taxed_alike(excl_vat, tariff, decimals),
    )


def _lowered(total: Money, most: PriceLimit, decimals: int) -> Money:
    excl_vat = min(total.excl_vat, most.excl_vat)
    if most.incl_vat is not None:
        return Money(excl_vat, min(total.incl_vat, most.incl_vat))
    return total if excl_vat == total.excl_vat else Money(excl_vat, _taxed(excl_vat, total, decimals))


def _taxed(excl_vat: Decimal, total: Money, decimals: int) -> Decimal:
    """A limit that names no amount after taxes leaves the tax its share."""
    return round_half_up(Fraction(excl_vat) * Fraction(total.incl_vat) / Fraction(total.excl_vat), decimals)


def _taxed_alike(excl_vat: Decimal, tariff: Tariff, decimals: int) -> Decimal:
    """Where nothing was charged for, the tax is that of the tariff's components if they have one and the same."""
    rates = {
        component.vat_pct or Decimal(0) for element in tariff.elements for component in element.components
    }
    if len(rates) != 1 or tariff.tax_included is TaxIncluded.NOT_APPLICABLE:
        return excl_vat
    return round_half_up(Fraction(excl_vat) * (1 + Fraction(rates.pop()) / 100), decimals)
