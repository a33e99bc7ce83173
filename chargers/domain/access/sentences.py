"""Rules of access in words: as sentences for their readers, and as one line each that people write and lists carry.

A line is `everybody`, `guests`, `flat Flat 3` or `group Day parkers`, and after it, if it is not for always, days and hours:
`group Day parkers, Mon-Fri, 08:00-18:00`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from chargers.domain.access.hours import Hours
from chargers.enums import Audience
from chargers.models import AccessRule
from chargers.models.access import DAY_MIN, EVERY_DAY
from chargers.phrases import WEEKDAYS
from drivers.models import DriverGroup, Flat
from evbalancer.common.words.said import Said
from grid.models import Community

DAYS: Final = WEEKDAYS
# As they are written in English and in German, whole or cut to two or three letters.
NAMES: Final = (
    ("monday", "montag"),
    ("tuesday", "dienstag"),
    ("wednesday", "mittwoch"),
    ("thursday", "donnerstag"),
    ("friday", "freitag"),
    ("saturday", "samstag"),
    ("sunday", "sonntag"),
)
DAY_OF: Final = {
    form: day for day, names in enumerate(NAMES) for name in names for form in (name, name[:2], name[:3])
}
WORDS: Final = {
    Audience.EVERYBODY: ("everybody", "all", "alle", "jeder"),
    Audience.GUESTS: ("guests", "guest", "gäste", "gast"),
    Audience.FLAT: ("flat", "cost centre", "wohnung", "kostenstelle"),
    Audience.GROUP: ("group", "gruppe"),
}
HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*[-\u2013]\s*(\d{1,2}):(\d\d)")
DAY = re.compile(r"([a-zäöü]{2,})\.?(?:\s*[-\u2013]\s*([a-zäöü]{2,})\.?)?", re.IGNORECASE)
LINES = re.compile(r"[;\n]")


class UnreadableRuleError(ValueError):
    """Says in a sentence what can't be read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One as it is asked for. It is an `Hours`, too."""

    audience: Audience
    group: DriverGroup | None = None
    flat: Flat | None = None
    weekdays: int = EVERY_DAY
    start_min: int = 0
    end_min: int = DAY_MIN


def say_rule(rule: AccessRule, *, names: bool) -> Said:
    """For a reader who may know names of groups and flats, or who is only to know that there are some."""
    who = Said(f"audience.{rule.audience}")
    named = rule.group or rule.flat
    if names and named is not None:
        who = Said.in_words(str(named))
    if rule.is_always:
        return Said("access.for", {"who": who})
    return Said("access.for_hours", {"who": who, "hours": say_hours(rule)})


def say_hours(hours: Hours) -> Said:
    times = {"begin": _clock(hours.start_min), "end": _clock(hours.end_min)}
    if hours.weekdays == EVERY_DAY:
        return Said("access.daily", times)
    days: list[Said] = []
    for first, last in _runs(hours.weekdays):
        one = Said(f"weekday.{first}")
        days.append(
            one if first == last else Said("access.days", {"first": one, "last": Said(f"weekday.{last}")})
        )
    return Said("access.on_days", {"days": days, **times})


def write_rules(rules: Iterable[AccessRule]) -> str:
    """As `read_rules` reads them, in English: a line each."""
    return "\n".join(_written(rule) for rule in rules)


def read_rules(text: str, *, community: Community) -> list[Rule]:
    """Of lines, or of parts between semicolons. Raises UnreadableRuleError."""
    return [_read(part.strip(), community) for part in LINES.split(text) if part.strip()]


def _written(rule: AccessRule) -> str:
    words = WORDS[Audience(rule.audience)][0]
    named = rule.group or rule.flat
    parts = [f"{words} {named}" if named is not None else words]
    if rule.weekdays != EVERY_DAY:
        parts += [
            DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
            for first, last in _runs(rule.weekdays)
        ]
    if (rule.start_min, rule.end_min) != (0, DAY_MIN):
        parts.append(f"{_clock(rule.start_min)}-{_clock(rule.end_min)}")
    return ", ".join(parts)


def _read(line: str, community: Community) -> Rule:
    """From its end: hours, days, and what is left says for whom. So a name may have commas."""
    parts = [part.strip() for part in line.split(",")]
    start_min, end_min = 0, DAY_MIN
    found = HOURS.fullmatch(parts[-1])
    if found is not None and len(parts) > 1:
        start_min, end_min = _minutes(found[1], found[2]), _minutes(found[3], found[4])
        parts.pop()
    weekdays = 0
    while len(parts) > 1 and (days := _days(parts[-1])):
        weekdays |= days
        parts.pop()
    audience, name = _audience(", ".join(parts))
    group = flat = None
    if audience == Audience.GROUP:
        group = DriverGroup.objects.filter(community=community, name__iexact=name).first()
        if group is None:
            raise UnreadableRuleError(gettext("There is no group of drivers %(name)r.") % {"name": name[:80]})
    if audience == Audience.FLAT:
        flat = Flat.objects.filter(community=community, name__iexact=name, retired_at=None).first()
        if flat is None:
            raise UnreadableRuleError(
                gettext("There is no flat or cost centre %(name)r.") % {"name": name[:80]}
            )
    return Rule(audience, group, flat, weekdays or EVERY_DAY, start_min, end_min)


def _audience(text: str) -> tuple[Audience, str]:
    folded = text.casefold()
    for audience, words in WORDS.items():
        for word in words:
            takes_name = audience in {Audience.FLAT, Audience.GROUP}
            if takes_name and folded.startswith(f"{word} "):
                return audience, text[len(word) :].strip()
            if not takes_name and folded == word:
                return audience, ""
    said = gettext(
        "%(text)r does not say for whom. Write: everybody, guests, flat NAME or group NAME, and after it, if need be, days and hours: Mon-Fri, 08:00-18:00."
    )
    raise UnreadableRuleError(said % {"text": text[:80]})


def _days(text: str) -> int:
    """As bits; 0 for what names no days."""
    found = DAY.fullmatch(text)
    first = None if found is None else DAY_OF.get(found[1].lower())
    if found is None or first is None:
        return 0
    last = first if found[2] is None else DAY_OF.get(found[2].lower())
    if last is None:
        return 0
    return sum(1 << day % 7 for day in range(first, last + 1 if last >= first else last + 8))


def _runs(weekdays: int) -> list[tuple[int, int]]:
    """First and last of the days that follow one another."""
    runs: list[tuple[int, int]] = []
    for day in range(7):
        if not weekdays >> day & 1:
            continue
        if runs and runs[-1][1] == day - 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _minutes(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > DAY_MIN:
        raise UnreadableRuleError(gettext("%(text)s is no time of the day.") % {"text": f"{hour}:{minute}"})
    return total


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
