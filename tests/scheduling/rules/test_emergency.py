from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evbalancer.common.words.said import Said
from scheduling.rules.emergency import Facts, Verdict, decide

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
FACTS = Facts(
    now=NOW,
    energy_wh=10_000,
    needed_by=NOW + timedelta(hours=2),
    plugged_in=True,
    used_this_month=0,
    quota_per_month=2,
    strikes=0,
    needs_manager=False,
    minimum_ma=6_000,
    power_at_minimum_w=4_140,
    most_ma=16_000,
)


def test_emergency_gets_the_current_that_delivers_in_time():
    decision = decide(FACTS)
    # 10 kWh in 2 h are 5 kW, 1.21 times what 6 A give.
    assert (decision.verdict, decision.granted_wh, decision.minimum_ma) == (Verdict.GRANT, 10_000, 8_000)
    assert decision.until == FACTS.needed_by


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"needed_by": NOW}, Said("emergency.time_passed")),
        ({"plugged_in": False}, Said("emergency.not_plugged_in")),
        ({"used_this_month": 2}, Said("emergency.month_used", {"used": 2, "all": 2})),
        (
            {"battery_wh": 50_000, "charge_pct": 100, "charge_at": NOW},
            Said("emergency.covered"),
        ),
        (
            {"distance_km": 20, "battery_wh": 50_000, "charge_pct": 60, "charge_at": NOW},
            Said("emergency.covered"),
        ),
    ],
)
def test_emergency_is_refused_with_its_reason(changes, reason):
    decision = decide(replace(FACTS, **changes))
    assert decision.verdict is Verdict.REFUSE
    assert decision.reasons[-1] == reason
    assert (decision.granted_wh, decision.minimum_ma, decision.until) == (0, 0, None)


def test_emergency_is_cut_to_what_the_distance_needs():
    decision = decide(replace(FACTS, distance_km=30))
    assert decision.granted_wh == 6_000
    assert decision.reasons == (
        Said("emergency.no_car_tells"),
        Said("emergency.distance_needs", {"distance_km": 30, "energy_wh": 6_000}),
    )


def test_emergency_believes_no_old_reading():
    old = {"battery_wh": 50_000, "charge_pct": 100, "charge_at": NOW - timedelta(hours=3)}
    decision = decide(replace(FACTS, **old))
    assert decision.verdict is Verdict.GRANT
    assert decision.reasons == (Said("emergency.word_too_old", {"hours": 3}),)


@pytest.mark.parametrize("doubt", [{"needs_manager": True}, {"strikes": 1}])
def test_emergency_in_doubt_goes_to_a_manager(doubt):
    decision = decide(replace(FACTS, **doubt))
    assert decision.verdict is Verdict.ASK_MANAGER
    assert decision.granted_wh == 10_000


@given(
    energy_wh=st.integers(1, 200_000),
    minutes=st.integers(1, 2_000),
    pct=st.none() | st.integers(0, 100),
    distance=st.none() | st.integers(1, 500),
)
def test_emergency_is_always_bounded(energy_wh, minutes, pct, distance):
    facts = replace(
        FACTS,
        energy_wh=energy_wh,
        needed_by=NOW + timedelta(minutes=minutes),
        battery_wh=60_000,
        charge_pct=pct,
        charge_at=NOW,
        distance_km=distance,
    )
    decision = decide(facts)
    assert decision.reasons
    if decision.verdict is Verdict.REFUSE:
        return
    assert 0 < decision.granted_wh <= energy_wh
    assert 6_000 <= decision.minimum_ma <= 16_000
    assert decision.until is not None
    assert NOW < decision.until <= min(facts.needed_by, NOW + timedelta(hours=12))
