from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.sequences import MOST_RANGES, Heard

numbers = st.lists(st.integers(0, 60), max_size=60)


def heard(numbers) -> Heard:
    found = Heard()
    for number in numbers:
        found = found.adding(number)
    return found


@given(numbers)
def test_numbers_heard_in_any_order_are_kept_and_written_back_the_same(told):
    found = heard(told)
    assert found == heard(sorted(told)) == Heard.parse(str(found))
    assert {number for number in range(61) if number in found} == set(told)
    assert found.newest == max(told, default=None)


@given(numbers)
def test_holes_are_what_is_missing_between_the_first_and_the_newest(told):
    holes = {number for first, last in heard(told).holes() for number in range(first, last + 1)}
    assert holes == set(range(min(told, default=0), max(told, default=0))) - set(told)


def test_ranges_are_written_as_people_do():
    assert str(heard([0, 1, 2, 5, 7, 8])) == "0-2,5,7-8"


def test_row_stays_short_however_many_holes_there_are():
    found = heard(range(0, 4 * MOST_RANGES, 2))
    assert len(found.ranges) == MOST_RANGES
    assert 4 * MOST_RANGES - 2 in found
