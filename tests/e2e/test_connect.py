"""Connecting a car, clicked through in a real browser: our server, the SDK, and a Smartcar on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as project

from drivers.enums import Role
from drivers.models import Driver, Membership, User
from evbalancer.common.loopback import free_port
from fleet.models import SmartcarConnection, Vehicle
from tests.e2e.conftest import Server, database_url
from tests.e2e.test_page import CHROMIUM, PASSWORD, WITHIN_MS, browser, opened
from tests.factories.grid import CommunityFactory
from tests.fakesmartcar.server import FakeSmartcar

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="No Chromium here: apt-get install chromium, or name one in CHROMIUM"
    ),
    pytest.mark.promise("C7"),
]
REFUSALS = {
    "access_denied": "You did not allow the access",
    "vehicle_incompatible": "enter its numbers by hand",
    "invalid_subscription": "online services are not active",
    "server_error": "Smartcar had a fault",
}


@pytest.fixture
def driver(transactional_db: None, settings: Any) -> Driver:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user = User.objects.create_user("mara", password=PASSWORD)
    community = CommunityFactory()
    Membership.objects.create(user=user, community=community, role=Role.DRIVER)
    return Driver.objects.create(user=user, community=community, name="Mara")


@pytest.fixture
def smartcar() -> Iterator[FakeSmartcar]:
    fake = FakeSmartcar()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture(params=["v2", "v3"])
def server(
    request: pytest.FixtureRequest, driver: Driver, smartcar: FakeSmartcar, tmp_path: Path
) -> Iterator[Server]:
    port = free_port()
    running = Server(
        port=port,
        log=tmp_path / "server.log",
        environment={
            "DJANGO_SETTINGS_MODULE": "evbalancer.settings",
            "EVB_DEMO": "1",
            "SECRET_KEY": project.SECRET_KEY,
            "FIELD_ENCRYPTION_KEYS": ",".join(project.FIELD_ENCRYPTION_KEYS),
            "DATABASE_URL": database_url(),
            "REDIS_URL": project.REDIS_URL,
            "BALANCE_RUNNER": "none",
            "LOG_LEVEL": "DEBUG",
            **smartcar.environment,
            "SMARTCAR_REDIRECT_URI": f"http://127.0.0.1:{port}/auth/smartcar/callback",
            "SMARTCAR_API": request.param,
        },
    )
    running.start()
    yield running
    running.end()
    told = running.log.read_text()
    assert "Traceback" not in told
    assert [token for token in (*smartcar.access, *smartcar.refreshes) if token in told] == []


async def at_smartcar(browser: Any, server: Server) -> Any:
    # Signing in on the way is a form, and our content policy lets no form lead to another site: a page of ours goes on by itself.
    page = await opened(browser, f"{server.http}/login?next=/auth/smartcar/connect", [])
    await page.fill("#id_username", "mara")
    await page.fill("#id_password", PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_selector("#access_denied", timeout=WITHIN_MS)
    return page


async def test_car_is_connected_by_clicking(
    smartcar: FakeSmartcar, server: Server, browser: Any, driver: Driver
) -> None:
    car = smartcar.add_car("mara")
    page = await at_smartcar(browser, server)
    await page.click("#allow")
    await page.wait_for_selector("text=These cars report their charge from now on", timeout=WITHIN_MS)
    assert "TESLA Model 3" in await page.inner_text("main")
    vehicle = await sync_to_async(Vehicle.objects.get)()
    assert (vehicle.driver_id, vehicle.smartcar_id) == (driver.pk, car.id)
    # Nothing that the address bar held can be used again.
    answer = await page.reload()
    assert answer.status == 400


async def test_car_is_chosen_among_several_and_every_refusal_has_a_page(
    smartcar: FakeSmartcar, server: Server, browser: Any, driver: Driver
) -> None:
    smartcar.add_car("mara")
    zoe = smartcar.add_car("mara", make="RENAULT", model="Zoe")
    page = await at_smartcar(browser, server)
    for error, advice in REFUSALS.items():
        await page.click(f"#{error}")
        await page.wait_for_selector(f"text={advice}", timeout=WITHIN_MS)
        await page.click("a.button")
        await page.wait_for_selector("#access_denied", timeout=WITHIN_MS)
    assert not await sync_to_async(SmartcarConnection.objects.exists)()
    await page.click("#allow")
    await page.wait_for_selector("text=Which car charges here?", timeout=WITHIN_MS)
    await page.check(f'input[value="{zoe.id}"]')
    await page.click("button[type=submit]")
    await page.wait_for_selector("text=RENAULT Zoe", timeout=WITHIN_MS)
    vehicle = await sync_to_async(Vehicle.objects.get)()
    assert vehicle.smartcar_id == zoe.id
