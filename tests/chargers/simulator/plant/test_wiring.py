import pytest

from chargers.simulator.plant.wiring import ROTATIONS, check_wiring, to_grid


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ("RST", (1, 2, 3)),
        ("RTS", (1, 3, 2)),
        ("SRT", (2, 1, 3)),
        ("STR", (3, 1, 2)),
        ("TRS", (2, 3, 1)),
        ("TSR", (3, 2, 1)),
    ],
)
def test_rotation_puts_terminal_currents_on_grid_phases(rotation, expected):
    # STR: terminal 1 hangs on S (L2), terminal 2 on T (L3), terminal 3 on R (L1).
    assert to_grid((1, 2, 3), rotation) == expected


@pytest.mark.parametrize(("rotation", "expected"), [("L1", (7, 0, 0)), ("L2", (0, 7, 0)), ("L3", (0, 0, 7))])
def test_single_phase_outlet_loads_its_own_phase(rotation, expected):
    assert to_grid((7, 0, 0), rotation) == expected


def test_rotations_are_complete():
    assert sorted(ROTATIONS) == ["L1", "L2", "L3", "RST", "RTS", "SRT", "STR", "TRS", "TSR"]


@pytest.mark.parametrize(("phases", "rotation"), [(3, "L1"), (2, "L2"), (0, "RST"), (4, "RST"), (1, "XYZ")])
def test_impossible_wiring_is_refused(phases, rotation):
    with pytest.raises(ValueError, match=r"phase|rotation"):
        check_wiring(phases=phases, rotation=rotation)
