"""The pictures of the product, by one command: `python -m tests.e2e.pictures` starts a demo and takes those that docs show.

--all DIRECTORY   every scene in every look (four widths, light and dark, English and German) in place of those
--only NAME       only the scene with this name
--look LOOK       only this look, for example 390-dark-de
--url URL         of a demo that runs already, in place of a new one
--port PORT       of the demo that is started
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import django

ROOT: Final = Path(__file__).resolve().parents[2]
DIRECTORY: Final = ROOT / "docs" / "pictures"
HEIGHTS: Final = {390: 844, 820: 1180, 1440: 900, 3840: 2160}
SCHEMES: Final = ("light", "dark")
LANGUAGES: Final = {"en": "en-GB", "de": "de-DE"}
START_S, CARS_S, CARS = 120, 180, 8
WITHIN_MS: Final = 20_000
ADMIN: Final = "/admin/"
FIRST_ROW: Final = "#result_list a[href*='/change/']"


@dataclass(frozen=True)
class Scene:
    """A page as one account sees it. `follow` is a link on `path` that leads there, with `query` behind
    it; `ready` is what it shows when it is drawn."""

    name: str
    path: str
    account: str | None = None
    follow: str = ""
    ready: str = "main, #main, body"
    query: str = ""
    whole: bool = False


@dataclass(frozen=True, order=True)
class Look:
    width: int
    scheme: str = "light"
    language: str = "en"

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}-{self.language}"


SCENES: Final = {
    scene.name: scene
    for scene in (
        Scene("live", "/", "manager", ready='[data-live="live"]'),
        Scene("hall", "/?wall", ready='[data-live="live"]'),
        Scene("my-now", "/my#now", "driver", ready='[data-page="now"]:not([hidden])'),
        Scene("my-plan", "/my#plan", "driver", ready="[data-wish] [data-course] svg"),
        Scene("my-history", "/my#history", "driver", ready='[data-page="history"]:not([hidden])'),
        Scene("my-me", "/my#me", "driver", ready='[data-page="me"]:not([hidden])'),
        Scene("timeline", "/", "manager", follow="a[href*='/timeline']", query="?hours=1", ready="svg"),
        Scene("office", ADMIN, "manager"),
        Scene("assistant", ADMIN, "manager", follow="a[href$='/circuits/']", ready=".evb-step", whole=True),
        Scene("charge-points", f"{ADMIN}chargers/chargepoint/", "manager"),
        Scene(
            "charge-point",
            f"{ADMIN}chargers/chargepoint/",
            "manager",
            follow=FIRST_ROW,
            whole=True,
        ),
        Scene(
            "session",
            f"{ADMIN}chargers/session/",
            "manager",
            follow=FIRST_ROW,
            whole=True,
        ),
        Scene(
            "cluster",
            f"{ADMIN}grid/cluster/",
            "manager",
            follow=FIRST_ROW,
            whole=True,
        ),
        Scene("tariff", f"{ADMIN}pricing/tariff/", "manager", follow=FIRST_ROW, whole=True),
        Scene("fallbacks", f"{ADMIN}chargers/connector/", "manager", follow="a[href*='/fallbacks']"),
        Scene("limit", f"{ADMIN}grid/temporarylimit/add/", "manager", whole=True),
        Scene("alarms", f"{ADMIN}scheduling/alarm/", "manager"),
        Scene("sign-in", "/login"),
        Scene("api", "/api/docs", ready=".opblock-tag"),
    )
}

LOOKS: Final = tuple(Look(*one) for one in product(HEIGHTS, SCHEMES, LANGUAGES))


def dots(look: Look) -> int:
    """A phone has two for each of the page's."""
    return 2 if look.width == min(HEIGHTS) else 1


def file_name(scene: str, look: Look) -> str:
    return f"{scene}-{look}.png"


# The pictures that docs show: a reader sees each width, scheme and language at least once.
SHOWN: Final = (
    ("live", Look(1440)),
    ("live", Look(1440, "dark", "de")),
    ("live", Look(820)),
    ("hall", Look(3840, "dark")),
    ("my-now", Look(390)),
    ("my-plan", Look(390, "dark")),
    ("my-history", Look(390, "light", "de")),
    ("fallbacks", Look(1440)),
    ("timeline", Look(1440)),
    ("office", Look(1440)),
)


