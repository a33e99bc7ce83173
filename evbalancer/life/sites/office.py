"""A car park at work: 34 charge points that fill in the morning and empty in the evening."""

from datetime import datetime

from evbalancer.life.sites.layout import Feeder, Layout, Make, Outlet, erect
from evbalancer.life.sites.premises import Premises, Use

CHARGE_POINTS = 34
PANELS = ("Panel 1", "Panel 2", "Panel 3", "Panel 4")
MAKES = (
    Make("Werk", "Pole"),
    Make("Werk", "Pole 2", version="2.1"),
    Make("Alt", "Eco", boots_on_reconnect=True, habits=("clock_slow",)),
)
ROTATIONS = ("RST", "STR", "TRS")


def build(*, now: datetime) -> Premises:
    return erect(LAYOUT, now=now)


LAYOUT = Layout(
    name="Office",
    use=Use.WORK,
    feeders=(
        Feeder("Main", None, (160_000, 160_000, 160_000)),
        Feeder("East", "Main", (80_000, 80_000, 80_000)),
        Feeder("West", "Main", (80_000, 80_000, 80_000)),
        *(
            Feeder(panel, ("East", "West")[number // 2], (63_000, 63_000, 63_000))
            for number, panel in enumerate(PANELS)
        ),
    ),
    outlets=tuple(
        Outlet(
            f"P{number + 1:02}",
            PANELS[number % len(PANELS)],
            ROTATIONS[number // len(PANELS) % len(ROTATIONS)],
            16_000,
            MAKES[number % len(MAKES)],
        )
        for number in range(CHARGE_POINTS)
    ),
    drivers=40,
    building_ma={"Main": (60_000, 60_000, 60_000)},
)
