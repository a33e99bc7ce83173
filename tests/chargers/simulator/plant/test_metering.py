import pytest

from chargers.simulator.plant.connector import Reading
from chargers.simulator.plant.metering import MEASURANDS, MeterQuirks, samples, v16_sampled_value

READING = Reading(
    at=0.0,
    register_wh=12_345.6,
    terminal_ma=(16_000, 15_900, 0),
    phases=3,
    voltage_v=230.0,
    offered_ma=20_000,
    soc_pct=55.55,
    transaction_wh=345.6,
)


def shown(measurand, quirks=None):
    found = samples(READING, [measurand], quirks or MeterQuirks())
    return [(one.value, one.unit, one.phase) for one in found]


@pytest.mark.parametrize(
    ("measurand", "expected"),
    [
        ("Energy.Active.Import.Register", [(12_345.6, "Wh", None)]),
        ("Power.Active.Import", [(7_337.0, "W", None)]),
        ("Current.Import", [(16.0, "A", "L1"), (15.9, "A", "L2"), (0.0, "A", "L3")]),
        ("Current.Offered", [(20.0, "A", None)]),
        ("Voltage", [(230.0, "V", "L1-N"), (230.0, "V", "L2-N"), (230.0, "V", "L3-N")]),
        ("SoC", [(55.55, "Percent", None)]),
        ("Frequency", []),
    ],
)
def test_meter_shows_what_flows(measurand, expected):
    assert shown(measurand) == expected


@pytest.mark.parametrize(
    ("quirks", "value"),
    [
        (MeterQuirks(kwh_labelled_wh=True), 12.3456),
        (MeterQuirks(session_relative=True), 345.6),
        (MeterQuirks(session_relative=True, kwh_labelled_wh=True), 0.3456),
        (MeterQuirks(register_offset_wh=-12_000), 345.6),
    ],
)
def test_quirky_register_is_still_labelled_wh(quirks, value):
    assert shown("Energy.Active.Import.Register", quirks) == [(pytest.approx(value), "Wh", None)]


def test_current_on_n_is_one_value_without_phases():
    assert shown("Current.Import", MeterQuirks(current_on_n=True)) == [(16.0, "A", "N")]


def test_meter_without_current_tells_the_rest():
    quirks = MeterQuirks(without_current=True)
    assert shown("Current.Import", quirks) == []
    assert shown("Power.Active.Import", quirks) == [(7_337.0, "W", None)]


def test_register_by_phase_adds_up_to_the_register():
    found = shown("Energy.Active.Import.Register", MeterQuirks(register_by_phase=True))
    assert [(unit, phase) for _, unit, phase in found] == [("Wh", "L1"), ("Wh", "L2"), ("Wh", "L3")]
    assert sum(value for value, _, _ in found) == pytest.approx(12_345.6)


def test_sampled_values_of_1_6_are_text():
    values = [
        v16_sampled_value(one, "Trigger")["value"] for one in samples(READING, MEASURANDS, MeterQuirks())
    ]
    assert values[:4] == ["12346", "7337.0", "16.0", "15.9"]
    kwh = samples(READING, MEASURANDS[:1], MeterQuirks(kwh_labelled_wh=True))
    assert v16_sampled_value(kwh[0], "Trigger")["value"] == "12.346"
