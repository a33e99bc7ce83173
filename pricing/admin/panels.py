"""What stands above a tariff's form: its prices in sentences, the week as a heat map, a night's cost, its versions."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext

from evbalancer.common.admin.fields import WEEKDAYS
from evbalancer.common.admin.panels import Panel, panel_for, table
from evbalancer.common.admin.wording import price
from evbalancer.common.clocks.holidays import holidays_of
from pricing.domain.previews import night_cost_minor
from pricing.domain.tariffs import price_per_mwh
from pricing.domain.versions import rater_of
from pricing.models import Tariff, TariffVersion
from pricing.models.fees import fees_of
from pricing.phrases import fee_sentences, sentences_of
from pricing.rating.rate import Rater
from pricing.rating.tariff import Tariff as Terms

HALF_HOURS: Final = 48
NEXT_HOLIDAYS: Final = 3


@panel_for(Tariff)
def prices_panel(request: HttpRequest, tariff: Tariff) -> Panel | None:
    """The newest version in sentences, and what a night costs by it."""
    version = _newest(tariff)
    if version is None:
        return None
    rater = rater_of(version, time_zone=tariff.community.time_zone)
    night = night_cost_minor(version, now=timezone.now()) / 100
    said = [
        *sentences_of(rater.tariff),
        *fee_sentences(fees_of(version), rater.tariff.currency),
        *_next_holidays(rater.tariff, tariff),
    ]
    said.append(
        gettext("A night of 30 kWh costs %(night)s %(currency)s.")
        % {"night": f"{night:.2f}", "currency": tariff.community.currency}
    )
    return table(
        gettext("Prices of version %(number)s") % {"number": version.number},
        (),
        [(sentence,) for sentence in said],
    )


@panel_for(Tariff)
def week_panel(request: HttpRequest, tariff: Tariff) -> Panel | None:
    """The local week by half hours, dearest darkest."""
    version = _newest(tariff)
    if version is None:
        return None
    terms = rater_of(version, time_zone=tariff.community.time_zone).tariff
    # A week without a change of clocks, and without a holiday.
    rater = Rater(replace(terms, holidays=frozenset()), ZoneInfo(tariff.community.time_zone))
    monday = datetime.combine(datetime(2026, 1, 5, tzinfo=rater.zone), time(0), tzinfo=rater.zone)
    rows = []
    for day in range(7):
        starts = [monday + timedelta(days=day, minutes=30 * half) for half in range(HALF_HOURS)]
        rows.append((WEEKDAYS[day], [(start, round(price_per_mwh(rater, start))) for start in starts]))
    if terms.holidays:
        rows.append((gettext("Public holiday"), rows[-1][1]))
    seen = sorted({value for _, cells in rows for _, value in cells})
    steps = {value: round(8 * index / max(1, len(seen) - 1)) for index, value in enumerate(seen)}
    week = [
        {
            "day": day[:3] if day in WEEKDAYS else gettext("Hol"),
            "cells": [
                {"step": steps[value], "said": f"{day} {start:%H:%M}, {price(value)}"}
                for start, value in cells
            ],
        }
        for day, cells in rows
    ]
    legend = [{"step": steps[value], "said": price(value)} for value in seen]
    return Panel(
        gettext("The week"),
        "admin/pricing/week.html",
        {"week": week, "legend": legend, "zone": tariff.community.time_zone, "hours": range(0, 24, 2)},
    )


@panel_for(Tariff)
def versions_panel(request: HttpRequest, tariff: Tariff) -> Panel | None:
    """Every version that was published, newest first: bills name theirs."""
    rows = [
        (
            str(version.number),
            localize(timezone.localtime(version.begins_at)),
            version.published_by,
            localize(timezone.localtime(version.published_at)),
        )
        for version in tariff.versions.order_by("-number")
    ]
    return table(
        gettext("Versions"),
        (gettext("Version"), gettext("Begins"), gettext("Published by"), gettext("Published")),
        rows,
    )


def _next_holidays(terms: Terms, tariff: Tariff) -> list[str]:
    """The next days that count as Sundays, by name where the region has one."""
    today = timezone.localdate(timezone=ZoneInfo(tariff.community.time_zone))
    days = sorted(day for day in terms.holidays if day >= today)[:NEXT_HOLIDAYS]
    if not days:
        return []
    names: dict[date, str] = {}
    if terms.holiday_region:
        names = holidays_of(terms.holiday_region, first_year=days[0].year, last_year=days[-1].year)
    told = [f"{day.isoformat()} {names.get(day, '')}".strip() for day in days]
    return [gettext("The next ones are %(told)s.") % {"told": ", ".join(told)}]


def _newest(tariff: Tariff) -> TariffVersion | None:
    version: TariffVersion | None = tariff.versions.select_related("community").order_by("-number").first()
    return version
