"""Which way of writing comes next, by what is known of a make and what it says of itself."""

import pytest

from chargers.domain.makes.ways import RUNGS, first_rung, known_level, remember_rung, unit_of_make
from chargers.enums import CommandKind
from chargers.models import ChargePoint, ChargerCommand, Make


def charge_point(**known) -> ChargePoint:
    return ChargePoint(make=Make(vendor="V", model="M", **known))


@pytest.mark.parametrize(
    ("told", "turn"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ({"rate_units": "Current"}, [0, 1, 2, 3, 4, 0, 0, 0]),
        ({"rate_units": "Power"}, [5, 5, 5, 5, 5, 5, 6, 7]),
        ({"rate_units": "Power", "max_stack_level": 0}, [6, 6, 6, 6, 6, 6, 6, 7]),
        ({"rate_units": "Current,Power", "max_stack_level": 0}, [0, 1, 2, 3, 6, 6, 6, 7]),
    ],
)
def test_next_way_is_one_that_the_make_says_it_takes(told, turn):
    assert [first_rung(charge_point(**told), from_rung=rung) for rung in range(len(RUNGS))] == turn


def test_charge_point_of_no_make_or_one_that_takes_nothing_is_tried_with_everything():
    for one in (ChargePoint(), charge_point(rate_units="Volts")):
        assert [first_rung(one, from_rung=rung) for rung in range(len(RUNGS))] == list(range(len(RUNGS)))


@pytest.mark.parametrize(("rung", "level", "unit"), [(0, 0, "A"), (4, 1, "A"), (5, 1, "W"), (6, 0, "W")])
def test_level_and_unit_are_those_of_the_way_that_it_took(rung, level, unit):
    assert (known_level(charge_point(rung=rung)), unit_of_make(charge_point(rung=rung))) == (level, unit)
    assert (known_level(ChargePoint()), unit_of_make(ChargePoint())) == (0, "A")


@pytest.mark.django_db
def test_way_that_was_taken_is_remembered_and_of_a_person_nothing_is():
    make = Make.objects.create(vendor="V", model="M")
    for arguments in ({"limit_ma": 0, "rung": 5}, {"limit_ma": 0}):
        remember_rung(
            ChargerCommand(
                charge_point=ChargePoint(make=make), kind=CommandKind.SET_FALLBACK, arguments=arguments
            )
        )
    assert Make.objects.get().rung == 5
