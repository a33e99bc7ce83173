"""The driver's page on a phone's screen: a wish, its answer, the car that charges on it, and the stop from afar."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from chargers.domain.access.rules import set_access_in_words
from chargers.models import Connector
from chargers.simulator.plant.battery import Car
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, Preference, Strike, User
from evbalancer.common.words.said import Said
from grid.domain.audit import SYSTEM
from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from tests.e2e import site as places
from tests.e2e.conftest import Server
from tests.e2e.test_page import CHROMIUM, PASSWORD, WITHIN_MS, browser, opened
from tests.factories.drivers import FlatFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.pricing import TariffFactory

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="No Chromium here: apt-get install chromium, or name one in CHROMIUM"
    ),
]

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
PAGES = ("now", "plan", "history", "me")
ASK_AGAIN = """() => {
    if (document.querySelector("[data-wish] [data-course] svg")) return true;
    document.querySelector("[name=amount]").dispatchEvent(new Event("input", { bubbles: true }));
    return false;
}"""


@pytest.fixture
def built(transactional_db: None, settings: Any) -> places.Built:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    built = places.build()
    community = built.cluster.community
    TariffFactory(community=community)
    user = User.objects.create_user("ada", password=PASSWORD)
    Membership.objects.create(user=user, community=community, role=Role.DRIVER)
    Driver.objects.filter(community=community, name="Driver of A1").update(user=user)
    VehicleFactory(driver=Driver.objects.get(user=user), name="Zoe", phases=1, max_current_ma=32_000)
    return built


async def my_page(browser: Any, server: Server, complaints: list[str], **options: Any) -> Any:
    page = await opened(browser, f"{server.http}/login?next=/my", complaints, **PHONE, **options)
    await page.fill("#id_username", "ada")
    await page.fill("#id_password", PASSWORD)
    await page.click("button.primary")
    await page.wait_for_selector('[data-live="live"]', timeout=WITHIN_MS)
    return page


async def widths(page: Any) -> dict[str, int]:
    found = {}
    for name in PAGES:
        await page.click(f'[data-tab="{name}"]')
        await page.wait_for_selector(f'[data-page="{name}"]:not([hidden])')
        found[name] = await page.evaluate("document.documentElement.scrollWidth")
    return found


async def focus(page: Any, selector: str) -> None:
    """Go on by Tab to an element, and see where one is on the way: each stop is on the screen and has an outline."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(
            """(selector) => {
                const at = document.activeElement;
                // Behind the last one the browser's own bar has its turn.
                if (at === document.body) return { there: false, seen: true, outlined: true };
                const box = at.getBoundingClientRect();
                const style = getComputedStyle(at);
                const hint = at.closest("label") ? getComputedStyle(at.closest("label")) : style;
                return {
                    there: at.matches(selector),
                    name: at.outerHTML.slice(0, 80),
                    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
                    outlined: [style, hint].some((one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) >= 2),
                };
            }""",
            selector,
        )
        assert (stop["seen"], stop["outlined"]) == (True, True), stop
        if stop["there"]:
            return
    pytest.fail(f"Tab does not reach {selector}")


async def book_by_keyboard(page: Any) -> None:
    """A slot for more than is usual, asked for and given back without a mouse."""
    await focus(page, '[data-tab="plan"]')
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-page="plan"]:not([hidden])', timeout=WITHIN_MS)
    await focus(page, "#wish-amount")
    await page.keyboard.press("ArrowRight")
    assert await page.input_value("#wish-amount") == "21"
    await page.wait_for_selector('[data-answer="promised"]:not(.asking)', timeout=WITHIN_MS)
    await focus(page, "[data-wish-buttons] .primary")
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-slot="promised"]', timeout=WITHIN_MS)
    assert "21,0 kWh" in await page.inner_text("[data-slots] h2")
    await focus(page, "[data-slots] .buttons button:last-child")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-slot]", state="detached", timeout=WITHIN_MS)


async def read_live_page_by_keyboard(page: Any, server: Server) -> None:
    await page.goto(f"{server.http}/")
    await page.wait_for_selector("[data-rows] tr", timeout=WITHIN_MS)
    await focus(page, ".skip")
    await focus(page, "[data-search]")
    await page.keyboard.type("B5")
    await page.wait_for_function(
        "() => document.querySelectorAll('[data-rows] tr:not([hidden])').length === 1", timeout=WITHIN_MS
    )


@sync_to_async
def slot_states() -> list[str]:
    return list(SlotRequest.objects.order_by("created_at").values_list("state", flat=True))


