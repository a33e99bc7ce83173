"""Walks a payload beside its schema. What can't be read is left out, up to the next thing that can do without it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from chargers.ocpp.tolerance.corrections import Corrections, Lacking
from chargers.ocpp.tolerance.rules import (
    IDENTIFIERS,
    LONGEST_IDENTIFIER,
    SAMPLED_VALUES,
    TELLING,
    WHOLE_LISTS,
    WHOLE_TEXTS,
    Rules,
)
from chargers.ocpp.tolerance.shapes import Shape, folded
from chargers.ocpp.tolerance.signed import signed_part
from chargers.ocpp.tolerance.values import (
    Unreadable,
    as_number,
    as_text,
    as_truth,
    as_whole,
    shortened_identifier,
)

T = TypeVar("T")
NOTHING: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


class Walk:
    """One payload. Nothing of it is changed: what comes out is new."""

    def __init__(self, rules: Rules, noted: Corrections) -> None:
        self._rules = rules
        self._noted = noted

    def root(self, payload: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        return self._object(payload, shape, "")

    # Objects and lists

    def _object(self, value: Any, shape: Shape, place: str) -> dict[str, Any]:
        value = self._single(value, place)
        if value == []:
            value = {}  # how some languages write an object without entries
        if not isinstance(value, dict):
            inner = self._of(self._rules.wrapped, place)
            if inner is None or value is None or isinstance(value, list):
                raise Lacking(place)
            self._noted.note(place, "put into an object")
            value = {inner: value}
        found: dict[str, Any] = {}
        for name, told in self._named(value, shape, place).items():
            inner_shape = shape.properties.get(name)
            at = f"{place}.{name}" if place else name
            if inner_shape is None:
                if shape.is_open:
                    found[name] = told
                else:
                    self._noted.note(at, "left out: not in the schema")
            elif told is None:
                self._noted.note(at, "left out: null")
            else:
                self._take(found, name, told, inner_shape, at)
        for name in sorted(shape.required - found.keys()):
            at = f"{place}.{name}" if place else name
            self._supply(found, name, shape.properties.get(name), at)
        return found

    def _take(self, found: dict[str, Any], name: str, told: Any, shape: Shape, at: str) -> None:
        mark = self._noted.mark() if shape.kind in ("object", "array") else None
        try:
            found[name] = self._value(told, shape, at)
        except (Lacking, Unreadable) as unreadable:
            if name in TELLING and shape.words and not (isinstance(told, str) and not told.strip()):
                raise Lacking(at) from None
            if mark is not None:
                self._noted.forget_since(mark)
            if self._is_needed(at):
                raise Lacking(unreadable.place if isinstance(unreadable, Lacking) else at) from None
            self._noted.note(at, "left out: can't be read")

    def _supply(self, found: dict[str, Any], name: str, shape: Shape | None, at: str) -> None:
        """What is required and isn't there."""
        if self._is_needed(at):
            if self._of(self._rules.unless, at) in found:
                return
            raise Lacking(at)
        if shape is None or self._of(dict.fromkeys(self._rules.may_lack, True), at):
            return
        default = self._of(self._rules.defaults, at)
        if default is None and shape.words:
            default = self._of(self._rules.neutral, at) or next(iter(shape.words.values()))
        if default is None and shape.kind == "object":
            default = self._object({}, shape, at)
        if default is None:
            default = [] if shape.kind == "array" else int(shape.least or 0) or NOTHING.get(shape.kind, "")
        self._noted.note(at, "filled in", "" if isinstance(default, dict | list) else default)
        found[name] = default

    def _named(self, value: Mapping[str, Any], shape: Shape, place: str) -> Mapping[str, Any]:
        """With the schema's names for those that are theirs but for case, blanks and underscores."""
        unknown = [name for name in value if name not in shape.properties]
        if not unknown or not shape.properties:
            return value
        named = dict(value)
        for name in unknown:
            meant = shape.by_folded.get(folded(name))
            if meant is not None and meant not in named:
                self._noted.note(f"{place}.{meant}" if place else meant, "named as the schema does")
                named[meant] = named.pop(name)
        return named

    def _list(self, value: Any, shape: Shape, place: str) -> list[Any]:
        if not isinstance(value, list):
            self._noted.note(place, "put into a list")
            value = [value]
        items = shape.items
        if items is None:
            return list(value)
        found: list[Any] = []
        for told in value:
            mark = self._noted.mark() if items.kind == "object" else None
            try:
                found.append(self._value(told, items, place))
            except (Lacking, Unreadable):
                if _last(place) in WHOLE_LISTS:
                    raise
                if mark is not None:
                    self._noted.forget_since(mark)
                found += self._signed(told, items, place)
        if shape.most_items is not None and len(found) > shape.most_items:
            if _last(place) in WHOLE_LISTS:
                raise Unreadable
            self._noted.note(place, "cut: too many entries")
            found = found[: shape.most_items]
        if len(found) < shape.least_items and (value or self._is_needed(place)):
            raise Unreadable
        return found

    def _signed(self, told: Any, items: Shape, place: str) -> list[dict[str, Any]]:
        """What remains of an entry that can't be read: of a sampled value that which its meter signed."""
        part = signed_part(told, items) if _last(place) == SAMPLED_VALUES else None
        if part is not None:
            mark = self._noted.mark()
            try:
                read = self._object(part, items, place)
            except (Lacking, Unreadable):
                self._noted.forget_since(mark)
            else:
                self._noted.note(place, "of an entry kept: what the meter signed")
                return [read]
        self._noted.note(place, "an entry left out: can't be read")
        return []

    # Single values

    def _value(self, value: Any, shape: Shape, place: str) -> Any:
        if value is None:
            raise Unreadable
        if shape.kind == "object":
            return self._object(value, shape, place)
        if shape.kind == "array":
            return self._list(value, shape, place)
        if shape.kind == "string":
            return self._word(value, shape, place) if shape.words else self._text(value, shape, place)
        if shape.kind == "boolean":
            return (
                value
                if isinstance(value, bool)
                else self._changed(as_truth(value), "read as yes or no", place)
            )
        if shape.kind in ("integer", "number"):
            return self._number(value, shape, place)
        return value

    def _text(self, value: Any, shape: Shape, place: str) -> str:
        if not isinstance(value, str):
            value = self._single(value, place)
            if not isinstance(value, str):
                if isinstance(value, dict | list) and self._is_needed(place):
                    raise Unreadable
                value = self._changed(as_text(value), "made a text", place)
        text: str = value
        longest = shape.longest
        whole = WHOLE_TEXTS.get(_last(place))
        if whole is not None and longest is not None and len(text) > longest:
            if len(text) > whole:
                raise Unreadable
            self._noted.note(place, "longer than the schema has it")
            return text
        if _last(place) in IDENTIFIERS:
            # Cut, one card or transaction could become another one.
            longest = None if longest is None else max(longest, LONGEST_IDENTIFIER)
            if longest is not None and len(text) > longest:
                return self._changed(shortened_identifier(text, longest), "shortened to a digest", place)
            if shape.longest is not None and len(text) > shape.longest:
                self._noted.note(place, "longer than the schema has it")
            return text
        if longest is not None and len(text) > longest:
            return self._changed(text[:longest], "cut", place)
        return text

    def _word(self, value: Any, shape: Shape, place: str) -> str:
        value = self._single(value, place)
        if isinstance(value, dict | list):
            raise Unreadable
        text = as_text(value)
        if text in shape.words.values():
            return text
        key = folded(text)
        if not text.strip():
            raise Unreadable  # as if it were not there
        synonyms = self._of(self._rules.synonyms, place) or {}
        meant = shape.words.get(key) or synonyms.get(key) or synonyms.get(text.strip())
        if meant in shape.words.values():
            return self._changed(str(meant), "read as a word of the schema", place, text)
        neutral = self._of(self._rules.neutral, place)
        if neutral is None:
            raise Unreadable
        return self._changed(str(neutral), f"unknown word, read as {neutral}", place, text)

    def _number(self, value: Any, shape: Shape, place: str) -> float:
        told = self._single(value, place)
        number = as_whole(told) if shape.kind == "integer" else as_number(told)
        if shape.step:
            number = round(round(number / shape.step) * shape.step, 6)
        is_below = shape.least is not None and number < shape.least
        if is_below or (shape.most is not None and number > shape.most):
            raise Unreadable
        if type(number) is not type(told) or number != told:
            self._noted.note(place, "made a number" if isinstance(told, str) else "rounded")
        return number

    def _single(self, value: Any, place: str) -> Any:
        """The only entry of a list that should be none."""
        if isinstance(value, list) and len(value) == 1:
            return self._changed(value[0], "taken out of a list", place)
        return value

    # Rules and notes

    def _changed(self, value: T, how: str, place: str, word: str = "") -> T:
        self._noted.note(place, how, word)
        return value

    def _is_needed(self, place: str) -> bool:
        return place in self._rules.needed or _last(place) in self._rules.needed

    @staticmethod
    def _of(table: Mapping[str, Any], place: str) -> Any:
        found = table.get(place)
        return table.get(_last(place)) if found is None else found


def _last(place: str) -> str:
    return place.rpartition(".")[2]
