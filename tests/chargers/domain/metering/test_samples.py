import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.metering import samples
from chargers.reports.charging import Sample


@pytest.mark.parametrize(
    ("register", "is_kwh", "start_wh", "metered_wh", "expected"),
    [
        pytest.param(12_500, False, 10_000, 2_000, 2_500, id="absolute Wh"),
        pytest.param(12.5, True, 10_000, 2_000, 2_500, id="absolute kWh"),
        pytest.param(12.5, False, 10_000, 2_000, 2_500, id="kWh labelled Wh"),
        pytest.param(2_500, False, 1_000_000, 2_000, 2_500, id="begins at the transaction"),
        pytest.param(2.5, True, 1_000_000, 2_000, 2_500, id="kWh from the transaction's start"),
        pytest.param(2_500, False, 0, 2_000, 2_500, id="register was 0"),
        pytest.param(12_000, False, 10_000, 2_000, 2_000, id="stands still"),
        pytest.param(11_000, False, 10_000, 2_000, None, id="went back"),
        pytest.param(30, False, 1_000_000, 2_000, None, id="was reset"),
        pytest.param(9_000_000, False, 10_000, 2_000, None, id="jumped"),
    ],
)
def test_session_energy_finds_the_reading_that_makes_sense(register, is_kwh, start_wh, metered_wh, expected):
    energy_wh = samples.session_energy_wh(
        register,
        is_kwh=is_kwh,
        start_wh=start_wh,
        metered_wh=metered_wh,
        elapsed_s=360,
        max_power_w=11_000,
        total_wh=4_000,
    )
    assert energy_wh == expected


def test_register_of_an_end_is_never_that_of_the_start():
    begin, end = (
        Sample(None, context, register)
        for register, context in ((100, "Transaction.Begin"), (400, "Sample.Clock"))
    )
    for found in ([begin, end], [end, begin]):
        assert samples.register_wh(found, samples.END) == 400
        assert samples.register_wh(found, samples.BEGIN) == 100
    assert samples.register_wh([begin], samples.END) is None


@given(
    start_wh=st.integers(0, 10**7),
    metered_wh=st.integers(0, 10**5),
    risen_wh=st.floats(-100, 10**5),
    elapsed_s=st.floats(-10, 10**5),
    longer_s=st.floats(0, 10**5),
    is_kwh=st.booleans(),
)
def test_what_is_likely_at_first_sight_is_what_all_the_rules_say(
    start_wh, metered_wh, risen_wh, elapsed_s, longer_s, is_kwh
):
    register = start_wh + metered_wh + risen_wh
    register = register / 1000 if is_kwh else register
    energy_wh = samples.absolute_wh(register, is_kwh=is_kwh, start_wh=start_wh)
    total_s = elapsed_s + longer_s
    if not samples.is_likely(
        energy_wh, metered_wh=metered_wh, elapsed_s=elapsed_s, total_s=total_s, max_power_w=22_000
    ):
        return
    assert samples.session_energy_wh(
        register,
        is_kwh=is_kwh,
        start_wh=start_wh,
        metered_wh=metered_wh,
        elapsed_s=elapsed_s,
        max_power_w=22_000,
        total_wh=samples.most_possible_wh(total_s, max_power_w=22_000),
    ) == round(energy_wh)
