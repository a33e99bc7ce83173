"""A person's account on a phone's screen, and a passkey by Chromium's own authenticator."""

from typing import Any

import pytest

from drivers.models import User
from tests.e2e.conftest import Server
from tests.e2e.test_page import CHROMIUM, PASSWORD, WITHIN_MS, browser, opened

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="No Chromium here: apt-get install chromium, or name one in CHROMIUM"
    ),
]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
UNLABELLED = """[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((field) => !field.labels.length && !field.getAttribute('aria-label')).map((field) => field.name)"""


@pytest.fixture
def account(transactional_db: None, settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    return User.objects.create_user("ada", "ada@example.org", PASSWORD)


async def fill_sign_in(page: Any) -> None:
    await page.fill("#id_username", "ada")
    await page.fill("#id_password", PASSWORD)
    await page.click("button.primary")


async def check_page(page: Any) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert await page.evaluate(UNLABELLED) == []


async def test_passkey_is_added_and_opens_the_account(account: User, server: Server, browser: Any) -> None:
    complaints: list[str] = []
    # A passkey is bound to a name, never to an address.
    home = server.http.replace("127.0.0.1", "localhost")
    page = await opened(browser, f"{home}/login?next=/account", complaints, **PHONE)
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    await check_page(page)
    await fill_sign_in(page)
    await page.wait_for_selector("#devices-title", timeout=WITHIN_MS)
    await check_page(page)
    await page.goto(f"{home}/account/passkey")
    await check_page(page)
    await page.fill("#id_name", "Phone")
    await page.fill("#id_password", PASSWORD)
    await page.click("button.primary")
    await page.wait_for_selector(".codes", timeout=WITHIN_MS)
    await check_page(page)
    await page.goto(f"{home}/account/factor")
    await check_page(page)
    await page.goto(f"{home}/account")
    await page.click("form[action='/logout'] button")
    await page.goto(f"{home}/login?next=/account")
    await fill_sign_in(page)
    await page.wait_for_url("**/login/second", timeout=WITHIN_MS)
    await check_page(page)
    await page.click("form[data-passkey] button")
    await page.wait_for_url("**/account", timeout=WITHIN_MS)
    assert "Phone" in await page.inner_text("main")
    assert complaints == []