def password_of(account: str) -> str:
    from evbalancer.demo.accounts import shown_accounts

    return next(password for _, name, password in shown_accounts() if name == account)


async def sign_in(page: Any, url: str, account: str) -> None:
    await page.goto(f"{url}/login")
    await page.fill("#id_username", account)
    await page.fill("#id_password", password_of(account))
    await page.click("button[type=submit]")
    await page.wait_for_load_state()


async def take(page: Any, url: str, scene: Scene, to: Path) -> None:
    # A change of the fragment alone would load nothing.
    await page.goto("about:blank")
    await page.goto(url + scene.path)
    if scene.follow:
        link = page.locator(scene.follow).first
        await page.goto(urljoin(page.url, await link.get_attribute("href", timeout=WITHIN_MS)) + scene.query)
    await page.wait_for_selector(scene.ready, timeout=WITHIN_MS)
    await page.evaluate("document.fonts.ready.then(() => true)")
    await page.wait_for_timeout(700)
    await page.screenshot(path=to, full_page=scene.whole, animations="disabled")


async def take_all(url: str, wanted: list[tuple[str, Look]], directory: Path) -> list[str]:
    """Take the pictures with one browser and one sign-in an account. Returns those that could not be taken, and why."""
    from playwright.async_api import Error, async_playwright

    failed = []
    states: dict[str, Any] = {}
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
        )
        for (look, account), names in _by_context(wanted).items():
            context = await browser.new_context(
                viewport={"width": look.width, "height": HEIGHTS[look.width]},
                device_scale_factor=dots(look),
                color_scheme=look.scheme,
                locale=LANGUAGES[look.language],
                timezone_id="Europe/Berlin",
                storage_state=states.get(account or ""),
            )
            page = await context.new_page()
            if account and account not in states:
                await sign_in(page, url, account)
                states[account] = await context.storage_state()
            for name in names:
                try:
                    await take(page, url, SCENES[name], directory / file_name(name, look))
                except Error as error:
                    failed.append(f"{file_name(name, look)}: {str(error).splitlines()[0]}")
            await context.close()
        await browser.close()
    return failed


def _by_context(wanted: list[tuple[str, Look]]) -> dict[tuple[Look, str | None], list[str]]:
    found: dict[tuple[Look, str | None], list[str]] = {}
    for name, look in wanted:
        found.setdefault((look, SCENES[name].account), []).append(name)
    return found


@contextmanager
def demo(port: int) -> Iterator[str]:
    """A demo with a database of its own, so that the one of the person at this machine stays as it is."""
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": f"sqlite:///{directory}/pictures.sqlite3"},
        )
        try:
            wait_for(lambda: _body(f"{url}/healthz") != b"", START_S, "the demo's first page")
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def wait_for(there: Any, within_s: float, what: str) -> None:
    until = time.monotonic() + within_s
    while not there():
        if time.monotonic() > until:
            raise SystemExit(f"Waited {within_s:.0f} s for {what}.")
        time.sleep(1)


def _body(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return b""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", type=Path)
    parser.add_argument("--only", choices=sorted(SCENES))
    parser.add_argument("--port", type=int, default=8390)
    parser.add_argument("--look")
    parser.add_argument("--url")
    chosen = parser.parse_args()
    # For the demo's accounts, whose roles are named by Django.
    os.environ.update({"DJANGO_SETTINGS_MODULE": "evbalancer.settings", "EVB_DEMO": "1"})
    django.setup()
    directory = chosen.all or DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    wanted = list(product(SCENES, LOOKS)) if chosen.all else list(SHOWN)
    wanted = [one for one in wanted if chosen.only in (None, one[0]) and chosen.look in (None, str(one[1]))]
    if chosen.url:
        failed = asyncio.run(take_all(chosen.url, wanted, directory))
    else:
        with demo(chosen.port) as url:
            wait_for(
                lambda: _body(url).count(b'data-state="charging"') >= CARS, CARS_S, f"{CARS} cars to charge"
            )
            failed = asyncio.run(take_all(url, wanted, directory))
    for one in failed:
        sys.stderr.write(f"{one}\n")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
