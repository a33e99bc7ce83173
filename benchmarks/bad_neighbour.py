"""One community does its worst: what do the charge points of another one feel of it?

    DATABASE_URL=postgres://... .venv/bin/python benchmarks/bad_neighbour.py [--charge-points 20] [--seconds 30] [--json]

One server, two communities. In the bad one every charge point plays whole transactions in a closed loop; its drivers book and cancel, its
manager changes limits and draws exports, each as fast as answers come, and 59 wishes wait all the time. The charge points of the good one
charge and send MeterValues each second. Measured first with the bad one silent, then with it at its worst: the time to each answer, and
from the good manager's `POST /grid/limits` to the last lower limit on the good charge points' wire.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import django  # noqa: E402
import own_database  # noqa: E402

django.setup()

import load  # noqa: E402
import ocpp_endpoint  # noqa: E402
import transactions  # noqa: E402
import uvloop  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from chargers.models import ChargePoint  # noqa: E402
from drivers.enums import Role  # noqa: E402
from drivers.models import Driver, Membership, User  # noqa: E402
from evbalancer.common.loopback import free_port  # noqa: E402
from grid.models import Circuit, Community  # noqa: E402

WISHES = 59
BOOKING_DRIVERS = 4
CUTS = 3
SETTLED_S = 8.0
LONGEST_CUT_S = 30.0
LONGEST_RETURN_S = 120.0


class Person:
    """Somebody with a token, over HTTP."""

    def __init__(self, port: int, user: User) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._token = str(AccessToken.for_user(user))
        self.answers: Counter[int] = Counter()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.answers[answer.status] += 1
                text = answer.read()
                return json.loads(text) if text[:1] in (b"{", b"[") else None
        except urllib.error.HTTPError as refusal:
            self.answers[refusal.code] += 1
            return None


class Charging:
    """A good charge point: boots, begins a transaction, sends MeterValues each second, takes every limit."""

    def __init__(self, peer: load.Peer, card: str) -> None:
        self.peer, self._card = peer, card
        self._messages, self._register, self._transaction, self._asked_s = 0, 0, 0, 0.0
        self.waits_ms: list[float] = []
        self.limit_a, self.limited_s = 0.0, 0.0
        self.charges = asyncio.Event()

    def begin(self) -> None:
        boot = {"chargePointVendor": "Benchmark", "chargePointModel": "Neighbour"}
        self.peer.send(json.dumps([2, "boot", "BootNotification", boot]).encode())

    def meter(self) -> None:
        if self._asked_s:
            return  # the one before is not answered: its wait goes on
        self._messages += 1
        self._register += self.limit_a > 0
        self._asked_s = time.perf_counter()
        self.peer.send(
            load.meter_values(self._messages, self._transaction, self._register, is_drawing=self.limit_a > 0)
        )

    def hear(self, text: bytes) -> None:
        frame = json.loads(text)
        if frame[0] == 2:
            self.peer.send(json.dumps([3, frame[1], {"status": "Accepted"}]).encode())
            profile = frame[3].get("csChargingProfiles", {})
            if profile.get("chargingProfilePurpose") == "TxProfile":
                self.limit_a = profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
                self.limited_s = time.perf_counter()
                self.charges.set()
        elif frame[1] == "boot":
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            start = {"connectorId": 1, "idTag": self._card, "meterStart": 0, "timestamp": at}
            self.peer.send(json.dumps([2, "start", "StartTransaction", start]).encode())
        elif frame[1] == "start":
            self._transaction = frame[2]["transactionId"]
        else:
            self.waits_ms.append((time.perf_counter() - self._asked_s) * 1_000)
            self._asked_s = 0.0


def manager_of(community: Community) -> User:
    user = User.objects.create(username=f"manager-{community.slug}")
    Membership.objects.create(community=community, user=user, role=Role.MANAGER)
    return user


def drivers_of(community: Community, count: int) -> list[User]:
    users = []
    for number, driver in enumerate(Driver.objects.filter(community=community)[:count]):
        user = User.objects.create(username=f"driver-{community.slug}-{number}")
        Membership.objects.create(community=community, user=user, role=Role.DRIVER)
        Driver.objects.filter(pk=driver.pk).update(user=user)
        users.append(user)
    return users


def books(person: Person, standing: int) -> Iterator[None]:
    """As many wishes as may wait, then one after the other given back and asked for again."""
    made: list[str] = []
    hours = cycle(range(6, 20))
    while True:
        wish = {
            "energy_wh": 20_000,
            "ready_by": (datetime.now(UTC) + timedelta(hours=next(hours))).isoformat(),
            "flexible": True,
        }
        slot = person.ask("POST", "/drivers/slot/request", wish)
        if slot is not None:
            made.append(slot["id"])
        if len(made) > standing or (slot is None and made):
            person.ask("POST", f"/drivers/slot/{made.pop(0)}/cancel")
        yield


def manages(person: Person, root_id: str) -> Iterator[None]:
    """Limits imposed and lifted, and exports."""
    while True:
        body = {"circuit_id": root_id, "pct": 50, "reason": "Works"}
        limit = person.ask("POST", "/grid/limits", body)
        person.ask("GET", "/analytics/fairness.csv")
        person.ask("GET", "/drivers/slot?limit=200")
        if limit is not None:
            person.ask("POST", f"/grid/limits/{limit['id']}/lift")
        yield


def keep_doing(act: Iterator[None], until: threading.Event) -> None:
    while not until.is_set():
        next(act)


async def cut_s(manager: Person, root_id: str, good: list[Charging]) -> float:
    """From the request to the last limit of 0 A on the wire; every car had power before."""
    async with asyncio.timeout(LONGEST_RETURN_S):
        while not all(one.limit_a > 0 for one in good):  # noqa: ASYNC110 (many sockets, one condition)
            await asyncio.sleep(0.05)
    began_s = time.perf_counter()
    body = {"circuit_id": root_id, "pct": 0, "reason": "A cut"}
    limit = await asyncio.to_thread(manager.ask, "POST", "/grid/limits", body)
    async with asyncio.timeout(LONGEST_CUT_S):
        while any(one.limit_a > 0 for one in good):  # noqa: ASYNC110 (many sockets, one condition)
            await asyncio.sleep(0.005)
    took_s = max(one.limited_s for one in good) - began_s
    await asyncio.to_thread(manager.ask, "POST", f"/grid/limits/{limit['id']}/lift")
    return took_s


async def observe(good: list[Charging], manager: Person, root_id: str, seconds: float) -> dict[str, float]:
    for one in good:
        one.waits_ms.clear()
    began_s, cuts = time.perf_counter(), []
    pause_s = seconds / CUTS
    for number in range(CUTS):
        cuts.append(await cut_s(manager, root_id, good))
        await asyncio.sleep(max(0.0, began_s + (number + 1) * pause_s - time.perf_counter()))
    waits_ms = [wait for one in good for wait in one.waits_ms]
    return {
        "meter_values": len(waits_ms),
        "meter_values_p50_ms": statistics.median(waits_ms),
        "meter_values_p99_ms": statistics.quantiles(waits_ms, n=100)[98],
        "meter_values_most_ms": max(waits_ms),
        "cut_most_s": max(cuts),
        "cut_median_s": statistics.median(cuts),
        "load": os.getloadavg()[0],
    }


async def meter_each_second(good: list[Charging]) -> None:
    while True:
        for one in good:
            one.meter()
            await asyncio.sleep(1 / len(good))


async def prepare(port: int, count: int) -> tuple[Any, ...]:
    """Two communities with their people; the bad one's and the good one's charge points."""

    def seed() -> tuple[Any, ...]:
        seeded = transactions.seed(2 * count, 2)
        bad, good = seeded[:count], seeded[count:]
        people = []
        for places in (bad, good):
            station = ChargePoint.objects.select_related("community").get(identity=places[0][0])
            root = Circuit.objects.get(cluster=station.cluster_id, parent=None)
            manager = Person(port, manager_of(station.community))
            drivers = [Person(port, user) for user in drivers_of(station.community, BOOKING_DRIVERS)]
            people.append((manager, drivers, str(root.pk)))
        return bad, good, *people

    return await sync_to_async(seed)()


async def play(port: int, args: Any) -> dict[str, Any]:
    bad_places, good_places, bad_people, (manager, _, root_id) = await prepare(port, args.charge_points)
    good: dict[load.Peer, Charging] = {}
    peers, _ = await load.open_peers(
        port,
        [identity for identity, _ in good_places],
        password=transactions.KEY,
        on_text=lambda peer, text: good[peer].hear(text),
    )
    good |= {peer: Charging(peer, card) for peer, (_, card) in zip(peers, good_places, strict=True)}
    charging = list(good.values())
    for one in charging:
        one.begin()
    async with asyncio.timeout(120):
        await asyncio.gather(*(one.charges.wait() for one in charging))
    metering = asyncio.create_task(meter_each_second(charging))
    await asyncio.sleep(SETTLED_S)
    results = {f"alone_{k}": v for k, v in (await observe(charging, manager, root_id, args.seconds)).items()}
    done, threads, loops = await misbehave(port, bad_places, bad_people)
    await asyncio.sleep(SETTLED_S)
    results |= {
        f"beside_{k}": v for k, v in (await observe(charging, manager, root_id, args.seconds)).items()
    }
    done.set()
    metering.cancel()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    bad_manager, bookers, _ = bad_people
    answers = sum((person.answers for person in [bad_manager, *bookers]), Counter())
    results["bad_answers"] = {str(status): count for status, count in sorted(answers.items())}
    results["bad_transactions"] = sum(loop.transactions for loop in loops)
    results["good_answers"] = {str(status): count for status, count in sorted(manager.answers.items())}
    return results


async def misbehave(
    port: int, places: list[tuple[str, str]], people: tuple[Person, list[Person], str]
) -> tuple[threading.Event, list[threading.Thread], list[transactions.Loop]]:
    """Everything at once, until the event is set."""
    manager, bookers, root_id = people
    waits: dict[str, list[float]] = defaultdict(list)
    loops: dict[load.Peer, transactions.Loop] = {}
    peers, _ = await load.open_peers(
        port,
        [identity for identity, _ in places],
        password=transactions.KEY,
        on_text=lambda peer, text: loops[peer].hear(text),
    )
    loops |= {
        peer: transactions.Loop(peer, card, waits) for peer, (_, card) in zip(peers, places, strict=True)
    }
    for loop in loops.values():
        loop.say()
    done = threading.Event()
    acts = [manages(manager, root_id), *(books(person, WISHES // len(bookers)) for person in bookers)]
    threads = [threading.Thread(target=keep_doing, args=(act, done), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    return done, threads, list(loops.values())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--charge-points", type=int, default=20, help="in each community")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    args = parser.parse_args()
    own_database.migrate()
    port = free_port()
    with ocpp_endpoint.server(*ocpp_endpoint.our_server(port), port=port, balance="inprocess"):
        results = uvloop.run(play(port, args))
    transactions.tell(results, as_json=args.json)


if __name__ == "__main__":
    main()
