"""The tax that amounts contain. Whoever needs a rate asks here, and nowhere else."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from grid.models import Community
from pricing.models import BillLine, TaxRate
from pricing.models.biller import WHOLE_BP


@dataclass(frozen=True, slots=True)
class TaxLine:
    """What is contained in all amounts of one rate: `gross_minor` is `net_minor` and `tax_minor`."""

    rate_bp: int
    net_minor: int
    tax_minor: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class TaxRates:
    """A community's rates, in order of the days from which they hold."""

    zone: ZoneInfo
    days: tuple[date, ...]
    rates_bp: tuple[int, ...]

    def at(self, moment: datetime) -> int:
        """The rate of the day on which the energy was delivered, in hundredths of a per cent; 0 before the first."""
        index = bisect_right(self.days, moment.astimezone(self.zone).date())
        return self.rates_bp[index - 1] if index else 0


def read_tax_rates(community: Community) -> TaxRates:
    rows = TaxRate.objects.filter(community=community).order_by("valid_from")
    found = list(rows.values_list("valid_from", "rate_bp"))
    days, rates_bp = tuple(day for day, _ in found), tuple(rate for _, rate in found)
    return TaxRates(ZoneInfo(community.time_zone), days, rates_bp)


def shares_of(line: BillLine, rates: TaxRates) -> list[tuple[int, int]]:
    """The line's amount by rates: those that its tariff's prices name, or else the community's.

    What a correction or a bound of the price adds is shared as the parts are; what rounding leaves goes to the largest.
    """
    usual_bp = rates.at(line.started_at)
    weights: dict[int, int] = defaultdict(int)
    for part in line.parts:
        if isinstance(part, dict) and "amount_minor" in part:
            vat = part.get("vat")
            rate_bp = usual_bp if vat is None else round(Decimal(str(vat)) * 100)
            weights[rate_bp] += abs(int(part["amount_minor"]))
    whole = sum(weights.values())
    if not whole:
        return [(usual_bp, line.amount_minor)]
    shares = {rate: abs(line.amount_minor) * weight // whole for rate, weight in weights.items()}
    largest = max(weights, key=lambda rate: (weights[rate], rate))
    shares[largest] += abs(line.amount_minor) - sum(shares.values())
    sign = -1 if line.amount_minor < 0 else 1
    return [(rate, sign * share) for rate, share in sorted(shares.items()) if share or rate == largest]


def tax_lines(amounts: Iterable[tuple[int, int]]) -> list[TaxLine]:
    """Of pairs of a rate and an amount that contains it. The tax is rounded once for each rate; half a cent away from zero."""
    gross: dict[int, int] = defaultdict(int)
    for rate_bp, amount_minor in amounts:
        gross[rate_bp] += amount_minor
    return [_line(rate_bp, gross[rate_bp]) for rate_bp in sorted(gross) if rate_bp]


def _line(rate_bp: int, gross_minor: int) -> TaxLine:
    whole = WHOLE_BP + rate_bp
    tax_minor = (2 * abs(gross_minor) * rate_bp + whole) // (2 * whole)
    tax_minor = tax_minor if gross_minor >= 0 else -tax_minor
    return TaxLine(rate_bp, gross_minor - tax_minor, tax_minor, gross_minor)
