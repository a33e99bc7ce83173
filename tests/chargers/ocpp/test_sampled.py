import pytest

from chargers.domain.metering.samples import is_running
from chargers.ocpp.sampled import normalise_values, of_moment, read_alike
from chargers.ocpp.v201 import readings


def sampled(value, measurand=None, phase=None, unit=None, **more):
    item = {"value": value, "measurand": measurand, "phase": phase, "unit": unit, **more}
    return {name: content for name, content in item.items() if content is not None}


def one(*values):
    return normalise_values(values, measured_at=None)


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
    ("values", "expected"),
    [
        pytest.param([sampled("300", phase="L1")], (300, False), id="a lone phase is the total"),
        pytest.param([sampled("0.3", phase="L1-N", unit="kWh")], (300, False), id="a lone phase in kWh"),
        pytest.param([sampled("300", phase="N")], (300, False), id="named after the neutral"),
        pytest.param(
            [sampled("100", phase="L3"), sampled("0.2", phase="L1", unit="kWh")],
            (300, False),
            id="several are parts",
        ),
        pytest.param(
            [sampled("100", phase="L1"), sampled("7", phase="N")], (100, False), id="beside the neutral"
        ),
        pytest.param(
            [sampled("300", phase="L1"), sampled("900")], (900, False), id="the total when it is told"
        ),
    ],
)
def test_register_by_phase_is_summed_unless_the_total_is_told(values, expected):
    sample = one(*values)
    assert (sample.register, sample.register_is_kwh) == expected


def test_power_by_phase_is_kept_beside_its_sum():
    sample = one(
        sampled("1", "Power.Active.Import", "L1", "kW"), sampled("500", "Power.Active.Import", "L2", "W")
    )
    assert (sample.powers_w, sample.power_w) == ((1_000, 500, None), 1_500)


@pytest.mark.parametrize("phase", ["L1-L2", "L1-N"])
def test_voltage_between_phases_is_that_to_the_neutral(phase):
    value = "398.4" if phase == "L1-L2" else "230"
    voltages = one(sampled(value, "Voltage", phase)).voltages_mv
    assert abs(voltages[0] - 230_000) < 100


def test_value_at_the_outlet_counts_whatever_the_order():
    values = [
        sampled("9", "Current.Import", location="Outlet"),
        sampled("12", "Current.Import", location="Inlet"),
    ]
    assert one(*values).current_ma == one(*reversed(values)).current_ma == 9_000
    assert one(values[1]).current_ma == 12_000


@pytest.mark.parametrize("other", ["Transaction.Begin", "Interruption.Begin", "Interruption.End", "Other"])
@pytest.mark.parametrize("running", ["Sample.Periodic", "Sample.Clock", "Trigger", "Transaction.End", None])
def test_moment_tells_the_running_register_apart_whatever_the_order(other, running):
    values = [sampled("163630", context=running), sampled("157440", context=other)]
    for order in (values, values[::-1]):
        apart = of_moment(order, measured_at=None)
        assert [each.register for each in apart if is_running(each.context)] == [163_630]
        assert [each.register for each in apart if not is_running(each.context)] == [157_440]


ALIKE = [
    [
        sampled("1234", unit="Wh", context="Sample.Clock"),
        sampled("9", "Current.Import", "L2", "A", context="Sample.Clock"),
    ],
    [sampled("1.5", unit="kWh"), sampled("230", "Voltage", "L1-N"), sampled("3", "Frequency")],
    [sampled("7", "Current.Import", location="Outlet"), sampled("55", "SoC")],
    [],
]


@pytest.mark.parametrize("values", ALIKE)
def test_values_that_are_alike_are_read_in_one_pass_as_the_long_way_reads_them(values):
    assert read_alike(values, measured_at=None) == one(*values)


@pytest.mark.parametrize(
    "odd",
    [
        sampled("9", location="Inlet"),
        sampled("9", context="Transaction.Begin"),
        sampled("9", format="SignedData"),
        sampled("no number"),
    ],
)
def test_values_that_are_not_alike_take_the_long_way(odd):
    assert read_alike([sampled("1"), odd], measured_at=None) is None


def test_values_of_ocpp_2_are_read_alike_with_and_without_a_multiple():
    def moment(multiplier, value):
        unit = {"unit": "W", **multiplier}
        told = [
            {"value": value, "measurand": "Power.Active.Import", "unitOfMeasure": unit},
            {"value": 16.0, "measurand": "Current.Import.Offered"},
        ]
        return {"timestamp": "2026-03-01T00:00:00Z", "sampledValue": told}

    (plain,) = readings.samples_of([moment({}, 7_000)])
    (multiple,) = readings.samples_of([moment({"multiplier": 3}, 7)])
    assert plain == multiple
    assert (plain.power_w, plain.offered_ma) == (7_000, 16_000)
