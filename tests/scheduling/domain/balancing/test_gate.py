"""What the gate lets through and what it holds back, connector by connector."""

from dataclasses import replace

import pytest

from chargers.exposure import NEVER_S, Exposure, Span
from scheduling.domain.balancing import gate
from scheduling.domain.balancing.gate import Capacity, Line, Move, Terms
from tests.scheduling.safety.ablations import NoOwnLapse

NOW = 1_000.0
TERMS = Terms()
IDLE = Exposure(nameplate_ma=32_000, wired=(0,), fallback_ma=6_000, wait_s=300, lapses=True, contact_s=NOW)
RUNNING = replace(IDLE, running=True, fallback_from_s=NOW + 225)


def plan(*lines: Line, limit_ma: int = 16_000, far_ma: int | None = None) -> list[Move]:
    far_ma = limit_ma if far_ma is None else far_ma
    capacity = {"root": Capacity((limit_ma,) * 3, (far_ma,) * 3)}
    moves = gate.plan_moves(lines, capacity, now_s=NOW, terms=TERMS)
    gate.check_moves(moves, lines, capacity, now_s=NOW, terms=TERMS)
    return moves


def line(key: str, exposure: Exposure, target_ma: int | None = None, **options: object) -> Line:
    return Line(key, ("root",), exposure, target_ma=target_ma, **options)  # type: ignore[arg-type]


def test_raise_above_the_fallback_is_a_lease() -> None:
    assert plan(line("a", RUNNING, 16_000)) == [Move("a", 16_000, NOW + 120, "raise")]


def test_raise_to_the_fallback_itself_needs_no_end() -> None:
    assert plan(line("a", RUNNING, 6_000)) == [Move("a", 6_000, NEVER_S, "raise")]


def test_raise_takes_what_is_free_in_whole_steps() -> None:
    other = replace(RUNNING, fallback_ma=0, confirmed=Span(5_500, NOW + 100))
    assert plan(line("a", RUNNING, 16_000), line("b", other, None)) == [Move("a", 10_000, NOW + 120, "raise")]


@pytest.mark.promise("E3")
def test_raise_waits_for_the_cut_that_pays_for_it() -> None:
    other = replace(RUNNING, fallback_ma=0, confirmed=Span(16_000, NOW + 100))
    moves = plan(line("a", RUNNING, 8_000), line("b", other, 8_000))
    assert [(move.key, move.limit_ma, move.why) for move in moves] == [("b", 8_000, "cut")]


def test_cut_always_passes_even_where_the_sum_is_over_the_limit() -> None:
    high = replace(RUNNING, fallback_ma=0, confirmed=Span(16_000, NOW + 70))
    (move,) = plan(line("a", high, 12_000), limit_ma=8_000)
    assert (move.limit_ma, move.why) == (12_000, "cut")
    # No later end than what it replaces, for that would be a raise of what is to come.
    assert move.end_s == NOW + 70


def test_lease_is_refused_where_a_fallback_begins_before_its_end() -> None:
    away = replace(IDLE, contact_s=NOW - 150)  # its fallback may flow in 77 s
    assert plan(line("a", replace(RUNNING, fallback_ma=0), 16_000), line("b", away)) == [
        Move("a", 10_000, NOW + 120, "raise")
    ]


def test_renewal_comes_at_half_time_and_only_for_as_much_as_still_fits() -> None:
    fresh = replace(RUNNING, confirmed=Span(16_000, NOW + 61))
    due = replace(RUNNING, confirmed=Span(16_000, NOW + 60))
    assert plan(line("a", fresh, 16_000)) == []
    assert plan(line("a", due, 16_000)) == [Move("a", 16_000, NOW + 120, "renew")]
    away = replace(IDLE, contact_s=NOW - 150)
    assert plan(line("a", replace(due, fallback_ma=0), 16_000), line("b", away)) == [
        Move("a", 10_000, NOW + 120, "renew")
    ]


def test_small_raise_waits_for_the_renewal_which_takes_it_along() -> None:
    fresh = replace(RUNNING, confirmed=Span(14_000, NOW + 61))
    assert plan(line("a", fresh, 15_900)) == []
    assert plan(line("a", fresh, 16_000)) == [Move("a", 16_000, NOW + 120, "raise")]
    due = replace(RUNNING, confirmed=Span(14_000, NOW + 60))
    assert plan(line("a", due, 15_900)) == [Move("a", 15_900, NOW + 120, "raise")]


