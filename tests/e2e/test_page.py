"""The live page in a real browser, on a real server with cars charging: it shows them, and the button cuts."""

import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session

from chargers.simulator.plant.battery import Car
from drivers.enums import Role
from drivers.models import Membership, User
from grid.models import AuditEntry
from tests.e2e import site as places
from tests.e2e.conftest import Server

playwright = pytest.importorskip(
    "playwright.async_api", reason="Playwright is not installed: pip install playwright"
)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="No Chromium here: apt-get install chromium, or name one in CHROMIUM"
    ),
]

PASSWORD = "a password for one test"
CARS = ("A1", "A2", "A4", "B4")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WITHIN_MS = 60_000
LOAD_KVA = "Number(document.querySelector('[data-load]').textContent)"


@pytest.fixture
def built(transactional_db: None, settings: Any) -> places.Built:
    # The server is a process with the real settings: the tests' fast hash would mean nothing to it.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    built = places.build()
    manager = User.objects.create_user("manager", password=PASSWORD)
    Membership.objects.create(user=manager, community=built.cluster.community, role=Role.MANAGER)
    return built


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield running
        await running.close()


async def opened(browser: Any, url: str, complaints: list[str], **options: Any) -> Any:
    page = await (await browser.new_context(timezone_id="Europe/Berlin", **options)).new_page()
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    return page


async def signed_in(browser: Any, url: str, complaints: list[str]) -> Any:
    page = await opened(browser, f"{url}/login", complaints)
    await page.fill("#id_username", "manager")
    await page.fill("#id_password", PASSWORD)
    await page.click("button[type=submit]")
    return page


async def test_page_shows_cars_charging_and_cuts_them_to_half(
    built: places.Built, server: Server, browser: Any
) -> None:
    complaints: list[str] = []
    async with built.site(server.ocpp, tick_s=0.1, seed=11) as site:
        await site.connected(timeout_s=20)
        for identity in CARS:
            phases = next(spec.phases for spec in built.specs if spec.id == identity)
            car = Car(battery_wh=60_000, soc_pct=20, phases=phases, max_ma=32_000, settle_s=2.0)
            await site[identity].plug_in(car, id_tag=f"TAG{identity}")
        page = await signed_in(browser, server.http, complaints)
        await page.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)
        await page.wait_for_function(
            "(count) => document.querySelectorAll('.state[data-state=charging]').length === count",
            arg=len(CARS),
            timeout=WITHIN_MS,
        )
        await page.wait_for_function(f"() => {LOAD_KVA} > 25", timeout=WITHIN_MS)
        assert await page.locator("tbody tr").count() == len(places.PLACES)
        assert "Driver of A1" in await page.inner_text("[data-rows]")

        await page.click("[data-cut-button]")
        await page.wait_for_function(
            "() => document.querySelector('[data-cut-button]').textContent === 'Restore'", timeout=5_000
        )
        assert "In force in" in await page.inner_text(".cut")
        # 75 A halved leave 37.5 A a phase, building included: 25.9 kVA. The cars follow before it is in force.
        await page.wait_for_function(f"() => {LOAD_KVA} <= 25.9", timeout=WITHIN_MS)
        await page.wait_for_function(
            "() => document.querySelector('.cut').textContent.includes('In force since')", timeout=WITHIN_MS
        )
        await page.click("[data-cut-button]")
        await page.wait_for_function(f"() => {LOAD_KVA} > 27", timeout=WITHIN_MS)

        phone = await opened(browser, server.http, complaints, viewport={"width": 360, "height": 760})
        await phone.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)
        assert await phone.evaluate("document.documentElement.scrollWidth") == 360
        assert await phone.locator("[data-rows]").count() == 0
    assert complaints == []
    assert await sync_to_async(_acts)() == ["limit.imposed", "limit.lifted"]


def _acts() -> list[str]:
    return list(
        AuditEntry.objects.filter(action__startswith="limit.").order_by("at").values_list("action", flat=True)
    )


SUM_SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
      if (!entry.hadRecentInput) window.shifted += entry.value;
    })).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("width", [390, 820, 1440, 3840])
async def test_first_paint_has_everything_and_nothing_moves_afterwards(
    width: int, built: places.Built, server: Server, browser: Any
) -> None:
    complaints: list[str] = []
    page = await signed_in(browser, server.http, complaints)
    await page.set_viewport_size({"width": width, "height": 900})
    await page.add_init_script(SUM_SHIFTS)
    for path in ("/", "/?wall"):
        await page.goto(server.http + path)
        await page.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)
        assert await page.evaluate("window.shifted") < 0.05
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


async def test_spaces_are_cards_on_a_tablet_and_are_found_by_words_of_theirs(
    built: places.Built, server: Server, browser: Any
) -> None:
    page = await signed_in(browser, server.http, [])
    await page.set_viewport_size({"width": 820, "height": 1100})
    await page.goto(server.http)
    lefts = "[...document.querySelectorAll('[data-rows] tr')].map((row) => row.getBoundingClientRect().left)"
    assert len(set(await page.evaluate(lefts))) == 2
    await page.fill("[data-search]", "b4")
    shown = page.locator("[data-rows] tr:visible td.space")
    assert await shown.all_inner_texts() == ["B4"]
    await page.fill("[data-search]", "nowhere")
    assert await page.is_visible("[data-rows-empty]")


async def test_page_says_when_it_is_not_live_and_comes_back(
    built: places.Built, server: Server, browser: Any
) -> None:
    page = await opened(browser, server.http, [])
    await page.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)
    server.end()
    await page.wait_for_selector('[data-live="stale"]', timeout=WITHIN_MS)
    assert "not live" in await page.inner_text("[data-live]")
    server.start()
    await page.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)


async def test_page_says_that_the_person_is_signed_out_pressed_or_not(
    built: places.Built, server: Server, browser: Any
) -> None:
    pressed, watched = [await signed_in(browser, server.http, []) for _ in range(2)]
    for page in (pressed, watched):
        await page.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)
    await sync_to_async(Session.objects.all().delete)()
    await pressed.click("[data-cut-button]")
    for page in (pressed, watched):
        await page.wait_for_selector("[data-signed-out] a", timeout=WITHIN_MS)
        assert await page.inner_text("[data-live-word]") == "signed out"
    # It stays until it is read, long after the answer came.
    assert "Nothing was changed: you are signed out." in await pressed.inner_text(".cut")
    await pressed.click("[data-cut-read]")
    assert "Nothing was changed" not in await pressed.inner_text(".cut")
    assert await sync_to_async(_acts)() == []
    await watched.click("[data-signed-out] a")
    assert watched.url.endswith("/login?next=%2F")
