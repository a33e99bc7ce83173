"""JSON schemas as trees that can be walked beside a payload: references resolved, words indexed, built once."""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chargers.ocpp.schemas import SCHEMAS


@dataclass(slots=True, eq=False)
class Shape:
    """One place of a schema. `words` are those of an enumeration by their `folded` form."""

    kind: str = ""
    properties: "dict[str, Shape]" = field(default_factory=dict)
    by_folded: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    is_open: bool = False
    items: "Shape | None" = None
    least_items: int = 0
    most_items: int | None = None
    words: dict[str, str] = field(default_factory=dict)
    longest: int | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None


def folded(word: str) -> str:
    """What is the same whatever the case, the blanks and the hyphens."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


@cache
def shape_of(package: str, schema: str) -> Shape:
    document = json.loads((SCHEMAS / package / "schemas" / f"{schema}.json").read_text("utf-8-sig"))
    return _built(document, document.get("definitions", {}), {})


def _built(node: dict[str, Any], definitions: dict[str, Any], known: dict[str, Shape]) -> Shape:
    reference = node.get("$ref")
    if reference is not None:
        name = reference.rsplit("/", 1)[-1]
        if name not in known:
            known[name] = Shape()
            _fill(known[name], definitions[name], definitions, known)
        return known[name]
    shape = Shape()
    _fill(shape, node, definitions, known)
    return shape


def _fill(shape: Shape, node: dict[str, Any], definitions: dict[str, Any], known: dict[str, Shape]) -> None:
    properties = node.get("properties", {})
    shape.kind = node.get("type", "")
    shape.properties = {name: _built(inner, definitions, known) for name, inner in properties.items()}
    shape.by_folded = {folded(name): name for name in properties}
    shape.required = frozenset(node.get("required", ()))
    shape.is_open = node.get("additionalProperties", True) is not False
    shape.items = _built(node["items"], definitions, known) if isinstance(node.get("items"), dict) else None
    shape.least_items, shape.most_items = node.get("minItems", 0), node.get("maxItems")
    shape.words = {folded(word): word for word in node.get("enum", ())}
    shape.longest = node.get("maxLength")
    shape.least, shape.most = node.get("minimum"), node.get("maximum")
    shape.step = node.get("multipleOf")
