from dataclasses import dataclass
from typing import Annotated

import pytest
from django.db.models import TextChoices

from chargers.enums import CommandKind
from chargers.orders import ORDERS
from chargers.orders.shape import (
    BALANCERS_OWN,
    FOUND_OUT,
    Asked,
    Bounds,
    Stored,
    arguments_of,
    read_fields,
    schema_of,
    write_fields,
)


class Pace(TextChoices):
    SLOW = "slow", "Slowly"
    FAST = "fast", "Fast"


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A part of the walk."""

    length_m: int


@dataclass(frozen=True, kw_only=True)
class Walk:
    """With a field of each type that an order may have."""

    pace: Annotated[Pace, Asked("How")]
    starts: Annotated[str | None, Stored("from")] = None
    legs: Annotated[tuple[Leg, ...], Bounds({"maxItems": 2})] = ()
    load_kg: Annotated[float | None, BALANCERS_OWN] = None
    is_round: Annotated[bool, FOUND_OUT] = False


def test_schema_is_read_off_the_fields():
    assert schema_of(Walk) == {
        "type": "object",
        "properties": {
            "pace": {"enum": ["slow", "fast"]},
            "from": {"type": "string"},
            "legs": {
                "type": "array",
                "maxItems": 2,
                "items": {
                    "type": "object",
                    "properties": {"length_m": {"type": "integer"}},
                    "required": ["length_m"],
                    "additionalProperties": False,
                },
            },
            "load_kg": {"type": "number"},
            "is_round": {"type": "boolean"},
        },
        "required": ["pace"],
        "additionalProperties": False,
    }


def test_marks_say_who_gives_an_argument():
    arguments = {one.name: one for one in arguments_of(Walk)}
    assert arguments["pace"].asked.label == "How"
    assert arguments["starts"].asked is None
    assert [name for name, one in arguments.items() if one.is_balancers_own] == ["load_kg"]
    assert [name for name, one in arguments.items() if one.is_documented] == ["pace", "starts", "legs"]


def test_order_is_stored_as_it_is_read_back():
    walk = Walk(pace=Pace.FAST, starts="home", legs=(Leg(length_m=5),))
    stored = {"pace": "fast", "from": "home", "legs": [{"length_m": 5}], "is_round": False}
    assert write_fields(walk) == stored
    assert Walk(**read_fields(Walk, stored)) == walk


def test_person_is_not_offered_what_the_balancer_gives():
    assert set(schema_of(Walk)["properties"]) - set(schema_of(Walk, by_person=True)["properties"]) == {
        "load_kg"
    }


def test_every_kind_has_its_order():
    assert ORDERS.keys() == set(CommandKind)


@pytest.mark.parametrize("kind", CommandKind)
def test_fields_of_every_order_have_a_schema(kind):
    assert all(one.schema for one in arguments_of(ORDERS[kind]))
