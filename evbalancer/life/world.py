"""The world of a simulated life: who lives there, what they do, and what goes wrong."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from chargers.simulator import faults
from chargers.simulator.plant.battery import Car
from chargers.simulator.play.household import MODELS
from chargers.simulator.station import Station
from evbalancer.life.lines import Network
from evbalancer.life.server import Server
from evbalancer.life.truth import Story, WatchedSite
from evbalancer.ops.drill import place
from evbalancer.ops.drill.place import Place

HOUR_S = 3_600.0
# Mean seconds between two troubles of a charge point, and between two kills of the server.
TROUBLES_S = {"none": None, "mild": 4 * HOUR_S, "hard": 1_200.0}
KILLS_S = {"none": None, "mild": None, "hard": 2 * HOUR_S}
MILD = ("cut", "offline", "late_answers", "reboot", "replayed_start")
HARD = (
    *MILD,
    "silence",
    "profiles_rejected",
    "profiles_not_supported",
    "profiles_unanswered",
    "profiles_error",
    "faulted",
)
# A card that nobody has.
FOREIGN = "NOBODY"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be lived through. The same plan gives the same life."""

    seed: int = 1
    hours: float = 24.0
    faults: str = "mild"
    tick_s: float = 1.0


class World:
    """Charge points, cars, drivers and managers around a server; each a task on the simulated loop."""

    def __init__(self, plan: Plan, built: Place, network: Network, server: Server) -> None:
        self.plan = plan
        self.place = built
        self.story = Story()
        self.site = WatchedSite(
            "ws://life/ocpp", circuits=place.PARENTS, tick_s=plan.tick_s, seed=plan.seed, dial=network.dial
        )
        for spec in _mixed(built.specs):
            station = self.site.add(spec)
            station.settings.sample_s = 60
            self.site.keep_ends(station)
        self._server = server
        self._tasks: list[asyncio.Task[None]] = []
        self._api = APIClient(SERVER_NAME=_own_name())
        self._api.force_authenticate(built.manager)
        # How long a fault or an outage is still felt: who has power then, and when, is judged by the limits alone.
        self.calm_since_s = 0.0

    @property
    def stations(self) -> list[Station]:
        return list(self.site.charge_points.values())

    def begin(self) -> None:
        acts = [self._live(station) for station in self.stations]
        acts.append(self._manage())
        if (every_s := TROUBLES_S[self.plan.faults]) is not None:
            acts += [self._misbehave(station, every_s) for station in self.stations]
        if (every_s := KILLS_S[self.plan.faults]) is not None:
            acts.append(self._kill_now_and_then(every_s))
        self._tasks = [asyncio.ensure_future(act) for act in acts]

    async def end(self) -> None:
        """Nothing new happens, and what was broken is whole again. Raises what a person's act raised."""
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        if not self._server.runs:
            await self._server.start()

    # Drivers

    async def _live(self, station: Station) -> None:
        """A resident: comes in the evening, leaves in the morning, and sometimes does something else."""
        rng = self._rng("resident", station)
        tag = f"TAG{station.spec.id.split('-', 1)[0]}"
        model = rng.choice(MODELS)
        await asyncio.sleep(rng.expovariate(1 / (2 * HOUR_S)))
        while True:
            if station.connectors[1].car is None:
                await self._come(station, rng, tag, model)
            await asyncio.sleep(rng.uniform(0.2, 1.0) * rng.choice((HOUR_S, 10 * HOUR_S)))
            if rng.random() < 0.15 and station.connectors[1].car is not None:
                self.story.tell(station.spec.id, "the driver holds the card to the reader again")
                await station.present_card(tag)
                await asyncio.sleep(rng.uniform(60, HOUR_S))
            if await station.unplug() is not None:
                self.story.tell(station.spec.id, "the car leaves")
            await asyncio.sleep(rng.uniform(0.1, 1.0) * rng.choice((HOUR_S, 8 * HOUR_S)))

    async def _come(
        self, station: Station, rng: random.Random, tag: str, model: tuple[str, int, int, int]
    ) -> None:
        name, battery_wh, phases, max_ma = model
        car = Car(
            battery_wh=battery_wh,
            soc_pct=round(rng.triangular(5, 95, 40), 1),
            phases=phases,
            max_ma=max_ma,
            settle_s=round(rng.uniform(1.0, 5.0), 1),
            name=name,
        )
        shown = rng.choices((tag, None, FOREIGN), (20, 1, 1))[0]
        card = "without a card" if shown is None else f"with card {shown}"
        self.story.tell(station.spec.id, f"a {name} at {car.soc_pct} % comes {card}")
        await station.plug_in(car, id_tag=shown)

    # Managers

    async def _manage(self) -> None:
        """Cuts a circuit through the API now and then, and lifts the limit again."""
        rng = self._rng("manager")
        while True:
            await asyncio.sleep(rng.expovariate(1 / (3 * HOUR_S)))
            name, circuit_id = rng.choice(sorted(self.place.circuits.items()))
            pct = rng.randint(50, 90)
            body: dict[str, Any] = {"circuit_id": str(circuit_id), "pct": pct, "reason": "Life"}
            if rng.random() < 0.3:
                body["until"] = (timezone.now() + timedelta(seconds=rng.uniform(900, 7_200))).isoformat()
            self.story.tell("the manager", f"cuts {name} to {pct} %")
            limit = self._ask("/grid/limits", body)
            await asyncio.sleep(rng.uniform(60, 2 * HOUR_S))
            if "until" not in body:
                self.story.tell("the manager", f"lifts the limit of {name}")
                self._ask(f"/grid/limits/{limit['id']}/lift", {"reason": "Life"})

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._api.post(path, body, format="json", secure=True)
        if answer.status_code not in (200, 201):
            raise AssertionError(f"{path} answered {answer.status_code}: {answer.content.decode()[:300]}")
        told: dict[str, Any] = answer.json()
        return told

    # What goes wrong

    async def _misbehave(self, station: Station, every_s: float) -> None:
        rng = self._rng("troubles", station)
        kinds = MILD if self.plan.faults == "mild" else HARD
        while True:
            await asyncio.sleep(rng.expovariate(1 / every_s))
            kind, lasts_s = rng.choice(kinds), rng.choice((5.0, 60.0, 900.0)) * rng.uniform(0.2, 1.5)
            self.story.tell(station.spec.id, f"{kind} for {lasts_s:.0f} s")
            self._disturb(lasts_s)
            await faults.inject(station, kind, duration_s=lasts_s)

    async def _kill_now_and_then(self, every_s: float) -> None:
        rng = self._rng("kills")
        while True:
            await asyncio.sleep(rng.expovariate(1 / every_s))
            away_s = rng.choice((0.0, 5.0, 300.0)) * rng.uniform(0.5, 1.5)
            self.story.tell("the server", f"is killed and stays away for {away_s:.0f} s")
            self._disturb(away_s)
            await self._server.kill()
            await asyncio.sleep(away_s)
            await self._server.start()

    def _disturb(self, lasts_s: float) -> None:
        ends_s = asyncio.get_running_loop().time() + lasts_s
        self.calm_since_s = max(self.calm_since_s, ends_s)

    def _rng(self, what: str, station: Station | None = None) -> random.Random:
        who = "" if station is None else station.spec.id.split("-", 1)[0]
        return random.Random(f"{self.plan.seed}:{what}:{who}")


def _own_name() -> str:
    return next((host for host in settings.ALLOWED_HOSTS if "*" not in host), "localhost")


def _mixed(specs: Sequence[Any]) -> list[Any]:
    """Every third charge point speaks OCPP 2.0.1."""
    return [
        replace(spec, version="2.0.1", model="Drill 2") if number % 3 == 2 else spec
        for number, spec in enumerate(specs)
    ]
