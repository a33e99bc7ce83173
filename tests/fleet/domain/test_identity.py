from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from evbalancer.common.words.said import Said
from fleet.domain.identity import Candidate, Guess, Seen, guess_car
from fleet.enums import PlugState

NOW = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
CAME = NOW - timedelta(hours=1)
ZOE, TESLA = UUID(int=1), UUID(int=2)
SEEN = Seen(plugged_at=CAME, now=NOW, driver_known=True)
zoe = Candidate(ZOE, phases=3, max_current_ma=32_000, battery_wh=52_000)
tesla = Candidate(TESLA, phases=3, max_current_ma=16_000, battery_wh=60_000)


def plugged(car, since=CAME, state=PlugState.PLUGGED):
    return replace(car, plug_state=state, plug_at=NOW, plugged_since=since)


def test_no_car_is_no_guess():
    assert guess_car(SEEN, []) == Guess(None, 0)


def test_drivers_only_car_is_likely_but_not_certain():
    guess = guess_car(SEEN, [zoe])
    assert (guess.vehicle_id, guess.confidence_pct, guess.why) == (ZOE, 80, (Said("stay.card"),))


def test_one_of_two_cars_is_nobodys_guess():
    assert guess_car(SEEN, [zoe, tesla]) == Guess(None, 44, (Said("stay.card"),))


def test_car_that_says_it_was_plugged_in_then_is_the_one():
    guess = guess_car(SEEN, [zoe, plugged(tesla)])
    assert (guess.vehicle_id, guess.confidence_pct) == (TESLA, 91)
    assert Said("stay.plugged_in_then") in guess.why


def test_order_of_the_cars_does_not_matter():
    cars = [plugged(tesla), zoe, replace(zoe, vehicle_id=UUID(int=3))]
    assert len({guess_car(SEEN, order) for order in permutations(cars)}) == 1


@pytest.mark.parametrize(
    ("seen", "evidence"),
    [
        (SEEN, plugged(tesla, state=PlugState.UNPLUGGED)),
        (SEEN, replace(tesla, is_here=False, here_at=NOW)),
        (SEEN, replace(tesla, stays_elsewhere=True)),
        (replace(SEEN, phases=3), replace(tesla, phases=1)),
        (replace(SEEN, most_ma=20_000), tesla),
        (replace(SEEN, energy_wh=20_000), replace(tesla, gained_pct=90)),
        (replace(SEEN, energy_wh=20_000), replace(tesla, gained_pct=0)),
        (replace(SEEN, planned=ZOE), tesla),
    ],
)
def test_evidence_against_one_car_speaks_for_the_other(seen, evidence):
    guess = guess_car(seen, [zoe, evidence])
    assert guess.vehicle_id == ZOE
    assert guess.confidence_pct > 55


@pytest.mark.parametrize(
    ("seen", "evidence"),
    [
        (SEEN, replace(tesla, is_here=True, here_at=NOW)),
        (replace(SEEN, energy_wh=20_000), replace(tesla, gained_pct=30)),
        (replace(SEEN, planned=TESLA), tesla),
    ],
)
def test_evidence_for_one_car_makes_it_the_one(seen, evidence):
    assert guess_car(seen, [zoe, evidence]).vehicle_id == TESLA


@pytest.mark.parametrize(
    "evidence",
    [
        # Known from before it came, or too long ago: says nothing.
        replace(tesla, plug_state=PlugState.UNPLUGGED, plug_at=CAME - timedelta(minutes=1)),
        replace(tesla, is_here=False, here_at=CAME - timedelta(minutes=1)),
        replace(tesla, gained_pct=90),
        replace(tesla, plug_state=PlugState.UNKNOWN, plug_at=NOW),
    ],
)
def test_old_or_empty_evidence_says_nothing(evidence):
    assert guess_car(SEEN, [zoe, evidence]).vehicle_id is None


def test_car_of_nobodys_card_needs_more_than_being_plugged_in():
    nobody = replace(SEEN, driver_known=False)
    assert guess_car(nobody, [zoe]).vehicle_id is None
    assert guess_car(nobody, [plugged(zoe, since=NOW)]).vehicle_id == ZOE
    assert guess_car(nobody, [plugged(zoe), plugged(tesla)]).vehicle_id is None


def test_guess_is_never_certain():
    everything = replace(plugged(tesla), is_here=True, here_at=NOW, gained_pct=30)
    guess = guess_car(replace(SEEN, energy_wh=20_000, planned=TESLA), [everything])
    assert guess.confidence_pct == 99
