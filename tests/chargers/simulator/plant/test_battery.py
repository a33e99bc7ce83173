import pytest

from chargers.simulator.plant.battery import Car


def test_car_follows_an_offer_only_after_it_has_settled():
    car = Car(settle_s=3)
    car.offer(16_000, at_s=10)
    assert [car.current_ma(at_s=t) for t in (10, 12.9, 13, 20)] == [0, 0, 16_000, 16_000]
    car.offer(8_000, at_s=20)
    assert [car.current_ma(at_s=t) for t in (20, 22.9, 23)] == [16_000, 16_000, 8_000]


def test_car_follows_every_one_of_several_quick_offers_in_turn():
    car = Car(settle_s=2)
    for at_s, limit_ma in ((0, 10_000), (1, 6_000), (1.5, 12_000)):
        car.offer(limit_ma, at_s=at_s)
    assert [car.current_ma(at_s=t) for t in (1.9, 2, 3, 3.5)] == [0, 10_000, 6_000, 12_000]


@pytest.mark.parametrize("limit_ma", [0, 1, 5_999])
def test_car_pauses_below_six_amperes(limit_ma):
    car = Car(settle_s=0)
    car.offer(16_000, at_s=0)
    assert car.current_ma(at_s=0) == 16_000
    car.offer(limit_ma, at_s=1)
    assert car.current_ma(at_s=1) == 0


def test_car_charges_at_exactly_six_amperes():
    car = Car(settle_s=0)
    car.offer(6_000, at_s=0)
    assert car.current_ma(at_s=0) == 6_000


def test_car_never_draws_more_than_its_own_charger_takes():
    car = Car(settle_s=0, max_ma=10_000)
    car.offer(32_000, at_s=0)
    assert car.current_ma(at_s=0) == 10_000


def test_cut_overtakes_a_raise_the_car_has_not_woken_up_for():
    car = Car(settle_s=2, wake_s=30)
    car.offer(16_000, at_s=0)
    car.offer(6_000, at_s=1)
    car.offer(0, at_s=5)
    assert [car.current_ma(at_s=t) for t in (3, 6.9, 7, 40)] == [6_000, 6_000, 0, 0]


def test_car_tapers_above_eighty_percent_down_to_its_minimum():
    wanted = [Car(soc_pct=soc).wanted_ma for soc in (50, 80, 90, 99.999, 100)]
    assert wanted == [16_000, 16_000, 11_000, 6_000, 0]


def test_full_car_draws_nothing_and_stays_full():
    car = Car(battery_wh=1_000, soc_pct=99, settle_s=0)
    car.offer(16_000, at_s=0)
    car.store(500)
    assert (car.soc_pct, car.is_full, car.current_ma(at_s=0)) == (100, True, 0)


def test_disobedient_car_draws_all_it_can_until_it_is_switched_off():
    car = Car(settle_s=1, obeys=False)
    car.offer(6_000, at_s=0)
    assert car.current_ma(at_s=0) == 16_000
    car.offer(0, at_s=5)
    assert [car.current_ma(at_s=t) for t in (5, 6)] == [16_000, 0]


def test_cable_out_stops_the_current_at_once():
    car = Car(settle_s=5)
    car.offer(16_000, at_s=0)
    assert car.current_ma(at_s=5) == 16_000
    car.cut_off()
    assert car.current_ma(at_s=5) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"phases": 0}, {"phases": 4}, {"battery_wh": 0}, {"soc_pct": 101}, {"settle_s": -1}, {"wake_s": -1}],
)
def test_impossible_car_is_refused(wrong):
    with pytest.raises(ValueError, match="car"):
        Car(**wrong)
