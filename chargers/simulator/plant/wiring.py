from __future__ import annotations

Amps3 = tuple[int, int, int]

NOTHING: Amps3 = (0, 0, 0)

# Terminal i of the charge point hangs on grid phase ROTATIONS[name][i] (0 = L1). OCPP writes the grid as R, S, T.
ROTATIONS: dict[str, tuple[int, ...]] = {
    "RST": (0, 1, 2),
    "RTS": (0, 2, 1),
    "SRT": (1, 0, 2),
    "STR": (1, 2, 0),
    "TRS": (2, 0, 1),
    "TSR": (2, 1, 0),
    "L1": (0,),
    "L2": (1,),
    "L3": (2,),
}


def check_wiring(*, phases: int, rotation: str) -> None:
    """Raise ValueError when a charge point cannot be wired that way."""
    if rotation not in ROTATIONS:
        raise ValueError(f"rotation {rotation!r} is none of {', '.join(ROTATIONS)}")
    if phases not in (1, 2, 3):
        raise ValueError(f"a charge point has 1, 2 or 3 phases, not {phases!r}")
    if phases > len(ROTATIONS[rotation]):
        raise ValueError(f"{phases} phases cannot be wired to {rotation} alone")


def to_grid(terminal_ma: Amps3, rotation: str) -> Amps3:
    """Currents at the charge point's terminals (mA) as the grid's phases L1, L2, L3 carry them."""
    grid_ma = [0, 0, 0]
    for terminal, phase in enumerate(ROTATIONS[rotation]):
        grid_ma[phase] += terminal_ma[terminal]
    return (grid_ma[0], grid_ma[1], grid_ma[2])
