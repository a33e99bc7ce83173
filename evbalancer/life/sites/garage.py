"""Underground: two levels with two rows each behind a small main, phases mixed, and a building beside the cars."""

from datetime import datetime

from evbalancer.life.sites.layout import Feeder, Layout, Make, Outlet, erect
from evbalancer.life.sites.premises import Premises, Use

OLD = Make("Keller", "Box 11", habits=("meter_without_current",))
# Some were replaced, and speak the newer version.
NEW = Make("Keller", "Box 22", version="2.0.1")
NEWEST = Make("Keller", "Box 22 S", version="2.1")
TWIN = Make("Doppel", "Twin", connectors=2, habits=("meter_register_by_phase",))
SECOND_ROW = ("STR", "S", "RST", "T")
FIRST_ROW = ("RST", "R", "TRS", "S")


def build(*, now: datetime) -> Premises:
    return erect(LAYOUT, now=now)


def _row(feeder: str, rotations: tuple[str, ...]) -> list[Outlet]:
    makes = (OLD, NEW, OLD, NEWEST)
    return [
        Outlet(f"{feeder[-1]}{number}", feeder, rotation, 16_000 if len(rotation) > 1 else 32_000, make)
        for number, (rotation, make) in enumerate(zip(rotations, makes, strict=True), start=1)
    ]


LAYOUT = Layout(
    name="Garage",
    use=Use.HOME,
    feeders=(
        Feeder("Main", None, (50_000, 50_000, 50_000)),
        Feeder("Level 1", "Main", (40_000, 40_000, 40_000)),
        Feeder("Level 2", "Main", (35_000, 32_000, 32_000)),
        Feeder("Row A", "Level 1", (32_000, 25_000, 25_000)),
        Feeder("Row B", "Level 1", (25_000, 25_000, 25_000)),
        Feeder("Row C", "Level 2", (25_000, 20_000, 25_000)),
        Feeder("Ramp", "Level 2", (20_000, 20_000, 20_000)),
    ),
    outlets=(
        *_row("Row A", FIRST_ROW),
        *_row("Row B", SECOND_ROW),
        *_row("Row C", FIRST_ROW),
        Outlet("R1", "Ramp", "RST", 16_000, TWIN),
    ),
    drivers=12,
    building_ma={"Main": (15_000, 15_000, 15_000)},
    few=2,
)
