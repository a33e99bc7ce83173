"""The worst case of one connector, now and later: promises E3 to E6 and E13 in seconds and milliamperes."""

import pytest

from chargers.exposure import NEVER_S, Exposure, Span

MANAGED = Exposure(
    nameplate_ma=32_000, wired=(0,), fallback_ma=6_000, wait_s=300, lapses=True, contact_s=1_000.0
)
RUNNING = MANAGED.started(now_s=1_000.0)
LEASED = RUNNING.accepted(Span(16_000, 1_120.0), now_s=1_000.0).told(now_s=1_000.0)


@pytest.mark.promise("E6")
def test_charger_without_a_confirmed_default_counts_at_nameplate() -> None:
    assert Exposure(nameplate_ma=32_000).worst(0.0) == (32_000, 32_000, 32_000)


@pytest.mark.promise("E6")
def test_idle_connector_costs_nothing_until_a_start_unheard_of_could_be_past_its_wait() -> None:
    begins_s = 1_000 - 70 + 300 - 3
    assert MANAGED.worst_ma(begins_s - 1) == 0
    assert MANAGED.worst_ma(begins_s) == 6_000
    assert MANAGED.seen(now_s=1_020.0).worst_ma(begins_s) == 0


@pytest.mark.promise("E6")
def test_sign_of_life_after_a_silence_proves_nothing_until_the_state_is_told() -> None:
    assert MANAGED.seen(now_s=1_026.0) == MANAGED
    assert MANAGED.told(now_s=1_026.0).contact_s == 1_026.0


def test_plain_default_counts_always() -> None:
    plain = Exposure(nameplate_ma=32_000, wired=(0,), fallback_ma=6_000, wait_s=0, contact_s=1_000.0)
    assert plain.worst_ma(1_000.0) == 6_000


@pytest.mark.promise("E13")
def test_lease_counts_until_its_end_the_clocks_error_and_the_cars_settling() -> None:
    assert LEASED.worst_ma(1_139.9) == 16_000
    assert LEASED.worst_ma(1_140.0) == 6_000


@pytest.mark.promise("E13")
@pytest.mark.parametrize("lapses", [False, None])
def test_model_that_may_ignore_durations_counts_at_its_last_value_for_ever(lapses: bool | None) -> None:
    untried = Exposure(nameplate_ma=32_000, wired=(0,), fallback_ma=6_000, lapses=lapses, contact_s=1_000.0)
    leased = untried.started(now_s=1_000.0).accepted(Span(16_000, 1_120.0), now_s=1_000.0)
    assert leased.worst_ma(1e9) == 16_000
    assert leased.ended(now_s=2_000.0).worst_ma(2_018.0) == 6_000


def test_hold_below_the_fallback_lapses_up_to_it() -> None:
    held = RUNNING.accepted(Span(0, 1_300.0), now_s=1_000.0).told(now_s=1_200.0)
    assert held.worst_ma(1_296.9) == 0
    assert held.worst_ma(1_297.0) == 6_000


@pytest.mark.promise("E3")
def test_cut_stays_reserved_until_accepted_and_settled() -> None:
    sent = LEASED.sent(Span(10_000, 1_130.0))
    assert sent.worst_ma(1_010.0) == 16_000
    cut = sent.accepted(Span(10_000, 1_130.0), now_s=1_010.0)
    assert cut.worst_ma(1_026.9) == 16_000
    assert cut.worst_ma(1_027.0) == 10_000


def test_cut_accepted_after_the_old_lease_ended_makes_no_worst_case_higher() -> None:
    before = LEASED.sent(Span(10_000, 1_230.0))
    after = before.accepted(Span(10_000, 1_230.0), now_s=1_135.0)
    assert [after.worst_ma(at) <= before.worst_ma(at) for at in range(1_135, 1_400)] == [True] * 265


def test_lease_accepted_after_its_end_is_a_cut_to_the_fallback_that_settles_from_then() -> None:
    long = RUNNING.accepted(Span(16_000, 1_500.0), now_s=1_000.0)
    late = long.sent(Span(20_000, 1_100.0)).accepted(Span(20_000, 1_100.0), now_s=1_150.0)
    assert late.worst_ma(1_166.9) == 16_000
    assert late.worst_ma(1_167.0) == 6_000


@pytest.mark.promise("E4")
def test_lost_answer_keeps_every_value_that_may_hold() -> None:
    raised = LEASED.sent(Span(20_000, 1_150.0)).lost(Span(20_000, 1_150.0), now_s=1_040.0)
    assert raised.worst_ma(1_100.0) == 20_000
    cut = LEASED.sent(Span(0, 1_300.0)).lost(Span(0, 1_300.0), now_s=1_040.0)
    assert cut.worst_ma(1_100.0) == 16_000


@pytest.mark.promise("E4")
def test_doubts_stay_few_however_often_nothing_is_answered() -> None:
    exposure = LEASED
    for second in range(0, 3_600, 30):
        exposure = exposure.lost(
            Span(9_000 + 1_000 * (second // 30 % 3), 1_100.0 + second), now_s=1_000.0 + second
        )
    assert len(exposure.in_doubt) <= 8
    assert exposure.worst_ma(4_590.0) == 11_000


@pytest.mark.promise("E5")
def test_refusal_credits_nothing() -> None:
    assert LEASED.sent(Span(0, NEVER_S)).refused() == LEASED


@pytest.mark.promise("E6")
def test_transaction_given_up_without_word_keeps_its_profiles_reserved() -> None:
    assert LEASED.abandoned(now_s=1_050.0).worst_ma(1_100.0) == 16_000
    assert LEASED.ended(now_s=1_050.0).worst_ma(1_067.0) == 0


@pytest.mark.promise("E14")
def test_settling_counts_on_the_phases_of_the_car_that_drew_and_the_fallback_on_all_that_are_wired() -> None:
    seen = Exposure(
        nameplate_ma=32_000,
        phases=(1,),
        fallback_ma=6_000,
        wait_s=300,
        lapses=True,
        contact_s=1_000.0,
        running=True,
    )
    leased = seen.accepted(Span(20_000, 1_120.0), now_s=1_000.0)
    assert leased.worst(1_050.0) == (0, 20_000, 0)
    assert leased.worst(1_300.0) == (6_000, 6_000, 6_000)
    assert leased.ended(now_s=1_060.0).worst(1_061.0) == (0, 20_000, 0)


@pytest.mark.promise("E10")
def test_overdraw_is_reserved_as_measured_above_the_nameplate_too() -> None:
    from dataclasses import replace

    assert replace(LEASED, overdraw_ma=24_000).worst_ma(1_010.0) == 24_000
    assert replace(LEASED, overdraw_ma=40_000).worst_ma(1_010.0) == 40_000
