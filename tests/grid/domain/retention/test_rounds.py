"""Rounds are resumed, whatever ended the run before."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from evbalancer.common.db.batches import FIRST_ROWS, Batch, Ledger, RowsMoved
from grid.domain.retention.rounds import clear_ledger, clear_ledgers, read_lags
from grid.models import RetentionMark

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


class Numbers:
    """Rows that are numbers; multiples of `needed` stay."""

    def __init__(self, count, *, needed=10**9, fails_at=None):
        self.rows = list(range(count))
        self.needed, self.fails_at = needed, fails_at
        self.batches = []

    def ledger(self):
        return Ledger("numbers", self._find, self._clear)

    def _find(self, place, size):
        found = [row for row in self.rows if place is None or row > place][:size]
        over = [row for row in found if row % self.needed or row == 0]
        return Batch(over, found[-1] if len(found) == size else None, kept=len(found) - len(over))

    def _clear(self, rows):
        self.batches.append(len(rows))
        if self.fails_at is not None and self.fails_at in rows:
            raise RowsMoved
        self.rows = [row for row in self.rows if row not in set(rows)]
        return len(rows)


def clear(numbers, *, now=NOW, ends_s=math.inf):
    return clear_ledger(numbers.ledger(), now=now, ends_s=ends_s)


@pytest.mark.django_db
def test_round_clears_all_and_counts_what_stays():
    numbers = Numbers(500, needed=100)
    assert clear(numbers) == 496
    assert numbers.rows == [100, 200, 300, 400]
    mark = RetentionMark.objects.get()
    assert (mark.place, mark.finished_at, mark.removed, mark.kept) == (None, NOW, 496, 4)


@pytest.mark.django_db
def test_round_begins_again_after_an_hour_and_sees_what_stayed():
    numbers = Numbers(500, needed=100)
    clear(numbers)
    numbers.needed = 10**9
    assert clear(numbers, now=NOW + timedelta(minutes=5)) == 0
    assert clear(numbers, now=LATER) == 4
    assert RetentionMark.objects.get().kept == 0


@pytest.mark.django_db
def test_run_that_fails_leaves_its_place_for_the_next_one(caplog):
    numbers = Numbers(500, fails_at=300)
    clear_ledgers([numbers.ledger()], now=NOW, longest_s=60)
    assert "numbers moved" in caplog.text
    mark = RetentionMark.objects.get()
    assert mark.finished_at is None
    assert mark.place == numbers.rows[0] - 1 == mark.removed - 1
    numbers.fails_at = None
    clear(numbers)
    assert numbers.rows == []
    assert RetentionMark.objects.get().removed == 500


@pytest.mark.django_db
def test_run_without_time_does_nothing():
    numbers = Numbers(5)
    assert clear(numbers, ends_s=-math.inf) == 0
    assert len(numbers.rows) == 5


@pytest.mark.django_db
def test_another_process_that_was_quicker_is_not_disturbed():
    numbers, ledger = Numbers(500), None

    def find(place, size):
        RetentionMark.objects.update(place=77)
        return Batch([1, 2, 3], 3)

    ledger = Ledger("numbers", find, numbers.ledger().clear)
    assert clear_ledger(ledger, now=NOW, ends_s=math.inf) == 0
    assert RetentionMark.objects.get().place == 77
    assert len(numbers.rows) == 500


@pytest.mark.django_db
def test_ledger_that_fails_keeps_no_other_one_waiting(caplog):
    def explode(place, size):
        raise ZeroDivisionError

    numbers = Numbers(5)
    broken = Ledger("broken", explode, len)
    assert clear_ledgers([broken, numbers.ledger()], now=NOW, longest_s=60) == 5
    assert "broken is not cleared" in caplog.text
    assert read_lags(["broken", "numbers"], now=LATER) == {"broken": None, "numbers": 7200.0}


@pytest.mark.django_db
def test_first_batch_is_small():
    numbers = Numbers(500)
    clear(numbers)
    assert numbers.batches[0] == FIRST_ROWS


@pytest.mark.django_db(transaction=True)
def test_crash_within_a_batch_takes_back_its_rows_and_its_place():
    clear(Numbers(0))

    def die(rows):
        RetentionMark.objects.create(ledger="written by the batch", began_at=NOW)
        raise KeyboardInterrupt

    ledger = Ledger("numbers", lambda *_: Batch([1], 1), die)
    with pytest.raises(KeyboardInterrupt):
        clear_ledger(ledger, now=LATER, ends_s=math.inf)
    assert not transaction.get_connection().in_atomic_block
    assert list(RetentionMark.objects.values_list("ledger", "place")) == [("numbers", None)]
