"""One level for each connector where the make is known to take it; never one that it doesn't have."""

from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.limits.stack_levels import HIGHEST, level_of_transaction, levels_of_fallbacks, levels_up
from chargers.domain.orders.abilities import fallback_level
from chargers.enums import OcppVersion
from chargers.models import ChargePoint, Connector, Make


def connectors(count: int, most: int | None, *, is_known: bool = True) -> list[Connector]:
    """Of one charge point whose make takes levels up to `most`; not stored."""
    make = Make(vendor="V", model="M", max_stack_level=most) if is_known else None
    station = ChargePoint(identity="CP", ocpp_version=OcppVersion.V16, make=make)
    return [Connector(charge_point=station, number=number) for number in range(1, count + 1)]


def levels_of_transactions(*args, **more) -> list[int]:
    return [level_of_transaction(connector) for connector in connectors(*args, **more)]


def test_every_connector_has_a_level_of_its_own_where_there_is_room():
    assert levels_of_transactions(3, 8) == [1, 2, 3]


def test_make_that_says_nothing_is_given_the_lowest_for_all():
    assert levels_of_transactions(3, None) == levels_of_transactions(3, None, is_known=False) == [1, 1, 1]


def test_make_with_few_levels_has_the_last_connectors_on_the_first_one():
    assert levels_of_transactions(3, 2) == [1, 2, 1]
    assert levels_of_transactions(3, 0) == [0, 0, 0]


@given(count=st.integers(1, 20), most=st.none() | st.integers(0, 30), fallback_level_of=st.integers(0, 3))
def test_no_level_is_above_what_the_make_takes_and_those_of_known_makes_are_apart(
    count, most, fallback_level_of
):
    mine = connectors(count, most)
    highest = HIGHEST if most is None else most
    levels = [level_of_transaction(connector) for connector in mine]
    assert all(0 <= level <= highest for level in levels)
    ups = [levels_up(connector, fallback_level_of) for connector in mine]
    assert all(up in (0, connector.number - 1) for up, connector in zip(ups, mine, strict=True))
    if most is not None and most >= count:
        assert len(set(levels)) == count
    station = mine[0].charge_point
    lowest = fallback_level(station, fallback_level_of, is_each=True)
    held = levels_of_fallbacks(station, mine, fallback_level_of)
    assert held == {fallback_level(station, fallback_level_of, is_each=False), lowest} | {
        lowest + up for up in ups
    }
