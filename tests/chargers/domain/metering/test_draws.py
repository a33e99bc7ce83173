"""What a meter says of the draw, whichever of its values it tells."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.metering import draws
from chargers.domain.metering.draws import Register, Wiring
from chargers.enums import DrawSource
from chargers.reports.charging import Sample

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
THREE = Wiring("RST", "", 32_000, 230)


def measure(sample: Sample, wiring: Wiring = THREE, rise_w: int | None = None):
    draw, loaded = draws.measure_draw(sample, wiring, rise_w=rise_w, at=NOW)
    return None if draw is None else (draw.current_ma, draw.power_w, draw.source, loaded)


def told(**values) -> Sample:
    return Sample(NOW, **values)


@pytest.mark.promise("E16")
@pytest.mark.parametrize(
    ("sample", "wiring", "expected"),
    [
        pytest.param(
            told(currents_ma=(16_000, 15_000, 14_000)),
            THREE,
            ((16_000, 15_000, 14_000), 10_350, DrawSource.CURRENT, "RST"),
            id="currents",
        ),
        pytest.param(
            told(powers_w=(2_300, 4_600, 0), power_w=6_900),
            THREE,
            ((10_000, 20_000, 0), 6_900, DrawSource.PHASE_POWER, "RS"),
            id="power of each phase",
        ),
        pytest.param(
            told(powers_w=(2_200, None, None), power_w=2_200, voltages_mv=(220_000, None, None)),
            Wiring("T", "", 32_000, 230),
            ((0, 0, 10_000), 2_200, DrawSource.PHASE_POWER, "T"),
            id="power and voltage of the only phase, on the grid's third",
        ),
        pytest.param(
            told(power_w=22_080),
            THREE,
            ((32_000, 32_000, 32_000), 22_080, DrawSource.POWER, ""),
            id="total power over all that it may use",
        ),
        pytest.param(
            told(power_w=4_600),
            Wiring("RST", "S", 32_000, 230),
            ((0, 20_000, 0), 4_600, DrawSource.POWER, ""),
            id="total power on the phase that the car was seen on",
        ),
        pytest.param(
            told(power_w=22_080),
            Wiring("RST", "S", 32_000, 230),
            ((32_000, 32_000, 32_000), 22_080, DrawSource.POWER, ""),
            id="more than the phase it was seen on can carry",
        ),
        pytest.param(
            told(power_w=22_000, voltages_mv=(400_000, 0, None)),
            THREE,
            ((31_885, 31_885, 31_885), 22_000, DrawSource.POWER, ""),
            id="voltages that are none of a phase",
        ),
        pytest.param(
            told(currents_ma=(0, 0, 0), power_w=22_080),
            THREE,
            ((32_000, 32_000, 32_000), 22_080, DrawSource.POWER, ""),
            id="currents of 0 beside power",
        ),
        pytest.param(
            told(currents_ma=(32_000, None, None), power_w=22_080),
            THREE,
            ((32_000, 32_000, 32_000), 22_080, DrawSource.POWER, "RST"),
            id="one current beside three phases' power",
        ),
        pytest.param(
            told(currents_ma=(32_000, None, None), power_w=7_360),
            THREE,
            ((32_000, 0, 0), 7_360, DrawSource.CURRENT, "R"),
            id="one current that is all the power",
        ),
        pytest.param(told(register=1_000.0, charge_pct=50), THREE, None, id="neither"),
        pytest.param(told(current_ma=2**31 - 1), THREE, None, id="what no meter can mean"),
    ],
)
def test_draw_is_measured_from_what_the_meter_tells(sample, wiring, expected):
    assert measure(sample, wiring) == expected


@pytest.mark.promise("E16")
def test_draw_of_a_meter_with_a_register_alone_is_its_rise():
    assert measure(told(register=1_000.0), rise_w=22_080) == (
        (32_000, 32_000, 32_000),
        22_080,
        DrawSource.REGISTER,
        "",
    )
    assert measure(told(power_w=2_300), rise_w=22_080)[1:3] == (2_300, DrawSource.POWER)


@pytest.mark.parametrize(
    ("rise_wh", "seconds", "expected"),
    [
        pytest.param(61, 10, 21_960, id="Wh in ten seconds"),
        pytest.param(0, 10, 0, id="stands still"),
        pytest.param(100, 16, None, id="one digit of 0.1 kWh may be any power"),
        pytest.param(500, 82, 21_951, id="five of them say enough"),
        pytest.param(1_000, 160, None, id="one kWh"),
        pytest.param(-5, 10, None, id="went back"),
        pytest.param(100, 0, None, id="at once"),
        pytest.param(20_000, 3_600, None, id="long ago"),
    ],
)
def test_rise_is_known_as_well_as_the_last_digit_allows(rise_wh, seconds, expected):
    base_wh = 100_000 if rise_wh % 100 == 0 and rise_wh else 100_003
    before = Register(NOW, base_wh)
    assert draws.rise_w(before, Register(NOW + timedelta(seconds=seconds), base_wh + rise_wh)) == expected
