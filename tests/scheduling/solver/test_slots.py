import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.solver import Circuit, Demand, Reservation
from scheduling.solver.slots import Offer, SlotLedger

HOUR_S = 3600
FEEDER = Circuit("feeder", limit_ma=(16_000,) * 3)  # 11.04 kW


def wish(key, energy_wh, depart_h, arrive_h=0, max_ma=16_000):
    return Demand(
        key, "feeder", max_ma=max_ma, energy_wh=energy_wh, remaining_wh=energy_wh,
        arrive_s=arrive_h * HOUR_S, depart_s=depart_h * HOUR_S,
    )  # fmt: skip


def ledger(*promised, horizon=24, **more):
    return SlotLedger((FEEDER,), promised, period_s=HOUR_S, horizon=horizon, **more)


def test_request_that_fits_is_promised_as_asked():
    assert ledger().promise(wish("a", 11_000, 1)) == Offer(fits=True, energy_wh=11_000, depart_s=HOUR_S)


def test_promised_cars_may_move_in_time_for_a_new_one():
    book = ledger(wish("flexible", 11_000, 2))
    assert book.probe(wish("hurried", 11_000, 1)).fits


def test_promised_cars_are_never_cut_for_a_new_one():
    book = ledger(wish("first", 11_000, 1))
    offer = book.probe(wish("second", 11_000, 1))
    assert not offer.fits
    assert offer.energy_wh == pytest.approx(40, abs=1)


def test_nearest_offer_is_the_earliest_departure_that_fits():
    book = ledger(wish("first", 22_000, 2))
    assert book.probe(wish("second", 11_000, 1)).depart_s == 3 * HOUR_S


def test_nothing_is_offered_beyond_the_horizon():
    book = ledger(wish("first", 22_000, 2), horizon=2)
    assert book.probe(wish("second", 11_000, 1)) == Offer(
        fits=False, energy_wh=pytest.approx(80, abs=100), depart_s=None
    )


def test_reservations_count_in_their_periods():
    busy = Reservation("feeder", load_ma=(16_000,) * 3, from_period=0, until_period=1)
    book = ledger(reservations=(busy,))
    assert book.probe(wish("a", 11_000, 1)) == Offer(fits=False, energy_wh=0.0, depart_s=2 * HOUR_S)


def test_probe_promises_nothing():
    book = ledger()
    assert [book.probe(wish("a", 11_000, 1)).fits for _ in range(2)] == [True, True]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(100, 20_000), st.integers(1, 6), st.integers(6_000, 16_000)), max_size=8)
)
def test_what_was_promised_can_always_be_kept(wishes):
    book = ledger(horizon=8)
    kept = []
    for number, (energy_wh, depart_h, max_ma) in enumerate(wishes):
        request = wish(f"w{number}", energy_wh, depart_h, max_ma=max_ma)
        if book.promise(request).fits:
            kept.append(request)
    for request in kept:
        others = [each for each in kept if each is not request]
        assert ledger(*others, horizon=8).probe(request).fits
