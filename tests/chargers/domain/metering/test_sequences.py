from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.metering.sequences import MOST_MARKS, MOST_RANGES, Heard, Marks, add_mark, mark_of
from chargers.enums import TransactionPhase

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


def test_repetition_has_the_number_the_type_and_the_time():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    mark = mark_of(TransactionPhase.UPDATED, at)
    marks = Marks.parse(str(Marks().adding(0, mark_of(TransactionPhase.STARTED, at)).adding(1, mark)))
    assert marks.repeats(1, mark)
    assert not marks.repeats(1, mark_of(TransactionPhase.ENDED, at))
    # Stamped again when it was repeated, or counted from 0 again after a reboot.
    assert marks.repeats(1, mark_of(TransactionPhase.UPDATED, at + timedelta(seconds=1)))
    assert not marks.repeats(1, mark_of(TransactionPhase.UPDATED, at + timedelta(seconds=6)))


def test_event_older_than_the_marks_is_judged_by_its_time():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    marks = Marks()
    for number in range(100):
        marks = marks.adding(number, mark_of(TransactionPhase.UPDATED, at + timedelta(seconds=number)))
    assert len(marks.by_number) == MOST_MARKS
    assert marks.repeats(3, mark_of(TransactionPhase.UPDATED, at + timedelta(seconds=3)))
    assert not marks.repeats(3, mark_of(TransactionPhase.UPDATED, at + timedelta(seconds=200)))
    assert Marks().repeats(3, mark_of(TransactionPhase.UPDATED, at))


@given(st.lists(st.integers(0, 60), max_size=100))
def test_marks_as_text_are_those_that_are_taken_apart(told):
    text, marks = "", Marks()
    for number in told:
        text, marks = add_mark(text, number, f"u{number:x}"), marks.adding(number, f"u{number:x}")
        assert text == str(marks)
