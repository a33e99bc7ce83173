"""How an order's fields say what they hold: the marks beside their types, and what is read out of both.

JSON schema is the language of the bounds, so that what is validated and what is documented are one thing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from django.db.models import TextChoices

Schema = dict[str, Any]
SIMPLE: Mapping[type, str] = {bool: "boolean", dict: "object", float: "number", int: "integer", str: "string"}


class Flaw(ValueError):  # noqa: N818 (of a row, and no fault of ours)
    """Why stored arguments make no order."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """What the type alone does not say, as JSON schema."""

    schema: Schema


class Unit(NamedTuple):
    """What a person counts in: `per` of what the argument counts in, with so many decimal places, and at most so much."""

    per: int
    places: int
    most: int | None = None


@dataclass(frozen=True, eq=False)
class Asked:
    """A form asks a person for it, under this label."""

    label: str
    help: str = ""
    initial: Any = None
    # Where the form is not as strict, or not as lenient, as the order.
    required: bool | None = None
    # The choice of nothing, where nothing has to be chosen.
    empty: str = "Any"
    # The values to choose from, each with its name, where the order takes others too or its values have no names.
    offers: tuple[tuple[Any, str], ...] = ()
    # Of a text of several lines.
    rows: int | None = None
    unit: Unit | None = None


@dataclass(frozen=True, eq=False)
class Stored:
    """Its name in JSON, where Python does not allow it."""

    name: str


@dataclass(frozen=True, eq=False)
class Mark:
    """Who gives it, if not the person who orders."""


# The balancer adds it: how a profile is written, and what its answer says of the make. Refused from a person.
BALANCERS_OWN = Mark()
# Of the moment of sending: never stored, and so not in the schema.
ADDED_WHEN_SENT = Mark()
# Found out by the server where it is not given, so that nobody need know of it.
FOUND_OUT = Mark()
# The token of a card: a person chooses among the community's cards.
OF_A_CARD = Mark()


@dataclass(frozen=True, eq=False)
class Argument:
    """A field of an order, as everything but the type checker sees it."""

    name: str
    # In JSON.
    stored: str
    schema: Schema
    read: Callable[[Any], Any]
    is_required: bool
    # Something else than nothing stands for it where it is not given.
    has_usual: bool
    marks: tuple[Any, ...]
    choices: type[TextChoices] | None

    @property
    def asked(self) -> Asked | None:
        return next((mark for mark in self.marks if isinstance(mark, Asked)), None)

    @property
    def offers(self) -> tuple[tuple[Any, str], ...]:
        """The values that a form lets a person choose from, each with its name in English; none where anything can be typed."""
        if self.asked is not None and self.asked.offers:
            return self.asked.offers
        return () if self.choices is None else tuple((each.value, str(each.label)) for each in self.choices)

    @property
    def is_balancers_own(self) -> bool:
        return BALANCERS_OWN in self.marks

    @property
    def is_of_a_card(self) -> bool:
        return OF_A_CARD in self.marks

    @property
    def is_stored(self) -> bool:
        return ADDED_WHEN_SENT not in self.marks

    @property
    def is_documented(self) -> bool:
        return not {BALANCERS_OWN, ADDED_WHEN_SENT, FOUND_OUT} & set(self.marks)


@dataclass(frozen=True)
class _Type:
    schema: Schema
    read: Callable[[Any], Any]
    marks: tuple[Any, ...] = ()
    choices: type[TextChoices] | None = None


def arguments_of(shape: type) -> tuple[Argument, ...]:
    """The fields of an order, or of an entry in one, in the order in which they are written down."""
    return _arguments_of(shape)


# Apart from the above: the type checker takes no class for an argument of what is cached.
@cache
def _arguments_of(shape: type) -> tuple[Argument, ...]:
    hints = get_type_hints(shape, include_extras=True)
    found = []
    for one in fields(shape):
        typed = _read_type(hints[one.name])
        stored = next((mark.name for mark in typed.marks if isinstance(mark, Stored)), one.name)
        found.append(
            Argument(
                one.name,
                stored,
                typed.schema,
                typed.read,
                one.default is MISSING,
                one.default is not MISSING and one.default is not None,
                typed.marks,
                typed.choices,
            )
        )
    return tuple(found)


def asked_words(shape: type) -> Iterator[str]:
    """All that a form says of its fields, in English."""
    for one in arguments_of(shape):
        if (asked := one.asked) is not None:
            yield from (asked.label, asked.help, asked.empty, *(name for _, name in one.offers))


def schema_of(shape: type, *, by_person: bool = False) -> Schema:
    """The JSON schema of an order's arguments; `by_person`: of those that a person may give."""
    arguments = [
        one for one in arguments_of(shape) if one.is_stored and not (by_person and one.is_balancers_own)
    ]
    return {
        "type": "object",
        "properties": {one.stored: one.schema for one in arguments},
        "required": [one.stored for one in arguments if one.is_required],
        "additionalProperties": False,
    }


def read_fields(shape: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of its fields that are given. Raises Flaw with a sentence for people.

    Names that it does not know are passed over: the row may have been queued by another release.
    """
    found = {}
    for one in arguments_of(shape):
        value = given.get(one.stored)
        if value is not None:
            found[one.name] = _read_value(one, value)
        elif one.is_required:
            raise Flaw(f"The argument '{one.stored}' is missing.")
    return found


def write_fields(order: Any) -> dict[str, Any]:
    """As it is stored: the arguments that say something. `read_fields` reads them back."""
    return {
        one.stored: _write_value(value)
        for one in arguments_of(type(order))
        if one.is_stored and (value := getattr(order, one.name)) is not None
    }


def _write_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_write_value(one) for one in value]
    if is_dataclass(value):
        return write_fields(value)
    return value.value if isinstance(value, TextChoices) else value


def _read_value(argument: Argument, value: Any) -> Any:
    try:
        return argument.read(value)
    except Flaw:
        raise
    except (AttributeError, TypeError, ValueError) as error:
        if argument.choices is not None:
            raise Flaw(f"{argument.stored} is one of {', '.join(argument.choices.values)}.") from error
        raise Flaw(f"{argument.stored} can't be read.") from error


def _read_type(hint: Any) -> _Type:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        typed = _read_type(inner)
        bounds = {
            name: value for one in marks if isinstance(one, Bounds) for name, value in one.schema.items()
        }
        return _Type(typed.schema | bounds, typed.read, (*typed.marks, *marks), typed.choices)
    if origin in (Union, UnionType):
        (only,) = (one for one in get_args(hint) if one is not NoneType)
        return _read_type(only)
    if origin is tuple:
        item = _read_type(get_args(hint)[0])
        read_item = item.read
        return _Type(
            {"type": "array", "items": item.schema},
            lambda value: tuple(read_item(one) for one in value),
            choices=item.choices,
        )
    if is_dataclass(hint) and isinstance(hint, type):
        return _Type(schema_of(hint), lambda value: hint(**read_fields(hint, value)))
    plain = origin or hint
    if issubclass(plain, TextChoices):
        return _Type({"enum": list(hint.values)}, hint, choices=hint)
    return _Type({"type": SIMPLE[plain]}, _read_whole if hint is int else _read_as_it_is)


def _read_whole(value: Any) -> Any:
    # JSON schema takes 1.0 for a whole number; a charge point need not.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_as_it_is(value: Any) -> Any:
    return value
