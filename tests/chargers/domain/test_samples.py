import pytest

from chargers.domain import samples


def sampled(value, measurand=None, phase=None, unit=None, **more):
    item = {"value": value, "measurand": measurand, "phase": phase, "unit": unit, **more}
    return {name: content for name, content in item.items() if content is not None}


def one(*values):
    return samples.normalise(values, measured_at=None)


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        (sampled("1234"), "register", 1234.0),
        (sampled("1.5", "Energy.Active.Import.Register", unit="kWh"), "register_is_kwh", True),
        (sampled("16.04", "Current.Import", unit="A"), "current_ma", 16_040),
        (sampled("16.0", "Current.Import", "N", "A"), "current_ma", 16_000),
        (sampled("-3", "Current.Import", unit="A"), "current_ma", 0),
        (sampled("9", "Current.Import", "L2", "A"), "currents_ma", (None, 9_000, None)),
        (sampled("9", "Current.Import", "L3-N", "A"), "currents_ma", (None, None, 9_000)),
        (sampled("7.4", "Power.Active.Import", unit="kW"), "power_w", 7_400),
        (sampled("7400", "Power.Active.Import", unit="W"), "power_w", 7_400),
        (sampled("231.4", "Voltage", "L1-N", "V"), "voltages_mv", (231_400, None, None)),
        (sampled("230", "Voltage"), "voltages_mv", (230_000, None, None)),
        (sampled("13", "Current.Offered", unit="A"), "offered_ma", 13_000),
        (sampled("55.6", "SoC", unit="Percent"), "charge_pct", 56),
        (sampled("140", "SoC", unit="Percent"), "charge_pct", None),
        (sampled("nan"), "register", None),
        (sampled("1e400"), "register", None),
        (sampled("not a number", "Current.Import"), "current_ma", None),
        (sampled("5", "Frequency"), "register", None),
        (sampled("AAEC", format="SignedData"), "register", None),
        (sampled("9e30", "Current.Import", "L1"), "currents_ma", (2**31 - 1, None, None)),
        (sampled("1", context="Transaction.Begin"), "context", "Transaction.Begin"),
        (sampled("1"), "context", "Sample.Periodic"),
    ],
)
def test_normalise_reads(value, field, expected):
    assert getattr(one(value), field) == expected


def test_normalise_adds_up_power_by_phase():
    phases = [
        sampled(value, "Power.Active.Import", phase, "kW")
        for value, phase in (("1", "L1"), ("2", "L2"), ("3", "L3"))
    ]
    assert one(*phases).power_w == 6_000


def test_normalise_prefers_the_total_of_power():
    assert (
        one(
            sampled("1", "Power.Active.Import", "L1", "W"), sampled("9", "Power.Active.Import", unit="W")
        ).power_w
        == 9
    )


def test_normalise_prefers_phases_to_a_neutral_current():
    sample = one(sampled("16", "Current.Import", "N"), sampled("10", "Current.Import", "L1"))
    assert (sample.currents_ma, sample.current_ma) == ((10_000, None, None), None)


def test_normalise_ignores_the_register_of_one_phase():
    assert one(sampled("900"), sampled("300", phase="L1")).register == 900


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
        register, is_kwh=is_kwh, start_wh=start_wh, metered_wh=metered_wh, elapsed_s=360, max_power_w=11_000
    )
    assert energy_wh == expected
