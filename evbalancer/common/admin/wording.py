"""Values and names as people read them: amperes for mA, kWh for Wh, "Limit on L1" for limit_l1_ma."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext_lazy

from evbalancer.common.clocks import clock
from evbalancer.common.words.amounts import amps, kwh, power, volts

NOTHING = "–"  # noqa: RUF001  # an en dash is what people expect in an empty cell
SECRET_ENDINGS = ("_encrypted", "key_hash", "_digest")
SECRET_NAMES = ("password", "digest", "secret")
# As JSON has moments; without an offset it is no moment.
MOMENT = re.compile(r"[12]\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-][01]\d:[0-5]\d)")


# Whole phrases: other languages decline the unit.
AGO: dict[str, Any] = {
    "year": ngettext_lazy("%(num)d year ago", "%(num)d years ago", "num"),
    "month": ngettext_lazy("%(num)d month ago", "%(num)d months ago", "num"),
    "week": ngettext_lazy("%(num)d week ago", "%(num)d weeks ago", "num"),
    "day": ngettext_lazy("%(num)d day ago", "%(num)d days ago", "num"),
    "hour": ngettext_lazy("%(num)d hour ago", "%(num)d hours ago", "num"),
    "minute": ngettext_lazy("%(num)d minute ago", "%(num)d minutes ago", "num"),
}
AHEAD: dict[str, Any] = {
    "year": ngettext_lazy("in %(num)d year", "in %(num)d years", "num"),
    "month": ngettext_lazy("in %(num)d month", "in %(num)d months", "num"),
    "week": ngettext_lazy("in %(num)d week", "in %(num)d weeks", "num"),
    "day": ngettext_lazy("in %(num)d day", "in %(num)d days", "num"),
    "hour": ngettext_lazy("in %(num)d hour", "in %(num)d hours", "num"),
    "minute": ngettext_lazy("in %(num)d minute", "in %(num)d minutes", "num"),
}


def is_secret(name: str) -> bool:
    """Never shown, exported, searched or filtered by."""
    return name in SECRET_NAMES or name.endswith(SECRET_ENDINGS)


def on_the_clock(value: Any) -> Any:
    """The same value with its moments on the clock of the page's other times, instead of UTC."""
    if isinstance(value, dict):
        return {name: on_the_clock(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [on_the_clock(inner) for inner in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        with suppress(ValueError, OverflowError):
            return clock.named(datetime.fromisoformat(value), "%F %T")
    return value


def seconds(duration_s: int) -> str:
    if abs(duration_s) < 120:
        return f"{duration_s} s"
    whole = abs(duration_s) // 60
    sign = "-" if duration_s < 0 else ""
    return f"{sign}{whole} min" if whole < 120 else f"{sign}{whole // 60} h {whole % 60:02} min"


def money(amount_minor: int) -> str:
    return f"{amount_minor / 100:,.2f}"


def price(per_mwh_minor: int) -> str:
    return gettext("%(price)s per kWh") % {"price": f"{per_mwh_minor / 100_000:.4g}"}


UNITS: dict[str, Callable[[int], str]] = {
    "_per_mwh_minor": price,
    "_minor": money,
    "_ma": amps,
    "_mv": volts,
    "_wh": kwh,
    "_w": power,
    "_s": seconds,
    "_ms": lambda value: f"{value} ms",
    "_min": lambda value: f"{value} min",
    "_pct": lambda value: f"{value} %",
    "_km": lambda value: f"{value:,} km",
    "_v": lambda value: f"{value} V",
}


def unit_of(name: str) -> str | None:
    return next((ending for ending in UNITS if name.endswith(ending)), None)


def english_label(name: str) -> str:
    """A field's name without its unit: "limit_l1_ma" is "Limit on L1"."""
    ending = unit_of(name)
    words = (name[: -len(ending)] if ending else name).split("_")
    phase = next((word.upper() for word in words if word in ("l1", "l2", "l3")), None)
    said = " ".join(word for word in words if word not in ("l1", "l2", "l3"))
    text = (said[:1].upper() + said[1:]).replace(" pct", "").replace("Ocpp", "OCPP")
    return f"{text} on {phase}" if phase else text


def translated(words: str) -> str:
    """In the reader's language. An empty text would be the head of the catalogue."""
    return gettext(words) if words else words


def label(name: str) -> str:
    return gettext(english_label(name))


def with_unit(name: str, value: Any) -> str:
    ending = unit_of(name)
    if value is None:
        return NOTHING
    return UNITS[ending](value) if ending else str(value)


def ago(moment: datetime | None) -> str:
    """ "3 minutes ago", in one unit; the exact time belongs on the detail page."""
    if moment is None:
        return gettext("never")
    now = timezone.now()
    if moment > now:
        return timesince(now, moment, depth=1, time_strings=AHEAD)
    if (now - moment).total_seconds() < 60:
        return gettext("just now")
    return timesince(moment, now, depth=1, time_strings=AGO)


def moment(at: datetime | None) -> str:
    """The exact time, on the clock and in the form of the page."""
    return NOTHING if at is None else date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
