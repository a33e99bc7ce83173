"""Figures of pages that the server draws, in the reader's language."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext

from evbalancer.common.words import amounts

register = template.Library()
MINUTE_S = 60


@register.filter
def share(value: float | None) -> str:
    """0.934 is 93 %."""
    return "-" if value is None else f"{number_format(round(100 * value), use_l10n=True)} %"


@register.filter
def percent_number(value: float) -> str:
    """For an SVG's width, where a decimal comma is none."""
    return f"{100 * value:.1f}"


@register.filter
def unlocalized(value: float) -> str:
    """For coordinates, where a decimal comma is none."""
    return f"{value:g}"


@register.filter
def kwh(energy_wh: int) -> str:
    """The number alone: the column's head has the unit."""
    return amounts.number(energy_wh / 1000, fixed=True)


@register.filter
def amperes(current_ma: int) -> str:
    return amounts.amps(current_ma, fixed=True)


@register.filter
def kilowatts(power_w: int) -> str:
    return amounts.kilowatts(power_w, fixed=True)


@register.filter
def minutes(seconds: float | None) -> str:
    return (
        "-"
        if seconds is None
        else gettext("%(count)s min") % {"count": number_format(round(seconds / MINUTE_S))}
    )
