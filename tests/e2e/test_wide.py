"""Every page that people open, on four widths, light and dark, in both languages: it fits, it is quiet, it is German where it
says so, and axe has nothing serious against it."""

import re
from typing import Any

import pytest

from drivers.enums import Role
from drivers.models import Driver, Membership, User
from tests.e2e import site as places
from tests.e2e.conftest import ROOT, Server
from tests.e2e.test_page import CHROMIUM, PASSWORD, WITHIN_MS, browser, opened
from tests.factories.fleet import VehicleFactory
from tests.factories.pricing import TariffFactory

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="No Chromium here: apt-get install chromium, or name one in CHROMIUM"
    ),
]

AXE = ROOT / ".ci" / "js" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (390, 820, 1440, 3840)
# Each language and each scheme, without all pairs of them.
LOOKS = (("en-GB", "light"), ("de-DE", "dark"))
PUBLIC = ("/login", "/", "/?wall", "/password", "/api/docs")
DRIVERS = ("/my#now", "/my#plan", "/my#history", "/my#me", "/account")
ADMIN = "/admin/"
MANAGERS = (
    "/",
    ADMIN,
    f"{ADMIN}setup/",
    f"{ADMIN}chargers/chargepoint/",
    f"{ADMIN}chargers/chargepoint/{{charge_point}}/change/",
    f"{ADMIN}chargers/session/",
    f"{ADMIN}grid/circuit/",
    f"{ADMIN}grid/circuit/{{circuit}}/change/",
    f"{ADMIN}grid/temporarylimit/add/",
    f"{ADMIN}drivers/driver/",
    f"{ADMIN}drivers/driver/add/",
    f"{ADMIN}scheduling/rebalancerun/",
    f"{ADMIN}scheduling/emergencyrequest/",
    "/circuit/{circuit}/timeline",
)
PATHS: dict[str | None, tuple[str, ...]] = {None: PUBLIC, "ada": DRIVERS, "manager": MANAGERS}
# Swagger's page is its own; what is ours of it is its colours and its language.
FOREIGN_WIDTH = {"/api/docs"}
# Swagger nests a link in the button that opens an operation.
FOREIGN_RULES = {"/api/docs": ("nested-interactive",)}
JUDGE = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations
        .filter((one) => ["serious", "critical"].includes(one.impact))
        .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "").slice(0, 120)).join(" | ")}`);
}"""


@pytest.fixture
def built(transactional_db: None, settings: Any) -> places.Built:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    built = places.build()
    community = built.cluster.community
    TariffFactory(community=community)
    for name, role in (("ada", Role.DRIVER), ("manager", Role.MANAGER)):
        user = User.objects.create_user(name, password=PASSWORD, is_staff=role == Role.MANAGER)
        Membership.objects.create(user=user, community=community, role=role)
    Driver.objects.filter(community=community, name="Driver of A1").update(
        user=User.objects.get(username="ada")
    )
    VehicleFactory(driver=Driver.objects.get(user__username="ada"), name="Zoe", phases=1)
    return built


def english_sentences() -> set[str]:
    """What is translated, and so must not stand on a German page: sentences without anything to be filled in."""
    found = set()
    for name in ("django", "djangojs"):
        told = (ROOT / "templates" / "locale" / "de" / "LC_MESSAGES" / f"{name}.po").read_text()
        pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', told, re.MULTILINE)
        found |= {one for one, other in pairs if one != other and "%" not in one and len(one.split()) > 2}
    return found


@pytest.fixture
async def pages(browser: Any, server: Server) -> Any:
    """Pages by who is signed in, language and scheme, and everything that they complained of."""
    complaints: list[str] = []

    async def page_of(name: str | None, locale: str, scheme: str) -> Any:
        path = "/login" if name else "/?wall"
        page = await opened(browser, server.http + path, complaints, locale=locale, color_scheme=scheme)
        if name:
            await page.fill("#id_username", name)
            await page.fill("#id_password", PASSWORD)
            await page.click("button[type=submit]")
            await page.wait_for_load_state()
        return page

    page_of.complaints = complaints  # type: ignore[attr-defined]
    return page_of


async def judge(page: Any, path: str, *, axe: str, german: set[str]) -> list[str]:
    """What is wrong with the page that is open, in words."""
    wrong = []
    # Until its font is there, an icon is its name in letters, which is wider.
    await page.evaluate("document.fonts.ready.then(() => true)")
    for width in WIDTHS if path not in FOREIGN_WIDTH else ():
        await page.set_viewport_size({"width": width, "height": 900})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{wide} px wide on {width}")
    await page.set_viewport_size({"width": 1440, "height": 900})
    text = await page.inner_text("body")
    wrong += [f"English: {sentence}" for sentence in german if sentence in text]
    if axe:
        await page.evaluate(axe)
        found = await page.evaluate(JUDGE)
        wrong += [one for one in found if not one.startswith(FOREIGN_RULES.get(path, ()) or "\0")]
    return wrong


async def test_pages_fit_are_quiet_and_accessible(built: places.Built, server: Server, pages: Any) -> None:
    axe = AXE.read_text() if AXE.exists() else ""
    ids = {"circuit": built.transformer.pk, "charge_point": await _charge_point(built)}
    wrong: dict[str, list[str]] = {}
    for locale, scheme in LOOKS:
        sentences = english_sentences() if locale.startswith("de") else set()
        for who, paths in PATHS.items():
            page = await pages(who, locale, scheme)
            for path in paths:
                # A mere change of the fragment loads nothing, and has no answer.
                answer = await page.goto(server.http + path.format(**ids))
                assert answer is None or answer.ok, path
                await _settled(page, path)
                # The back office speaks English yet where its rows have no words of their own.
                german = set() if path.startswith(ADMIN) else sentences
                found = await judge(page, path, axe=axe, german=german)
                if found:
                    wrong[f"{path} {locale} {scheme}"] = found
            await page.context.close()
    said = "\n".join(f"{where}: {what}" for where, found in wrong.items() for what in found)
    assert not said, said
    assert pages.complaints == []
    if not axe:
        pytest.skip("Without axe-core nothing was said of accessibility: npm ci --prefix .ci/js")


async def _settled(page: Any, path: str) -> None:
    if path == "/api/docs":
        await page.wait_for_selector(".opblock-tag", timeout=WITHIN_MS)
    if path.startswith("/my"):
        await page.wait_for_selector(f'[data-page="{path.split("#")[1]}"]:not([hidden])', timeout=WITHIN_MS)


async def _charge_point(built: places.Built) -> Any:
    first = await built.cluster.charge_points.afirst()
    return first.pk
