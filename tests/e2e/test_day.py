"""A day of twelve drivers on ten spaces: real server, real sockets, real accounts; everything is asserted from the API."""

import asyncio
import csv
import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async

from chargers.simulator.plant.battery import Car
from chargers.simulator.play.site import Site
from drivers.models import Driver, IdTag
from scheduling.domain.booking import requests
from scheduling.domain.conduct import abuse
from tests.e2e import site as places
from tests.e2e.conftest import Server
from tests.factories.drivers import PASSWORD, manager_of
from tests.factories.pricing import TariffFactory

SPACES = [place[0] for place in places.PLACES]
NAMES = [f"Driver {number:02}" for number in range(1, 13)]
LIMIT_W = (places.TRANSFORMER_MA - places.BUILDING_MA) * 3 * 230 // 1000


class Person:
    """Somebody with a phone and a token."""

    def __init__(self, server: Server, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.AsyncClient(base_url=server.http, headers=headers, timeout=30)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body["results"] if isinstance(body, dict) and "results" in body else body

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self.http.post(path, json=body if body is not None else {})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def charging(self) -> list[dict[str, Any]]:
        status = await self.get("/drivers/charging/status")
        return status["charging"]

    async def told(self, kind: str) -> list[str]:
        return [row["text"] for row in await self.get("/drivers/notifications", kind=kind)]


@pytest.fixture
def built(transactional_db: None, settings: Any) -> places.Built:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    built = places.build()
    community = built.cluster.community
    community.overstay_grace_min = 0
    community.save()
    TariffFactory(community=community, overstay_per_hour_minor=360_000, emergency_surcharge_per_mwh_minor=1)
    manager = manager_of(community)
    manager.username = "boss"
    manager.set_password(PASSWORD)
    manager.save()
    Driver.objects.filter(community=community).update(retired_at=datetime.now(UTC))
    return built


@sync_to_async
def give_cards(built: places.Built) -> None:
    """Cards are handed out by a manager, at a desk."""
    for driver in Driver.objects.filter(community=built.cluster.community, name__in=NAMES):
        IdTag.objects.create(community_id=driver.community_id, driver=driver, token=card(driver.name))


def card(name: str) -> str:
    return f"CARD{name[-2:]}"


async def until(check: Callable[[], Any], *, within_s: float = 40) -> Any:
    """Ask again until it is true."""
    deadline = time.monotonic() + within_s
    while not (found := await check()):
        assert time.monotonic() < deadline, check
        await asyncio.sleep(0.2)
    return found


async def open_accounts(server: Server, built: places.Built) -> tuple[Person, list[Person]]:
    nobody = Person(server)
    boss = Person(
        server, (await nobody.post("/auth/token", {"username": "boss", "password": PASSWORD}))["access"]
    )
    guests = "name,email,unit\n" + "".join(f"{name},{name[-2:]}@example.org,{name[-2:]}\n" for name in NAMES)
    invited = await boss.post("/drivers/invitations/import", {"csv": guests}, status=201)
    drivers = []
    for name, invitation in zip(NAMES, invited, strict=True):
        opened = await nobody.post(
            "/auth/invitation",
            {"token": invitation["token"], "username": f"driver-{name[-2:]}", "password": PASSWORD},
            status=201,
        )
        drivers.append(Person(server, opened["access"]))
    await nobody.http.aclose()
    await give_cards(built)
    return boss, drivers


async def plan(drivers: list[Person], connectors: dict[str, str]) -> list[dict[str, Any]]:
    """Ten book a space of their own, two ask for any: there is none, so they queue."""
    now = datetime.now(UTC)
    slots = []
    for number, driver in enumerate(drivers):
        car = await driver.post(
            "/fleet/vehicles",
            {"name": "Car", "battery_wh": 60_000, "phases": 3, "max_current_ma": 32_000},
            status=201,
        )
        body = {
            "vehicle_id": car["id"],
            "energy_wh": 8_000,
            "ready_by": (now + timedelta(hours=6)).isoformat(),
        }
        if number < len(SPACES):
            body["connector_id"] = connectors[SPACES[number]]
        slots.append(await driver.post("/drivers/slot/request", body, status=201))
    return slots


async def connectors_are(boss: Person, field: str, wanted: Callable[[Any], bool]) -> None:
    async def reached() -> bool:
        return all(wanted(row[field]) for row in await boss.get("/chargers/connectors"))

    await until(reached)


async def draw(drivers: list[Person]) -> list[dict[str, Any]]:
    return [row for driver in drivers[:10] for row in await driver.charging()]


async def plug_in(site: Site, drivers: list[Person]) -> None:
    """The reservation opens for its own card only, each start uses its slot, and the sum keeps the limit."""
    assert not await site["A1"].present_card(card(NAMES[11]))
    for name, space in zip(NAMES, SPACES, strict=False):
        car = Car(battery_wh=60_000, soc_pct=20, phases=3, max_ma=32_000, settle_s=2.0)
        await site[space].plug_in(car, id_tag=card(name))

    async def all_draw() -> list[dict[str, Any]]:
        rows = await draw(drivers)
        return rows if [bool(row["power_w"]) for row in rows] == [True] * 10 else []

    rows = await until(all_draw)
    assert all(row["why"] and row["ready_by"] and row["state"] == "charging" for row in rows)
    assert sum(row["power_w"] for row in rows) <= LIMIT_W


async def claim_emergencies(drivers: list[Person]) -> None:
    """Refused to who has no car here, bounded for who can't prove it; the others are told why they get less."""
    claim = {
        "reason": "Hospital",
        "energy_wh": 20_000,
        "needed_by": (datetime.now(UTC) + timedelta(hours=2)).isoformat(),
    }
    refused = await drivers[11].post("/drivers/emergency/request", claim, status=201)
    assert (refused["state"], len(refused["reasons"])) == ("refused", 1)
    granted = await drivers[1].post("/drivers/emergency/request", claim, status=201)
    assert (granted["state"], granted["granted_wh"]) == ("accepted", 10_000)
    assert granted["reasons"][0] == "No linked car tells its charge."

    async def served_first() -> bool:
        [row] = await drivers[1].charging()
        return row["state"] == "emergency" and row["limit_ma"] >= granted["minimum_ma"]

    await until(served_first)
    assert "An emergency nearby is served first" in (await drivers[0].told("power_cut"))[0]
    assert sum(row["power_w"] or 0 for row in await draw(drivers)) <= LIMIT_W


async def overstay(boss: Person, driver: Person, neighbour: Person, connector_id: str) -> None:
    """Done, still there, and somebody waits: the scan finds it, a manager judges, the driver appeals and is heard."""
    await driver.post(f"/chargers/connectors/{connector_id}/stop", status=202)

    async def done() -> bool:
        [row] = await driver.charging()
        return bool(row["state"] == "plugged in")

    await until(done)
    await asyncio.sleep(1.1)  # a fee and a finding count whole seconds of others' waiting
    await sync_to_async(abuse.scan_communities)(now=datetime.now(UTC))
    [finding] = await driver.get("/drivers/findings")
    assert (finding["kind"], finding["state"]) == ("overstay", "open")
    assert finding["evidence"]["others_waited_s"] >= 1
    assert await neighbour.get("/drivers/findings") == []
    await boss.post(f"/drivers/findings/{finding['id']}/decide", {"accept": True, "reason": "Others wait"})
    [strike] = await driver.get("/drivers/strikes")
    assert strike["evidence"] == finding["evidence"]
    await driver.post(f"/drivers/strikes/{strike['id']}/appeal", {"text": "I am on my way down."})
    await boss.post(f"/drivers/strikes/{strike['id']}/decide", {"lift": True, "decision": "Came at once"})
    assert (await driver.told("standing"))[0] == "Your strike is lifted: Came at once"


async def leave(site: Site, boss: Person, drivers: list[Person]) -> None:
    """The fee of the overstay is on the bill, and the first of the queue gets the space."""
    await site["A3"].unplug()

    async def billed() -> bool:
        return {line["kind"] for line in await drivers[2].get("/pricing/bills")} == {"energy", "overstay"}

    await until(billed)
    await sync_to_async(requests.improve_after_departures)(now=datetime.now(UTC))
    queue = [(await driver.get("/drivers/slot"))[0]["state"] for driver in drivers[10:]]
    assert queue == ["promised", "queued"]
    for space in SPACES:
        if space != "A3":
            await site[space].unplug()

    async def all_closed() -> bool:
        return [row["state"] for row in await boss.get("/drivers/sessions")] == ["ended"] * 10

    await until(all_closed)


async def read_report(boss: Person, driver: Person) -> None:
    """Ledger, meter and bills say the same energy, to the watt-hour; a driver sees no other name."""
    report = await boss.get("/analytics/fairness")
    sessions = await boss.get("/drivers/sessions")
    bills = [line for row in sessions for line in row["bill_lines"] if line["kind"] == "energy"]
    received_wh = sum(line["received_wh"] for line in report["drivers"])
    assert report["sessions"] == len(report["drivers"]) == 10
    assert (
        sum(line["energy_wh"] for line in bills) == sum(row["energy_wh"] for row in sessions) == received_wh
    )
    assert received_wh > 0
    own = await driver.get("/analytics/fairness")
    assert [line["name"] for line in own["drivers"]] == [NAMES[0]]
    assert len(own["deciles"]) == 9
    [_, *table] = csv.reader(io.StringIO((await boss.http.get("/analytics/fairness.csv")).text))
    assert sorted(row[0] for row in table) == NAMES[:10]


@pytest.mark.drill
async def test_a_day_of_twelve_drivers(built: places.Built, server: Server) -> None:
    async with built.site(server.ocpp, tick_s=0.1, seed=11) as site:
        await site.connected(timeout_s=20)
        boss, drivers = await open_accounts(server, built)
        await connectors_are(boss, "fallback_confirmed_at", bool)
        connectors = {row["name"].split("/")[0]: row["id"] for row in await boss.get("/chargers/connectors")}

        slots = await plan(drivers, connectors)
        assert [slot["state"] for slot in slots] == ["promised"] * 10 + ["queued"] * 2
        assert [slot["position"] for slot in slots[10:]] == [1, 2]
        assert sum(slot["promised_wh"] for slot in slots) <= LIMIT_W * 6
        await connectors_are(boss, "status", lambda status: status == "Reserved")

        await plug_in(site, drivers)
        assert [slot["state"] for slot in await boss.get("/drivers/slot", state="active")] == ["active"] * 10
        await claim_emergencies(drivers)
        await overstay(boss, drivers[2], drivers[3], connectors["A3"])
        await leave(site, boss, drivers)
        await read_report(boss, drivers[0])
        for person in (boss, *drivers):
            await person.http.aclose()