async def test_driver_asks_for_a_slot_sees_the_answer_and_charges_on_it(
    built: places.Built, server: Server, browser: Any
) -> None:
    complaints: list[str] = []
    async with built.site(server.ocpp, tick_s=0.1, seed=5) as site:
        await site.connected(timeout_s=20)
        page = await my_page(browser, server, complaints, locale="en-GB")
        assert "No car of yours is plugged in" in await page.inner_text("[data-cars]")

        await page.click('[data-tab="plan"]')
        await page.wait_for_selector('[data-answer="promised"]', timeout=WITHIN_MS)
        assert "Costs €6.00." in await page.inner_text("[data-wish] [data-answer]")
        # While chargers are got to know all power is kept for them.
        await page.wait_for_function(ASK_AGAIN, polling=15_000, timeout=2 * WITHIN_MS)
        assert "Charges " in await page.inner_text("[data-wish] [data-course] p")
        assert await page.get_by_role("button", name="All of it by").count() == 1
        assert await slot_states() == []
        await page.get_by_role("button", name="Book it").click()
        await page.wait_for_selector('[data-slot="promised"]', timeout=WITHIN_MS)
        assert "20.0 kWh by" in await page.inner_text("[data-slots] h2")
        assert await slot_states() == [SlotState.PROMISED]
        assert await widths(page) == dict.fromkeys(PAGES, 360)

        await page.click('[data-tab="now"]')
        car = Car(battery_wh=60_000, soc_pct=20, phases=1, max_ma=32_000, settle_s=2.0)
        await site["A1"].plug_in(car, id_tag="TAGA1")
        await page.wait_for_selector(".car .state[data-state=charging]", timeout=WITHIN_MS)
        await page.wait_for_function(
            "() => parseFloat(document.querySelector('.power b').textContent) > 1", timeout=WITHIN_MS
        )
        assert await slot_states() == [SlotState.ACTIVE]
        assert await page.locator("[data-slots] .slot").count() == 0
        assert len(await page.inner_text(".reason")) > 10

        german = await my_page(browser, server, complaints, locale="de-DE")
        assert await german.evaluate("document.documentElement.lang") == "de"
        await german.wait_for_selector(".car .state[data-state=charging]", timeout=WITHIN_MS)
        assert await german.inner_text(".car .state") == "lädt"
        assert await widths(german) == dict.fromkeys(PAGES, 360)

        await focus(page, ".car .buttons .quiet")
        await page.keyboard.press("Enter")
        assert "of the promise by" in await page.inner_text(".said")
        await focus(page, ".car .said .danger")
        await page.keyboard.press("Space")
        await page.wait_for_selector("text=The charger says yes.", timeout=WITHIN_MS)
        await page.wait_for_selector(".car .state[data-state='plugged in']", timeout=WITHIN_MS)
    assert complaints == []


async def test_page_works_by_keyboard_and_is_installed_with_a_worker_that_knows_no_driver(
    built: places.Built, server: Server, browser: Any
) -> None:
    page = await my_page(browser, server, [], color_scheme="dark", locale="de-DE")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    kept = await page.evaluate(
        "caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())"
        ".then((requests) => requests.map((request) => new URL(request.url).pathname))"
    )
    assert kept[0] == "/my/offline"
    assert all(path.startswith("/static/") for path in kept[1:])
    await book_by_keyboard(page)
    await read_live_page_by_keyboard(page, server)
    await page.goto(f"{server.http}/my")
    shown = await push(page, server, {"title": "Maple Court", "text": "Voll", "tag": "n1", "path": "/my#me"})
    assert shown == [["Maple Court", "Voll", "n1"]]
    await page.reload()
    server.end()
    await page.reload()
    assert await page.inner_text("h1") == "Keine Verbindung"
    server.start()


