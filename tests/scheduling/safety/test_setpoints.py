"""Promise E9: no set-point between 0 and 6 A, rounding only downward to 0.1 A, watts by the phases there are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.exposure import NEVER_S, Exposure, Piece, Span
from chargers.ocpp.v16.profiles import fallback_profile, tx_profile
from evbalancer.common.units import ma_to_a, ma_to_w, w_to_ma
from scheduling.domain.balancing import gate
from scheduling.domain.balancing.gate import Capacity, Line, Terms

pytestmark = pytest.mark.promise("E9")
NOW_S = 1_000.0
NOW = datetime(2026, 3, 2, tzinfo=UTC)

currents = st.one_of(st.just(0), st.integers(6_000, 32_000))
moments = st.one_of(st.just(NEVER_S), st.floats(NOW_S - 50, NOW_S + 300))
spans = st.builds(Span, currents, moments)
phases = st.sampled_from([(0,), (1,), (0, 1, 2), (2, 0, 1)])


@st.composite
def lines(draw: st.DrawFn, key: str) -> Line:
    wired = draw(phases)
    exposure = Exposure(
        nameplate_ma=32_000,
        wired=wired,
        fallback_ma=draw(st.one_of(st.none(), currents)),
        wait_s=draw(st.sampled_from([0, 300])),
        lapses=draw(st.sampled_from([None, False, True])),
        contact_s=draw(st.one_of(st.none(), st.floats(NOW_S - 400, NOW_S))),
        running=True,
        confirmed=draw(st.one_of(st.none(), spans)),
        open=tuple(draw(st.lists(spans, max_size=1))),
        in_doubt=tuple(draw(st.lists(spans, max_size=2))),
        settling=tuple(Piece(ma, -NEVER_S, NOW_S + 9, wired) for ma in draw(st.lists(currents, max_size=1))),
        # A car may draw anything.
        overdraw_ma=draw(st.one_of(st.none(), st.integers(1, 40_000))),
    )
    return Line(
        key,
        ("root",),
        exposure,
        target_ma=draw(currents),
        step_ma=draw(st.sampled_from([100, 1_000])),
        ask=draw(st.booleans()),
    )


@given(
    a=lines("a"), b=lines("b"), c=lines("c"), near_ma=st.integers(0, 70_000), far_ma=st.integers(0, 70_000)
)
def test_no_setpoint_lies_between_nothing_and_the_least_that_a_car_takes(
    a: Line, b: Line, c: Line, near_ma: int, far_ma: int
) -> None:
    capacity = {"root": Capacity((near_ma,) * 3, (min(near_ma, far_ma),) * 3)}
    moves = gate.plan_moves([a, b, c], capacity, now_s=NOW_S, terms=Terms())
    gate.check_moves(moves, [a, b, c], capacity, now_s=NOW_S, terms=Terms())
    assert [move for move in moves if 0 < move.limit_ma < 6_000] == []


@given(limit_ma=st.integers(0, 400_000))
def test_amperes_on_the_wire_are_tenths_and_never_more(limit_ma: int) -> None:
    profile = tx_profile(connector_number=1, transaction_id=1, limit_ma=limit_ma, phases=3, start_at=NOW)
    ((period,), tenths) = profile["chargingSchedule"]["chargingSchedulePeriod"], limit_ma // 100
    assert period["limit"] == tenths / 10
    assert ma_to_a(limit_ma) * 1_000 <= limit_ma < ma_to_a(limit_ma) * 1_000 + 100.001


@given(limit_ma=st.integers(0, 400_000), volts=st.integers(100, 480), count=st.sampled_from([1, 2, 3]))
def test_watts_are_those_of_the_phases_and_back_again_never_more_room(
    limit_ma: int, volts: int, count: int
) -> None:
    power_w = ma_to_w(limit_ma, voltage_v=volts, phases=count)
    assert power_w <= limit_ma * volts * count / 1_000 < power_w + 1
    # A measured power counts as no less current than it was.
    assert w_to_ma(power_w + 1, voltage_v=volts, phases=count) >= limit_ma
    schedule = fallback_profile(connector_number=1, limit_ma=limit_ma, start_at=NOW, wait_s=300, volts=volts)[
        "chargingSchedule"
    ]
    waits, falls = (period["limit"] for period in schedule["chargingSchedulePeriod"])
    assert (waits, schedule["chargingRateUnit"]) == (0, "W")
    assert falls * 1_000 / volts <= limit_ma
