from datetime import timedelta

from evbalancer.common.units import PhaseMilliamps
from evbalancer.dashboard.live.bars import bars
from evbalancer.dashboard.live.facts import gather
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.domain.readings import record_reading
from tests.evbalancer.dashboard.conftest import House
from tests.factories.chargers import SessionFactory


def bars_of(house: House, *, later_s: int = 0) -> list[dict]:
    return bars(gather(house.cluster, now=house.now + timedelta(seconds=later_s)))


def test_bars_follow_the_tree_from_the_root(house: House) -> None:
    assert [(bar["name"], bar["depth"]) for bar in bars_of(house)] == [("Transformer", 0), ("Panel A", 1)]


def test_bar_adds_building_cars_and_what_is_reserved_above_them(house: House) -> None:
    house.charging("A-01", limit_ma=10_000, current_l1_ma=8_000, current_l2_ma=9_500, current_l3_ma=10_000)
    house.connector("A-02", online=False, fallback_ma=6_000, phase_rotation="S")
    transformer, panel = bars_of(house)
    assert transformer["phases"] == [
        {
            "building_ma": 20_000,
            "cars_ma": cars_ma,
            "reserved_ma": reserved_ma,
            "limit_ma": 100_000,
            "announced_ma": None,
            "usual_ma": 100_000,
        }
        for cars_ma, reserved_ma in ((8_000, 2_000), (9_500, 6_500), (10_000, 0))
    ]
    assert [phase["building_ma"] for phase in panel["phases"]] == [0, 0, 0]
    assert [phase["cars_ma"] for phase in panel["phases"]] == [8_000, 9_500, 10_000]


def test_bar_counts_a_disobedient_car_as_measured(house: House) -> None:
    house.charging("A-01", limit_ma=6_000, current_l1_ma=12_000, current_l2_ma=0, current_l3_ma=0)
    phase = bars_of(house)[1]["phases"][0]
    assert (phase["cars_ma"], phase["reserved_ma"]) == (12_000, 0)


def test_bar_takes_currents_from_power_where_only_that_is_measured(house: House) -> None:
    nothing = {f"current_l{phase}_ma": None for phase in (1, 2, 3)}
    house.charging("A-01", limit_ma=10_000, power_w=4_140, **nothing)
    assert [phase["cars_ma"] for phase in bars_of(house)[1]["phases"]] == [6_000, 6_000, 6_000]


def test_bar_does_not_call_an_old_value_measured(house: House) -> None:
    house.charging("A-01", limit_ma=10_000, metered_at=house.now - timedelta(minutes=2))
    phase = bars_of(house)[1]["phases"][0]
    assert (phase["cars_ma"], phase["reserved_ma"]) == (0, 10_000)


def test_bar_announces_a_lower_limit_and_then_keeps_to_it(house: House) -> None:
    limits.impose_limit(house.transformer, pct=50, reason="Test", actor=SYSTEM, now=house.now)
    transformer, panel = bars_of(house)
    effective_at = house.now + timedelta(seconds=house.cluster.cut_notice_s)
    assert transformer["announced_at"] == effective_at.isoformat()
    assert {(phase["limit_ma"], phase["announced_ma"]) for phase in transformer["phases"]} == {
        (100_000, 50_000)
    }
    assert panel["announced_at"] is None
    after = bars_of(house, later_s=house.cluster.cut_notice_s)[0]
    assert after["announced_at"] is None
    assert {(phase["limit_ma"], phase["announced_ma"]) for phase in after["phases"]} == {(50_000, None)}


def test_bar_says_where_the_building_load_comes_from(house: House) -> None:
    assert bars_of(house)[0]["building_source"] == "assumed"
    house.transformer.has_meter = True
    house.transformer.save()
    assert bars_of(house)[0]["building_source"] == "assumed"
    load = PhaseMilliamps(11_000, 12_000, 13_000)
    record_reading(house.transformer, base_load_ma=load, measured_at=house.now, now=house.now)
    bar = bars_of(house)[0]
    assert bar["building_source"] == "measured"
    assert [phase["building_ma"] for phase in bar["phases"]] == [11_000, 12_000, 13_000]


def test_bar_of_a_plugged_car_without_a_transaction_is_empty(house: House) -> None:
    SessionFactory(connector=house.connector("A-01"), plugged_at=house.now)
    assert bars_of(house)[1]["phases"][0]["cars_ma"] == 0