async def push(page: Any, server: Server, message: dict[str, str]) -> list[list[str]]:
    """Hand the worker a message as a push service would, twice, and return the notifications that it shows."""
    await page.context.grant_permissions(["notifications"], origin=server.http)
    devtools = await page.context.new_cdp_session(page)
    known = asyncio.get_running_loop().create_future()

    def note(told: dict[str, Any]) -> None:
        mine = [row for row in told["registrations"] if row["scopeURL"].startswith(server.http)]
        if mine and not known.done():
            known.set_result(mine[0]["registrationId"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", note)
    await devtools.send("ServiceWorker.enable")
    call = {
        "origin": server.http,
        "registrationId": await asyncio.wait_for(known, 10),
        "data": json.dumps(message),
    }
    for _ in range(2):
        await devtools.send("ServiceWorker.deliverPushMessage", call)
    told: list[list[str]] = await page.evaluate(
        """async () => {
            const worker = await navigator.serviceWorker.ready;
            for (;;) {
                const shown = await worker.getNotifications();
                if (shown.length) return shown.map((each) => [each.title, each.body, each.tag]);
                await new Promise((resolve) => { setTimeout(resolve, 50); });
            }
        }"""
    )
    return told


@pytest.fixture
def strike(built: places.Built) -> Strike:
    driver, given = Driver.objects.get(user__username="ada"), datetime.now(UTC) - timedelta(days=1)
    evidence = {
        "done_at": (given - timedelta(hours=3)).isoformat(),
        "free_by": (given - timedelta(hours=2, minutes=30)).isoformat(),
        "left_at": None,
        "others_waited_s": 5_400,
    }
    row: Strike = Strike.objects.create(
        community_id=driver.community_id,
        driver=driver,
        kind="overstay",
        evidence=evidence,
        given_at=given,
        lapses_at=given + timedelta(days=90),
        decision_said=Said("finding.by_house_rules"),
    )
    return row


@sync_to_async
def appeal_of(strike: Strike) -> str:
    strike.refresh_from_db()
    return strike.appeal


async def test_driver_reads_what_counts_against_them_and_appeals_once(
    built: places.Built, strike: Strike, server: Server, browser: Any
) -> None:
    complaints: list[str] = []
    page = await my_page(browser, server, complaints, color_scheme="dark", locale="de-DE")
    await page.click('[data-tab="me"]')
    box = page.locator("[data-strike]")
    await box.wait_for(timeout=WITHIN_MS)
    told = await box.inner_text()
    assert "Blieb stehen, während andere warteten" in told
    assert "1 h 30 min" in told
    assert "Nach der Hausordnung, ohne die Verwaltung." in told

    await page.get_by_text("Einspruch", exact=True).click()
    await page.get_by_role("button", name="Einspruch senden").click()
    await page.wait_for_selector("text=Sagen Sie, was daran falsch ist.", timeout=WITHIN_MS)
    assert await appeal_of(strike) == ""
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await page.fill("[data-strike] textarea", "The cable was locked.\n<b>I called.</b>")
    await page.get_by_role("button", name="Einspruch senden").click()
    await page.wait_for_selector("text=die Verwaltung entscheidet", timeout=WITHIN_MS)
    assert await appeal_of(strike) == "The cable was locked.\n<b>I called.</b>"
    assert await box.locator("blockquote").inner_text() == "The cable was locked.\n<b>I called.</b>"
    assert await box.locator("textarea").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert complaints == []


@pytest.fixture
def kept_for_others(built: places.Built) -> None:
    """A space of the driver's own flat, and one of another's."""
    community, now = built.cluster.community, datetime.now(UTC)
    ada = Driver.objects.get(user__username="ada")
    ada.flat = FlatFactory(community=community, name="Flat 3")
    ada.save()
    FlatFactory(community=community, name="Flat 4")
    for identity, words in (("A1", "flat Flat 3"), ("A2", "flat Flat 4; guests, Sat-Sun")):
        connector = Connector.objects.get(charge_point__identity=identity)
        set_access_in_words(connector, words, actor=SYSTEM, now=now)


@pytest.mark.usefixtures("kept_for_others")
async def test_driver_sees_own_spaces_blocks_a_lost_card_and_says_what_is_usual(
    built: places.Built, server: Server, browser: Any
) -> None:
    complaints: list[str] = []
    page = await my_page(browser, server, complaints, locale="en-GB")
    await page.click('[data-tab="me"]')
    await page.wait_for_selector("[data-own-spaces] li", timeout=WITHIN_MS)
    spaces = await page.locator("[data-own-spaces] li").all_inner_texts()
    assert [text.split("\n")[1:] for text in spaces] == [
        ["open to you now", "For Flat 3."],
        ["not open to you now", "For one flat. For guests: Sat to Sun, 00:00 to 24:00."],
    ]
    await page.get_by_role("button", name="Name", exact=True).click()
    await page.fill("[data-cards] input", "Key ring")
    await page.locator("[data-cards] form button").click()
    await page.wait_for_selector("[data-cards] b:text('Key ring')", timeout=WITHIN_MS)
    await page.get_by_role("button", name="Lost").click()
    assert "Only a manager can let it in again." in await page.inner_text("[data-cards]")
    await page.get_by_role("button", name="Keep it").click()
    await page.get_by_role("button", name="Lost").click()
    await page.get_by_role("button", name="Block this card").click()
    await page.wait_for_selector("[data-cards] small:text('blocked since')", timeout=WITHIN_MS)
    assert await page.get_by_role("button", name="Lost").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert await sync_to_async(lambda: IdTag.objects.get(token="TAGA1").blocked_at)() is not None
    await page.get_by_label("I usually need (kWh)").fill("12")
    await page.get_by_label("Usually by").fill("06:15")
    await page.get_by_label("Car full, by mail").uncheck()
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_selector("[data-preferences-said]:text('Saved.')", timeout=WITHIN_MS)
    chosen = await Preference.objects.aget()
    assert (chosen.usual_wh, chosen.usual_ready_min, "car_full" in chosen.mail_kinds) == (12_000, 375, False)
    await page.get_by_text("What is stored about me").click()
    await page.wait_for_selector("[data-data-kinds] dt:text('User name')", timeout=WITHIN_MS)
    await page.click('[data-tab="plan"]')
    assert (await page.input_value("#wish-amount"), await page.input_value("#wish-time")) == ("12", "06:15")
    german = await my_page(browser, server, complaints, locale="de-DE")
    await german.click('[data-tab="me"]')
    await german.wait_for_selector("[data-own-spaces] li", timeout=WITHIN_MS)
    assert "Für eine Wohnung." in await german.inner_text("[data-own-spaces]")
    assert complaints == []
