"""A workshop where charge points of the field are tried out, each with a way of its own, and cars come and go all day."""

from datetime import datetime

from chargers.models import ChargePoint, Connector
from chargers.simulator.profiles import KeyedBy
from evbalancer.life.sites.layout import Feeder, Layout, Make, Outlet, erect
from evbalancer.life.sites.premises import Premises, Use

PLAIN = Make("Plain", "P1")
PLAIN_2 = Make("Plain", "P2", version="2.0.1")
# By place: the feeder that it hangs on, and the make with its habits.
BENCHES = {
    "N1": ("Narrow", PLAIN),
    "N2": ("Narrow", Make("Plain", "P1", habits=("taps",))),
    "N3": ("Narrow", PLAIN_2),
    "T1": ("Twin", Make("Twin", "T1", connectors=2, keyed_by=KeyedBy.ID)),
    "W1": ("Wild", Make("Watts", "W1", habits=("no_current", "wild_cars"))),
    "W2": ("Wild", Make("Weld", "W2", habits=("welds",))),
    "W3": ("Wild", PLAIN),
    "F1": ("Wide", Make("Free", "F1", habits=("denial_ignored", "foreign_cards"))),
    "B1": ("Wide", Make("Wordy", "B1", habits=("long_words",))),
    "B2": ("Wide", Make("Twice", "B2", version="2.0.1", habits=("begin_follows",))),
    "B3": ("Wide", Make("Lone", "B3", version="2.0.1", habits=("register_on_l1",))),
    "B4": ("Wide", Make("Zero", "B4", habits=("transaction_zero",))),
    "B5": ("Wide", Make("Late", "B5", version="2.0.1", connectors=2, habits=("late_evse",))),
    "B6": ("Wide", Make("Again", "B6", version="2.0.1", habits=("crashes",))),
    "B7": ("Wide", Make("Lost", "B7", habits=("forgets",))),
    "B8": ("Wide", Make("High", "B8", habits=("highest_stop",))),
    "B9": ("Wide", Make("Watt", "B9", habits=("profiles_in_watts",))),
    "B10": ("Wide", Make("Ends", "B10", version="2.0.1", habits=("begin_follows", "metered_at_ends"))),
    "C1": ("Wide", Make("Crash", "C1", habits=("crashes",))),
    "C2": ("Wide", Make("Boots", "C2", habits=("boots",))),
    "R1": ("Wide", Make("No", "R1", habits=("profiles_rejected",))),
    "U1": ("Wide", Make("Mute", "U1", habits=("mutes",))),
    "P1": ("Wide", Make("Again", "P1", habits=("replayed_start",))),
    "H1": ("Wide", Make("Hangs", "H1", habits=("hangs",))),
    "H2": ("Wide", Make("Faints", "H2", habits=("faints",))),
    "D1": ("Doubt", Make("Mute", "U1", habits=("mutes",))),
    "D2": ("Doubt", PLAIN),
    "D3": ("Refusal", Make("Deaf", "D3", reads_back=False, habits=("profiles_rejected",))),
    "D4": ("Refusal", PLAIN),
    "S1": ("Sleep", Make("Sleepy", "S1", habits=("sleepy_cars",))),
    "S2": ("Sleep", PLAIN),
}
NAMEPLATE_MA = {
    "Narrow": 16_000,
    "Twin": 32_000,
    "Wild": 32_000,
    "Wide": 16_000,
    "Doubt": 16_000,
    "Refusal": 16_000,
    "Sleep": 16_000,
}
# Built into a row of the books, and not yet on a wall.
PLANNED = "N4"


def build(*, now: datetime) -> Premises:
    place = erect(LAYOUT, now=now)
    planned = ChargePoint.objects.create(
        community_id=place.cluster.community_id,
        cluster=place.cluster,
        identity=f"{PLANNED}-{place.cluster.community.slug}",
        name=PLANNED,
    )
    Connector.objects.create(
        community_id=place.cluster.community_id,
        charge_point=planned,
        circuit_id=place.circuits["Narrow"],
        number=1,
        phase_rotation="RST",
        max_current_ma=NAMEPLATE_MA["Narrow"],
    )
    return place


LAYOUT = Layout(
    name="Workshop",
    use=Use.WORKSHOP,
    feeders=(
        Feeder("Main", None, (400_000, 400_000, 400_000)),
        Feeder("Narrow", "Main", (21_000, 21_000, 21_000)),
        Feeder("Twin", "Main", (24_000, 24_000, 24_000)),
        Feeder("Wild", "Main", (45_000, 45_000, 45_000)),
        Feeder("Doubt", "Main", (21_000, 21_000, 21_000)),
        Feeder("Refusal", "Main", (21_000, 21_000, 21_000)),
        Feeder("Sleep", "Main", (15_000, 15_000, 15_000)),
        Feeder("Wide", "Main", (300_000, 300_000, 300_000)),
    ),
    outlets=tuple(
        Outlet(place, feeder, "RST", NAMEPLATE_MA[feeder], make) for place, (feeder, make) in BENCHES.items()
    ),
    drivers=len(BENCHES) + 1,
    everybody_first=True,
)
