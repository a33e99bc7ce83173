"""Amounts in words: one way to write amperes, kilowatt-hours and durations, in the language that is active."""

from django.utils.formats import get_format
from django.utils.translation import gettext

HOUR_MIN = 60


def number(value: float, *, digits: int = 1, fixed: bool = False) -> str:
    """At most so many digits after the point; `fixed`: exactly as many, for columns. Thousands are grouped."""
    plain = f"{value:,.{digits}f}"
    if not fixed and "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    marks = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
    return "".join(marks.get(character, character) for character in plain)


def amps(current_ma: int, *, fixed: bool = False) -> str:
    return f"{number(current_ma / 1000, fixed=fixed)} A"


def volts(voltage_mv: int) -> str:
    return f"{number(voltage_mv / 1000)} V"


def kwh(energy_wh: int) -> str:
    """Below 1 kWh with two digits, so that a little is not nothing."""
    return f"{number(energy_wh / 1000, digits=1 if abs(energy_wh) >= 1000 else 2)} kWh"


def kilowatts(power_w: int, *, fixed: bool = False) -> str:
    return f"{number(power_w / 1000, fixed=fixed)} kW"


def power(power_w: int) -> str:
    return f"{power_w} W" if power_w < 1000 else kilowatts(power_w)


def percent(pct: float) -> str:
    return f"{number(pct)} %"


def duration(seconds: int) -> str:
    whole = max(0, seconds) // 60
    if whole < 1:
        return gettext("less than a minute")
    if whole < HOUR_MIN:
        return gettext("%(count)s min") % {"count": whole}
    return gettext("%(hours)s h %(minutes)s min") % {
        "hours": whole // HOUR_MIN,
        "minutes": f"{whole % HOUR_MIN:02}",
    }
