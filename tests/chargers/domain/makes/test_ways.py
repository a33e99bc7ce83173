"""Which way of writing comes next, by what is known of a make and what it says of itself."""

import pytest

from chargers.domain.makes.ways import (
    RUNGS,
    first_rung,
    known_level,
    least_start_ma,
    remember_rung,
    unit_of_make,
)
from chargers.enums import CommandKind
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session


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


WATTS, AMPERES = 6, 0


@pytest.mark.parametrize(
    ("rung", "rotation", "seen", "nameplate_ma", "least_ma"),
    [
        # In watts of one phase a third of it is for each of three: 5.3 A of 16 A, with which no car begins.
        (WATTS, "RST", "", 32_000, 18_000),
        (WATTS, "RST", "", 16_000, 16_000),
        (WATTS, "RST", "RST", 16_000, 6_000),
        (WATTS, "S", "", 16_000, 6_000),
        (AMPERES, "RST", "", 16_000, 6_000),
    ],
)
def test_car_of_unknown_phases_begins_with_what_is_enough_on_all_of_them(
    rung, rotation, seen, nameplate_ma, least_ma
):
    connector = Connector(
        charge_point=charge_point(rung=rung), phase_rotation=rotation, max_current_ma=nameplate_ma
    )
    assert least_start_ma(connector, Session(phases_seen=seen)) == least_ma
