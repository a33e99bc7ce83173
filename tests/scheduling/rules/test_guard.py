"""What a driver's word counts as: never more than was said, all of it from whoever tells the truth."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.rules.guard import (
    FOLLOWS_WITHIN_S,
    NEW,
    USUAL_WISH_WH,
    Lately,
    Learnt,
    StayFact,
    Word,
    claim_of,
    learn,
)

ENERGY = st.integers(1_000, 80_000)
STAY = st.builds(
    StayFact,
    asked_wh=st.none() | ENERGY,
    received_wh=st.integers(0, 80_000),
    had_enough=st.booleans(),
    is_sated=st.booleans(),
    overrun_s=st.none() | st.integers(-20_000, 40_000),
    stayed_s=st.integers(0, 200_000),
)


def stay(asked_wh, received_wh, *, sated=True, enough=True, overrun_s=0, stayed_s=36_000):
    return StayFact(asked_wh, received_wh, enough, sated, overrun_s, stayed_s)


@given(st.lists(STAY, max_size=30), st.lists(st.booleans(), max_size=30), ENERGY)
def test_no_history_makes_a_word_count_more_than_it_says(stays, bookings, asked_wh):
    learnt = learn(stays, bookings)
    assert 0 <= learnt.counted_wh(asked_wh) <= asked_wh
    assert 0 <= learnt.comes_share <= 1
    assert learnt.silent_wh <= USUAL_WISH_WH
    claim = claim_of(Word(asked_wh, 3_600), learnt, received_wh=0, stayed_s=0)
    assert claim.energy_wh <= asked_wh
    assert claim.depart_s >= 3_600


@given(st.lists(st.tuples(ENERGY, st.floats(0, 1), st.integers(-20_000, 0)), max_size=30), ENERGY)
def test_driver_who_asks_what_the_car_takes_is_believed_in_full(nights, asked_wh):
    stays = []
    for wish_wh, share, overrun_s in nights:
        has_all = share > 0.5
        got_wh = wish_wh if has_all else int(wish_wh * share)
        stays.append(stay(wish_wh, got_wh, sated=has_all, enough=has_all, overrun_s=overrun_s))
    claim = claim_of(Word(asked_wh, 7_200), learn(stays), received_wh=0, stayed_s=0)
    assert (claim.energy_wh, claim.remaining_wh, claim.depart_s) == (asked_wh, asked_wh, 7_200)


@given(st.lists(ENERGY, min_size=1, max_size=30), st.floats(1.01, 4), ENERGY)
def test_no_wish_above_what_the_car_took_counts(needs, factor, need_wh):
    stays = [stay(round(factor * each), each) for each in needs]
    assert learn(stays).counted_wh(round(factor * need_wh)) == pytest.approx(need_wh, rel=0.002, abs=2)


def test_nights_of_shortage_say_nothing_of_the_car():
    assert learn([stay(40_000, 9_000, sated=False, enough=False)] * 10) == replace(NEW, usual_stay_s=36_000)


def test_single_night_that_differs_changes_nothing_among_others_and_is_made_good_by_two_hungry_ones():
    assert learn([stay(20_000, 20_000)] * 2 + [stay(20_000, 5_000)]).takes_share == 1.0
    once = [stay(20_000, 10_000)]
    assert learn(once).takes_share == 0.5
    hungry = stay(20_000, 10_000, sated=False)
    assert learn([*once, hungry]).takes_share == 0.5
    assert learn([*once, hungry, hungry]).takes_share == 1.0


def test_departure_is_believed_by_the_lower_quartile_of_ones_own_overruns():
    late = [stay(9_000, 9_000, overrun_s=overrun_s) for overrun_s in (600, 7_200, 10_800, 14_400, 3_600)]
    learnt = learn(late)
    assert learnt.overrun_s == 3_600
    assert claim_of(Word(9_000, -1_800), learnt, received_wh=0, stayed_s=0).depart_s == 1_800
    assert claim_of(Word(9_000, -3_600), learnt, received_wh=0, stayed_s=0).depart_s is None


def test_promise_is_due_when_it_was_promised_for_and_counts_in_full():
    learnt = Learnt(takes_share=0.5, overrun_s=3_600)
    word = Word(20_000, 3_600, promised_wh=18_000)
    owed = claim_of(word, learnt, received_wh=17_000, stayed_s=0)
    assert (owed.energy_wh, owed.remaining_wh, owed.depart_s) == (18_000, 1_000, 3_600)
    kept = claim_of(word, learnt, received_wh=18_000, stayed_s=0)
    assert (kept.is_served, kept.remaining_wh, kept.depart_s) == (True, None, 7_200)


def test_silence_counts_as_a_usual_evening_or_the_lower_quartile_of_ones_own_stays():
    new = claim_of(Word(), NEW, received_wh=5_000, stayed_s=3_600)
    assert (new.energy_wh, new.remaining_wh, new.depart_s) == (20_000, 15_000, None)
    stays = [
        stay(None, received_wh, overrun_s=None, stayed_s=stayed_s)
        for received_wh, stayed_s in ((6_000, 30_000), (7_000, 36_000), (8_000, 40_000), (30_000, 50_000))
    ]
    known = claim_of(Word(), learn(stays), received_wh=0, stayed_s=3_600)
    assert (known.energy_wh, known.depart_s) == (6_000, 26_400)
    large = claim_of(Word(), learn([stay(None, 45_000)] * 4), received_wh=0, stayed_s=0)
    assert large.energy_wh == USUAL_WISH_WH


def test_silent_car_that_tells_its_charge_wants_no_more_than_it_holds():
    claim = claim_of(Word(), NEW, received_wh=2_000, stayed_s=0, room_wh=3_000)
    assert (claim.energy_wh, claim.remaining_wh) == (5_000, 3_000)


def test_unplugging_for_a_moment_starts_nothing_anew():
    learnt = Learnt(lately=Lately(1_000.0, 8_000, "a"))
    assert learnt.before(1_000.0 + FOLLOWS_WITHIN_S - 1) == 8_000
    assert [
        learnt.before(1_000.0 + FOLLOWS_WITHIN_S),
        learnt.before(900.0),
        learnt.before(1_060.0, "b"),
    ] == [0, 0, 0]
    claim = claim_of(Word(12_000, 3_600), learnt, received_wh=2_000, stayed_s=60, before_wh=8_000)
    assert (claim.energy_wh, claim.remaining_wh, claim.is_served) == (20_000, 10_000, False)


def test_booking_counts_by_how_often_the_car_came_and_one_in_five_is_free():
    assert learn([], [True, True, True, True, False]).comes_share == 1.0
    assert learn([], []).comes_share == 1.0
    assert learn([], [False] * 4).comes_share == pytest.approx(0.0625)
    assert learn([], [False] * 30 + [True] * 20).comes_share == 1.0


def test_several_bookings_ahead_prove_nothing_for_each_other():
    assert [round(NEW.booked_share(ahead), 2) for ahead in range(4)] == [1.0, 0.39, 0.17, 0.1]
    assert learn([], [True] * 20).booked_share(4) == 1.0
