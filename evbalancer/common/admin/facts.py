"""What is stored as JSON, as people read it: names in words, values with their units, lists as tables. Never brackets."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_noop

from evbalancer.common.admin import wording

# Evidence of findings and strikes, in the words of the drivers' page.
NAMES: Final = {
    "done_at": gettext_noop("Done charging"),
    "free_by": gettext_noop("Free by"),
    "needed_by": gettext_noop("Needed by"),
    "left_at": gettext_noop("Left"),
    "others_waited_s": gettext_noop("Others waited"),
    "stayed_s": gettext_noop("Stayed longer"),
    "missed": gettext_noop("Missed"),
    "open_slots": gettext_noop("Open bookings"),
    "allowed": gettext_noop("Allowed"),
    "unused_share": gettext_noop("Left unused"),
    "since": gettext_noop("Since"),
    "together_s": gettext_noop("At the same time"),
    "granted_wh": gettext_noop("Granted"),
    "metered_wh": gettext_noop("The meter counted"),
    "expected_wh": gettext_noop("The car took in"),
    "tolerance_wh": gettext_noop("Tolerance"),
    "events": gettext_noop("The charger told"),
}
# A charge point's message may be nested deeper than anybody reads.
DEEPEST: Final = 8
CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def name_in_words(name: str) -> str:
    if name in NAMES:
        return gettext(NAMES[name])
    if CAMEL.search(name):
        return CAMEL.sub(" ", name).capitalize()
    return wording.label(name)


def value_in_words(name: str, value: Any) -> str:
    """A single value; its unit is in its name."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if value is None or value == "":
        return wording.NOTHING
    if isinstance(value, int):
        return wording.with_unit(name, value)
    return str(wording.on_the_clock(value))


def facts_in_line(facts: Mapping[str, Any]) -> str:
    """All of them in one line, for example "Missed: 2026-03-03 18:00:00 CET; Allowed: 2"."""
    return "; ".join(f"{name_in_words(name)}: {_in_line(name, value)}" for name, value in facts.items())


def facts_in_words(value: Any, name: str = "", *, depth: int = 0) -> str:
    """As HTML: facts below each other, a list of facts as a table, a list of values in one line."""
    if not isinstance(value, dict | list) or not value:
        return wording.NOTHING if value in ({}, []) else value_in_words(name, value)
    if depth == DEEPEST:
        return "…"
    if isinstance(value, dict):
        pairs = (
            (name_in_words(key), facts_in_words(inner, key, depth=depth + 1)) for key, inner in value.items()
        )
        return format_html(
            '<dl class="evb-facts">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", pairs)
        )
    if all(isinstance(one, dict) for one in value):
        return _table(value, depth=depth)
    if any(isinstance(one, dict | list) for one in value):
        lines = ((facts_in_words(one, name, depth=depth + 1),) for one in value)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))
    return ", ".join(value_in_words(name, one) for one in value)


def _table(rows: list[dict[str, Any]], *, depth: int) -> str:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    head = format_html_join("", '<th scope="col">{}</th>', ((name_in_words(key),) for key in keys))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        (
            (
                format_html_join(
                    "", "<td>{}</td>", ((facts_in_words(row.get(key), key, depth=depth + 1),) for key in keys)
                ),
            )
            for row in rows
        ),
    )
    return format_html(
        '<table class="evb-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body
    )


def _in_line(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_in_line(key, inner) for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_in_line(name, one) for one in value)
    return value_in_words(name, value)


@dataclass(frozen=True)
class Change:
    name: str
    before: str
    after: str


@dataclass
class Changes:
    """What audit entries say that changed, field by field. The names of linked rows are read once each."""

    _linked: dict[tuple[type[Model], str], str] = field(default_factory=dict)

    def of(self, kind: str, before: Any, after: Any) -> list[Change]:
        """`kind` is the label of the changed row's model, as in `grid.Circuit`."""
        was, became = (each if isinstance(each, dict) else {} for each in (before, after))
        return list(self._told(kind, was, became))

    def _told(self, kind: str, was: Mapping[str, Any], became: Mapping[str, Any]) -> Iterator[Change]:
        for name in dict.fromkeys((*was, *became)):
            column = _column(kind, name)
            old, new = (self._value(column, name, each.get(name)) for each in (was, became))
            yield Change(name_in_words(name), old, new)

    def _value(self, column: Any, name: str, value: Any) -> str:
        if column is None or value is None or isinstance(value, dict | list):
            return _in_line(name, value)
        if column.related_model is not None:
            return self._link(column.related_model, str(value))
        return str(dict(column.flatchoices).get(value) or value_in_words(name, value))

    def _link(self, model: Any, key: str) -> str:
        if (model, key) not in self._linked:
            try:
                row = model._base_manager.filter(pk=key).first()
            except (ValueError, ValidationError):
                row = None
            self._linked[model, key] = key if row is None else str(row)
        return self._linked[model, key]


def _column(kind: str, name: str) -> Any:
    try:
        return apps.get_model(kind)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
