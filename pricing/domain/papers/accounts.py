"""A cluster's month in words and as a workbook, in the language that is active."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext

from evbalancer.common.words.amounts import kilowatts, kwh
from pricing.domain.papers.charges import show_money
from pricing.domain.papers.sheets import Sheet
from pricing.domain.reports.accounts import Account
from pricing.domain.reports.peaks import Loads
from pricing.signals.series import QUARTER

CENTS = Decimal(100)
KILO = Decimal(1_000)


def figures_in(account: Account) -> list[tuple[str, str]]:
    """Each figure with its name; what is not known says so."""
    unknown = gettext("not known")
    margin, loads = account.margin_minor, account.loads
    bought = account.priced_wh > 0 or not account.energy_wh
    figures = [
        (gettext("Sessions"), str(account.sessions)),
        (gettext("Energy sold"), kwh(account.energy_wh)),
        (gettext("Revenue"), _money(account.revenue_minor, account)),
        *(
            [(gettext("Of it shares and fees"), _money(account.beside_minor, account))]
            if account.beside_minor
            else []
        ),
        (gettext("Tax in it"), _money(account.tax_minor, account)),
        (gettext("Cost of the energy"), _money(account.purchase_minor, account) if bought else unknown),
        (gettext("Margin"), unknown if margin is None else _money(margin, account)),
        (
            gettext("Drivers saved against charging at once"),
            _money(account.saving.saved_minor, account) if account.saving.compared else unknown,
        ),
    ]
    if loads is None:
        return figures
    figures += [
        (gettext("Highest quarter of an hour"), kilowatts(max(loads.actual_w))),
        (gettext("The same, charging at once"), kilowatts(max(loads.at_once_w))),
        (gettext("Peak avoided"), kilowatts(loads.avoided_w)),
    ]
    demand = account.demand
    if demand is None:
        return figures
    return [
        *figures,
        (gettext("Demand charge"), _money(demand.charge_minor, account)),
        (gettext("Demand charge avoided"), _money(demand.avoided_minor, account)),
    ]


def notes_on(account: Account) -> list[str]:
    """What the figures leave out, and why; a sentence each."""
    return [*_money_notes(account), *_peak_notes(account.loads)]


def _money_notes(account: Account) -> Iterator[str]:
    missing_wh = account.energy_wh - account.priced_wh
    if missing_wh > 0:
        yield gettext("No market price is stored for %(missing)s of %(all)s, so the margin is not known.") % {
            "missing": kwh(missing_wh),
            "all": kwh(account.energy_wh),
        }
    elif not account.with_fees and account.energy_wh:
        yield gettext(
            "The cost of the energy is the market's alone: no grid fee and levies are set for this cluster."
        )
    if account.passed_on_minor:
        yield gettext("Drivers paid %(sum)s of the demand charge, without tax; the margin is without it.") % {
            "sum": _money(account.passed_on_minor, account)
        }
    if account.elsewhere_minor:
        yield gettext(
            "%(sum)s of shares and free energy are the whole community's, and in no cluster's revenue."
        ) % {"sum": _money(account.elsewhere_minor, account)}
    if account.unmeasured:
        yield gettext("%(count)s sessions have no load profile, and count in revenue alone.") % {
            "count": account.unmeasured
        }
    if account.saving.unknown:
        yield gettext("Savings compare %(compared)s sessions; of %(unknown)s a price is not known.") % {
            "compared": account.saving.compared,
            "unknown": account.saving.unknown,
        }


def _peak_notes(loads: Loads | None) -> Iterator[str]:
    if loads is None:
        return
    if loads.measured < len(loads.actual_w):
        yield gettext(
            "The connection was counted in %(measured)s of %(all)s quarters of an hour; in the others its load is the cars and the building's usual curve."
        ) % {"measured": loads.measured, "all": len(loads.actual_w)}
    if max(loads.at_once_w, default=0) >= loads.limit_w:
        yield gettext(
            "Charging at once would have asked for more than the connection's %(limit)s; its peak is counted as that."
        ) % {"limit": kilowatts(loads.limit_w)}


def account_sheets(account: Account) -> list[Sheet]:
    """Figures and notes, days, and the load of each quarter of an hour, whose moments are in UTC."""
    amount = gettext("Amount (%(currency)s)") % {"currency": account.currency}
    figures = [*figures_in(account), *((gettext("Note"), note) for note in notes_on(account))]
    sheets = [
        Sheet(f"{account.month:%Y-%m}", (gettext("What"), gettext("Figure")), figures),
        Sheet(
            gettext("Days"),
            (
                gettext("Day"),
                gettext("Energy (kWh)"),
                f"{gettext('Revenue')}: {amount}",
                f"{gettext('Cost of the energy')}: {amount}",
            ),
            [
                (
                    day.day.isoformat(),
                    day.energy_wh / KILO,
                    _cents(day.revenue_minor),
                    _cents(day.purchase_minor),
                )
                for day in account.days
            ],
        ),
    ]
    loads = account.loads
    if loads is None:
        return sheets
    rows = [
        ((loads.start + at * QUARTER).isoformat(timespec="minutes"), actual / KILO, at_once / KILO)
        for at, (actual, at_once) in enumerate(zip(loads.actual_w, loads.at_once_w, strict=True))
    ]
    columns = (gettext("Begin"), gettext("Load (kW)"), gettext("Charging at once (kW)"))
    return [*sheets, Sheet(gettext("Load"), columns, rows)]


def month_name(account: Account) -> str:
    return date_format(account.month, "F Y")


def peak_day(loads: Loads) -> slice:
    """The quarters of the day around the highest one of charging at once."""
    highest = max(range(len(loads.at_once_w)), key=loads.at_once_w.__getitem__)
    day = timedelta(days=1) // QUARTER
    first = max(0, min(highest - day // 2, len(loads.at_once_w) - day))
    return slice(first, first + day)


def _cents(minor: int) -> Decimal:
    return (Decimal(minor) / CENTS).quantize(Decimal("0.01"))


def _money(minor: int, account: Account) -> str:
    return show_money(minor, account.currency)