def test_hold_outlasts_every_lease_and_is_renewed_before_the_fallback_returns() -> None:
    charging = replace(RUNNING, confirmed=Span(6_000, NEVER_S))
    assert plan(line("a", charging, 0)) == [Move("a", 0, NOW + 300, "cut")]
    held = replace(RUNNING, confirmed=Span(0, NOW + 172))
    assert plan(line("a", held, 0)) == [Move("a", 0, NOW + 300, "keep_down")]
    assert plan(line("a", replace(held, confirmed=Span(0, NOW + 174)), 0)) == []


def test_waiting_fallback_is_held_down_before_its_wait_is_over() -> None:
    assert plan(line("a", replace(RUNNING, fallback_from_s=NOW + 170), 0)) == [
        Move("a", 0, NOW + 300, "keep_down")
    ]
    assert plan(line("a", RUNNING, 0)) == []


@pytest.mark.parametrize("off_s", [140, 3_600])
def test_hold_by_a_clock_that_is_minutes_off_is_not_renewed_with_every_rebalance(off_s: float) -> None:
    held = replace(RUNNING, timing=replace(RUNNING.timing, clock_error_s=off_s), confirmed=Span(0, NOW + 299))
    assert plan(line("a", held, 0)) == []
    later = replace(held, confirmed=Span(0, NOW + 235))
    assert plan(line("a", later, 0)) == [Move("a", 0, NOW + 300, "keep_down")]


@pytest.mark.promise("E4")
def test_doubt_is_ended_by_asking_again_within_what_is_reserved() -> None:
    doubtful = replace(RUNNING, confirmed=Span(8_000, NOW + 90), in_doubt=(Span(12_000, NOW + 100),))
    (move,) = plan(line("a", doubtful, 16_000), limit_ma=16_000)
    assert (move.limit_ma, move.why) == (12_000, "ask")


def test_command_that_is_open_is_not_repeated() -> None:
    cutting = replace(RUNNING, confirmed=Span(16_000, NOW + 90), open=(Span(8_000, NOW + 100),))
    assert plan(line("a", cutting, 8_000, asked_ma=8_000)) == []
    assert [move.limit_ma for move in plan(line("a", cutting, 7_000, asked_ma=8_000))] == [7_000]


def test_raise_out_of_a_hold_is_refused_where_the_fallback_would_not_fit_after_its_own_lapse() -> None:
    lasting = replace(IDLE, running=True, lapses=False, fallback_ma=0, confirmed=Span(9_000, NOW + 60))
    contact_s = NOW + 10_000  # so that only its own lapse counts here
    held = replace(IDLE, running=True, fallback_ma=8_000, contact_s=contact_s, confirmed=Span(0, NOW + 3_000))
    assert plan(line("a", held, 6_000), line("b", lasting)) == []
    without = NoOwnLapse(**{name: getattr(held, name) for name in held.__slots__})
    capacity = {"root": Capacity((16_000,) * 3, (16_000,) * 3)}
    lines = [line("a", without, 6_000), line("b", lasting)]
    assert [move.limit_ma for move in gate.plan_moves(lines, capacity, now_s=NOW, terms=TERMS)] == [6_000]


def test_model_of_unknown_durations_must_fit_beside_the_buildings_maximum() -> None:
    untried = replace(RUNNING, fallback_ma=0, lapses=None)
    assert [move.limit_ma for move in plan(line("a", untried, 16_000), far_ma=7_000)] == [7_000]
    tried = replace(RUNNING, fallback_ma=0, lapses=True)
    assert [move.limit_ma for move in plan(line("a", tried, 16_000), far_ma=7_000)] == [16_000]


def test_check_finds_what_the_plan_may_not_do() -> None:
    lines = [line("a", RUNNING, 20_000)]
    capacity = {"root": Capacity((16_000,) * 3, (16_000,) * 3)}
    with pytest.raises(gate.LimitBrokenError, match=r"circuit root, L1, in 0 s: -4000 mA"):
        gate.check_moves([Move("a", 20_000, NOW + 120, "raise")], lines, capacity, now_s=NOW, terms=TERMS)
