"""Somebody who tries out a charge point: plugs in, does what its habits ask for, leaves, and comes again."""

import asyncio
import random
from collections.abc import Sequence

from chargers.simulator import faults
from chargers.simulator.plant.battery import MIN_MA, Car
from chargers.simulator.station import Station
from evbalancer.life.people.visit import FOREIGN
from evbalancer.life.scene import Scene, short
from evbalancer.life.sites.premises import Member

AWAY_S, STAYS_S = (60, 400), (700, 2_000)
# Some boot twelve times in a minute: their mains are loose.
BOOTS, BOOTS_EVERY_S = 12, 4.0
METERED_EVERY_S = 10.0
SLEEPS_BELOW_MA = 8_000
# Between a stop and the next start.
PAUSE_S = 60.0
# How often and how long one that hangs takes orders without a word before its line is cut.
HANGS, HANGS_S = 3, 40.0
# One that faints answers nothing after its boot, and is then away for longer than an order waits.
DAZED_S, FAINTS_S = 15.0, 240.0


async def try_out(scene: Scene, station: Station, connector: int, member: Member) -> None:
    habits = scene.place.habits.get(station.spec.id, ())
    rng = scene.chance(f"tester {connector}", station)
    place = short(station.spec.id)
    who = place if len(station.connectors) == 1 else f"{place}/{connector}"
    card = FOREIGN if "foreign_cards" in habits else member.card
    while True:
        await asyncio.sleep(rng.uniform(*AWAY_S))
        car, stays_s = _car(rng, habits), rng.uniform(*STAYS_S)
        if not scene.happens(place, f"car at {connector}"):
            continue
        scene.story.tell(who, f"a car at {car.soc_pct} % comes with card {card}")
        if "mutes" in habits:
            # It obeys each limit, and answers none.
            faults.begin(station, "profiles_unanswered")
        # Some begin first, and ask afterwards whose card it is.
        is_hasty = "foreign_cards" in habits
        await station.plug_in(car, id_tag=None if is_hasty else card, connector_id=connector)
        if is_hasty:
            station.begin_transaction(station.connectors[connector], card)
        await asyncio.sleep(stays_s / 2)
        faults.end(station, "profiles_unanswered")
        for habit in habits:
            if habit in HABITS and scene.happens(place, habit):
                await HABITS[habit](scene, station, connector, who, card)
        await asyncio.sleep(stays_s / 2)
        scene.story.tell(who, "the car leaves")
        await station.unplug(connector_id=connector)
        faults.end(station, "contactor_welded")


def _car(rng: random.Random, habits: Sequence[str]) -> Car:
    is_wild = "wild_cars" in habits
    return Car(
        soc_pct=round(rng.uniform(20, 60), 1),
        max_ma=32_000 if is_wild or "welds" in habits else 16_000,
        min_ma=SLEEPS_BELOW_MA if "sleepy_cars" in habits else MIN_MA,
        settle_s=round(rng.uniform(2.0, 5.0), 1),
        obeys=not is_wild,
        name="car",
    )


async def _tap(scene: Scene, station: Station, connector: int, who: str, card: str) -> None:
    scene.story.tell(who, "the driver stops with the card, and starts again")
    await station.present_card(card, connector_id=connector)
    await asyncio.sleep(PAUSE_S)
    await station.present_card(card, connector_id=connector)


async def _crash(scene: Scene, station: Station, _connector: int, who: str, _card: str) -> None:
    scene.story.tell(who, "crashes, boots and goes on with its transaction")
    faults.begin(station, "crash_in_transaction")


async def _forget(scene: Scene, station: Station, _connector: int, who: str, _card: str) -> None:
    scene.story.tell(who, "crashes, boots and has forgotten its transaction")
    faults.begin(station, "crash_and_forget")


async def _boot(scene: Scene, station: Station, _connector: int, who: str, _card: str) -> None:
    scene.story.tell(who, f"boots {BOOTS} times")
    for _ in range(BOOTS):
        scene.disturb(BOOTS_EVERY_S)
        faults.begin(station, "crash_in_transaction")
        await asyncio.sleep(BOOTS_EVERY_S)


async def _weld(scene: Scene, station: Station, connector: int, who: str, card: str) -> None:
    """The driver stops, and the power does not; the meter says so, without a transaction."""
    scene.story.tell(who, "the contactor sticks when the driver stops")
    faults.begin(station, "contactor_welded")
    await station.present_card(card, connector_id=connector)
    for _ in range(30):
        station.announce_sample(station.connectors[connector], "Sample.Periodic")
        await asyncio.sleep(METERED_EVERY_S)


async def _hang(scene: Scene, station: Station, _connector: int, who: str, _card: str) -> None:
    scene.story.tell(who, f"takes limits and does not answer, until its line is cut, {HANGS} times")
    for _ in range(HANGS):
        scene.disturb(HANGS_S)
        faults.begin(station, "profiles_unanswered")
        await asyncio.sleep(HANGS_S)
        faults.begin(station, "cut")
        faults.end(station, "profiles_unanswered")
        await asyncio.sleep(PAUSE_S)


async def _faint(scene: Scene, station: Station, _connector: int, who: str, _card: str) -> None:
    scene.story.tell(who, f"boots, answers nothing, and is away for {FAINTS_S:.0f} s")
    scene.disturb(DAZED_S + FAINTS_S)
    faults.begin(station, "never_answers")
    faults.begin(station, "crash_in_transaction")
    await asyncio.sleep(DAZED_S)
    faults.begin(station, "offline")
    await asyncio.sleep(FAINTS_S)
    faults.end(station, "never_answers")
    faults.end(station, "offline")


HABITS = {
    "taps": _tap,
    "crashes": _crash,
    "forgets": _forget,
    "boots": _boot,
    "welds": _weld,
    "hangs": _hang,
    "faints": _faint,
}
