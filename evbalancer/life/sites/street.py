"""Posts in a street: two sockets each, makes that do things their own way, and people who have a card and no account."""

from datetime import datetime

from chargers.simulator.profiles import KeyedBy
from evbalancer.life.sites.layout import Feeder, Layout, Make, Outlet, erect
from evbalancer.life.sites.premises import Premises, Use

MAKES = (
    Make("Laterne", "L1", connectors=2, keyed_by=KeyedBy.LEVEL, rate_units=("W",)),
    Make(
        "Poller",
        "P7",
        connectors=2,
        keyed_by=KeyedBy.ID,
        boots_on_reconnect=True,
        habits=("repeated_events", "meter_without_current"),
    ),
    Make(
        "Saule",
        "S",
        connectors=2,
        keyed_by=KeyedBy.SLOT,
        hex_keys=True,
        reads_back=False,
        habits=("meter_register_by_phase",),
    ),
    Make("Neu", "N2", version="2.0.1", connectors=2, habits=("renumbered_events",)),
)
SEGMENTS = ("North", "South")


def build(*, now: datetime) -> Premises:
    return erect(LAYOUT, now=now)


LAYOUT = Layout(
    name="Street",
    use=Use.STREET,
    feeders=(
        Feeder("Cabinet", None, (80_000, 80_000, 80_000)),
        *(Feeder(segment, "Cabinet", (50_000, 50_000, 50_000)) for segment in SEGMENTS),
    ),
    outlets=tuple(
        Outlet(f"{segment[0]}{number}", segment, ("RST", "STR", "TRS", "RST")[number - 1], 32_000, make)
        for segment in SEGMENTS
        for number, make in enumerate(MAKES, start=1)
    ),
    drivers=25,
    with_accounts=False,
)
