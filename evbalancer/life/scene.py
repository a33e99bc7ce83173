"""What everybody in a simulated life shares: the place, what happens in it, and a chance of one's own."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from chargers.simulator import faults
from chargers.simulator.station import Station
from evbalancer.demo.seed import IDENTITY
from evbalancer.life.dialects import DIALECTS, bender
from evbalancer.life.lines import Network
from evbalancer.life.plan import Plan
from evbalancer.life.sites.premises import Premises, tear_down
from evbalancer.life.truth import Story, WatchedSite

HOUR_S = 3_600.0


class Scene:
    """Where people and troubles act. They tell the story what they do."""

    def __init__(self, plan: Plan, place: Premises, network: Network) -> None:
        self.plan = plan
        self.place = place
        self.story = Story()
        self.site = WatchedSite(
            "ws://life/ocpp",
            circuits=dict(place.parents),
            tick_s=plan.tick_s,
            seed=plan.seed,
            dial=network.dial,
        )
        # Names of all that happened, in its order.
        self.happened: list[str] = []
        self._counts: Counter[str] = Counter()
        for spec in place.specs:
            if not self.happens(short(spec.id), "charge point"):
                tear_down(spec.id)
                continue
            station = self.site.add(spec)
            station.settings.sample_s = 60
            self.site.keep_ends(station)
            habits = place.habits.get(spec.id, ())
            for habit in habits:
                if habit in faults.KINDS:
                    faults.begin(station, habit)
            if dialects := [habit for habit in habits if habit in DIALECTS]:
                network.bends[spec.id] = bender(dialects)
        # Whether somebody answers at the API, and which charge points are without power while people work on them.
        self.is_served: Callable[[], bool] = lambda: True
        self.out_of_order: set[str] = set()
        # How long a fault or an outage is still felt: who has power then, and when, is judged by the limits alone.
        self.calm_since_s = 0.0
        self.clock_wrong_until_s = 0.0
        # The same of the clocks of charge points, by identity.
        self.clocks_wrong_until_s: dict[str, float] = {}
        # Until when frames of a charge point may be lost, by identity.
        self.frames_lost_until_s: dict[str, float] = {}
        # Since when the server has been whole: its process, its database and its clock.
        self.server_whole_since_s = 0.0
        # When the meter of a circuit last spoke.
        self.meters_spoke_at_s: dict[str, float] = {}

    @property
    def stations(self) -> list[Station]:
        return list(self.site.charge_points.values())

    def happens(self, who: str, what: str) -> bool:
        """Whether the plan leaves this in. Ask about everything that a life can be without, after chance was asked about it."""
        self._counts[f"{who}: {what}"] += 1
        name = f"{who}: {what} {self._counts[f'{who}: {what}']}"
        only = self.plan.only
        if only is not None and not any(fnmatchcase(name, each) for each in only):
            return False
        self.happened.append(name)
        return True

    def local_now(self) -> datetime:
        """By the clock of the community."""
        return datetime.now(ZoneInfo(self.place.cluster.community.time_zone))

    def seconds_to(self, hour: float) -> float:
        """Until the clock of the community next shows that hour and its fraction."""
        now = self.local_now()
        moment = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour)
        # Of the same zone, a difference is one of wall clocks; elapsed time is one of UTC.
        while moment.astimezone(UTC) <= now.astimezone(UTC):
            moment += timedelta(days=1)
        return (moment.astimezone(UTC) - now.astimezone(UTC)).total_seconds()

    @property
    def is_clock_wrong(self) -> bool:
        """The server's clock is wrong, or has been until a moment ago."""
        return time.monotonic() < self.clock_wrong_until_s

    def has_wrong_clock(self, station: Station) -> bool:
        """Its clock or the server's is wrong, or has been: a limit that ends at a moment ends early or late."""
        return self.is_clock_wrong or self.has_own_clock_wrong(station)

    def has_own_clock_wrong(self, station: Station) -> bool:
        """The same of its clock alone."""
        return time.monotonic() < self.clocks_wrong_until_s.get(station.spec.id, 0.0)

    def disturb(self, lasts_s: float) -> None:
        """Something goes wrong for so long."""
        ends_s = asyncio.get_running_loop().time() + lasts_s
        self.calm_since_s = max(self.calm_since_s, ends_s)

    def disturb_server(self, lasts_s: float) -> None:
        """Something goes wrong with the server itself for so long: in this time it may do nothing at all."""
        ends_s = asyncio.get_running_loop().time() + lasts_s
        self.server_whole_since_s = max(self.server_whole_since_s, ends_s)
        self.disturb(lasts_s)

    def chance(self, what: str, station: Station | None = None) -> random.Random:
        """Chance of the seed that nobody else draws from."""
        who = "" if station is None else short(station.spec.id)
        return random.Random(f"{self.plan.seed}:{what}:{who}")


def short(identity: str) -> str:
    """The name of a charge point within its site."""
    # The demo's begin with the name of the site, the others end with it.
    return identity.removeprefix(IDENTITY).split("-", 1)[0]
