"""Chargers of three makes that nobody has met before, on the wire: what they honour is learnt from their first transaction."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chargers.models import ChargePoint, Connector, Make
from chargers.simulator import faults
from chargers.simulator.plant.battery import Car
from chargers.simulator.play.site import Site
from chargers.simulator.profiles import Period, Profile, Purpose, Running, Schedule
from evbalancer.ops.drill.processes import BRISK
from tests.e2e import site as places

FALLBACK_MA = 6_000
MODELS = {"A1": "Good", "A2": "Forgetful", "A3": "Meddled with"}


@pytest.fixture
def built(transactional_db: None) -> places.Built:
    built = places.build()
    ChargePoint.objects.exclude(identity__in=MODELS).update(retired_at=datetime.now(UTC))
    Connector.objects.filter(charge_point__identity__in=MODELS).update(chosen_fallback_ma=FALLBACK_MA)
    # We know this one as smaller than it is: what it offers is more than all that we grant it.
    Connector.objects.filter(charge_point__identity="A3").update(max_current_ma=16_000)
    specs = [spec for spec in built.specs if spec.id in MODELS]
    return replace(built, specs=tuple(replace(spec, model=MODELS[spec.id]) for spec in specs))


@pytest.mark.promise("E8")
@pytest.mark.promise("E13")
async def test_makes_are_learnt_from_their_first_transaction(
    built: places.Built, start_server: Callable[..., object]
) -> None:
    with start_server(**BRISK) as server:  # type: ignore[attr-defined]
        async with built.site(server.ocpp, tick_s=0.1, seed=7) as site:
            await site.connected(timeout_s=20)
            await _until(lambda: not _mine().filter(fallback_ma=None).exists())
            await _until(lambda: ChargePoint.objects.filter(station_limit_ma__gt=0).count() == len(MODELS))
            faults.begin(site["A2"], "ignores_duration")
            faults.begin(site["A3"], "profiles_outranked", value=20_000)
            await asyncio.gather(*(_plug_in(site, identity) for identity in MODELS))
            _meddle(site)

            await _until(lambda: _learnt("Good") == (True, True))
            await _until(lambda: _learnt("Forgetful") == (False, None))
            # A limit that never ends would be reserved for ever: it is taken back to the fallback.
            await _until(lambda: _mine().get(charge_point__identity="A2").confirmed_ma == FALLBACK_MA)
            await site.until(lambda: max(site["A2"].draw_ma()) <= FALLBACK_MA, timeout_s=20)
            await site.until(lambda: max(site["A1"].draw_ma()) > FALLBACK_MA, timeout_s=30)

            # What the app of its maker had set is found and cleared; what can't be cleared counts at nameplate.
            await _until(lambda: _mine().get(charge_point__identity="A3").uncontrollable_since is not None)
            await site.until(lambda: not _foreign(site), timeout_s=30)
            await _until(lambda: _learnt("Meddled with") == (None, None))


def _mine():
    return Connector.objects.filter(charge_point__identity__in=MODELS)


def _learnt(model: str) -> tuple[bool | None, bool | None]:
    make = Make.objects.get(model=model)
    return make.honours_duration, make.honours_relative


def _meddle(site: Site) -> None:
    """The maker's app takes our maximum away and puts a profile above all of ours for the running transaction."""
    site["A3"].profiles.clear(purpose=Purpose.STATION_MAX)
    schedule = Schedule("A", (Period(0, 20.0),), start=time.time() - 60)
    above = Profile(99, 5, Purpose.TX, "Absolute", schedule)
    running = Running(time.time(), None)
    site["A3"].profiles.install(above, connector_id=1, now=time.time(), running=running)


def _foreign(site: Site) -> list[int]:
    return [slot.profile.id for slot in site["A3"].profiles.slots if slot.profile.id == 99]


async def _plug_in(site: Site, identity: str) -> None:
    car = Car(battery_wh=60_000, soc_pct=20, phases=1, max_ma=32_000, settle_s=4.0)
    await site[identity].plug_in(car, id_tag=f"TAG{identity}")


async def _until(is_so: Callable[[], bool], timeout_s: float = 45) -> None:
    for _ in range(int(timeout_s / 0.3)):
        if await asyncio.to_thread(is_so):
            return
        await asyncio.sleep(0.3)
    pytest.fail("It did not come about")
