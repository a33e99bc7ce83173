"""How a shared amount was computed, in sentences of the language that is active."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext

from pricing.domain.papers.charges import show_kw, show_kwh, show_money
from pricing.enums import DemandSharing


def explain_demand(part: Mapping[str, Any], currency: str, zone: ZoneInfo) -> list[str]:
    """Of the part that a line of a demand charge keeps: the charge, the cars' part of it, and what is not measured."""
    return list(_demand(part, currency, zone))


def _demand(part: Mapping[str, Any], currency: str, zone: ZoneInfo) -> Iterator[str]:
    quarter = datetime.fromisoformat(part["quarter"]).astimezone(zone)
    words = {
        "when": f"{date_format(quarter, 'SHORT_DATE_FORMAT')}, {quarter:%H:%M}",
        "peak": show_kw(part["peak_w"]),
        "cars": show_kw(part["cars_w"]),
        "price": show_money(part["per_kw_minor"], currency),
        "charge": show_money(part["charge_minor"], currency),
    }
    yield (
        gettext("The month's highest quarter of an hour, from %(when)s: %(peak)s x %(price)s = %(charge)s.")
        % words
    )
    if part["sharing"] == DemandSharing.ENERGY:
        yield gettext(
            "All cars had %(cars)s of it, so their part is %(part)s, by their %(energy)s of the month."
        ) % {
            **words,
            "part": show_money(part["cars_minor"], currency),
            "energy": show_kwh(part["all_wh"]),
        }
    elif part["cars_w"] > part["peak_w"]:
        yield (
            gettext(
                "The cars' own meters say %(cars)s, more than the connection's: they share the charge in proportion."
            )
            % words
        )
    else:
        yield gettext("All cars had %(cars)s of it. The building's part is not shared.") % words
    if part.get("is_partial"):
        yield gettext("Charging began or ended within that quarter of an hour: its mean counts.")
    if part.get("is_estimated"):
        yield gettext("Estimated: no meter value of the car is from that quarter of an hour.")
    if not part["is_counted"]:
        yield gettext(
            "Estimated: the connection was not counted then, so its load is the cars and the building's usual curve."
        )
