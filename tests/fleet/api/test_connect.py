import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from fleet.api.connect import COOKIE
from fleet.models import SmartcarConnection, Vehicle
from tests.asserts.http import assert_problem, client_of
from tests.asserts.pages import leads_to
from tests.factories.drivers import DriverFactory, UserFactory

pytestmark = pytest.mark.django_db
CONNECT, CALLBACK = "/auth/smartcar/connect", "/auth/smartcar/callback"
HTML = {"Accept": "text/html"}


@pytest.fixture
def driver():
    return DriverFactory()


@pytest.fixture
def browser(driver):
    client = Client()
    client.force_login(driver.user)
    return client


def links(page):
    return [unescape(link) for link in re.findall(r'href="(/auth[^"]+)"', page.content.decode())]


def consent_of(browser, address=CONNECT):
    """The mock's page of consent, where the page on the way leads by itself."""
    return browser.get(leads_to(browser.get(address, headers=HTML)), headers=HTML)


def test_connect_can_be_clicked_through_with_the_mock(browser, driver):
    consent = consent_of(browser)
    allow, _ = links(consent)
    done = browser.get(allow, headers=HTML)
    assert (done.status_code, "Connected" in done.content.decode()) == (200, True)
    vehicle = Vehicle.objects.get()
    assert (vehicle.driver, vehicle.connection) == (driver, SmartcarConnection.objects.get())
    assert done.headers["Referrer-Policy"] == "no-referrer"


def test_connect_denied_says_what_to_do(browser):
    _, deny = links(consent_of(browser))
    page = browser.get(deny, headers=HTML)
    assert page.status_code == 400
    assert "You did not allow the access" in page.content.decode()
    assert not SmartcarConnection.objects.exists()


def test_connect_speaks_german_to_a_german_browser(browser):
    german = HTML | {"Accept-Language": "de"}
    leaving = browser.get(CONNECT, headers=german)
    assert "<h1>Weiter zum Hersteller Ihres Autos</h1>" in leaving.content.decode()
    consent = browser.get(leads_to(leaving), headers=german)
    assert "Zugriff auf Ihr Auto erlauben?" in consent.content.decode()
    _, deny = links(consent)
    refused = browser.get(deny, headers=german).content.decode()
    assert "<h1>Das Auto konnte nicht verbunden werden</h1>" in refused
    assert "<p>Sie haben den Zugriff nicht erlaubt." in refused


@pytest.mark.promise("C7")
@pytest.mark.parametrize(
    "error", ["access_denied", "vehicle_incompatible", "invalid_subscription", "server_error", "<b>"]
)
def test_connect_error_has_a_page_with_advice(browser, error):
    allow, _ = links(consent_of(browser))
    state = allow.split("state=")[1]
    page = browser.get(f"{CALLBACK}?error={error}&state={state}", headers=HTML)
    assert page.status_code == 400
    assert "Start again" in page.content.decode()
    assert "<b>" not in page.content.decode()


@pytest.mark.promise("C7")
def test_callback_replayed_is_refused_without_an_exchange(browser):
    allow, _ = links(consent_of(browser))
    cookie = browser.cookies["evb_connect"].value
    browser.get(allow)
    browser.cookies["evb_connect"] = cookie
    assert_problem(browser.get(allow), 400, "connect_refused")
    assert SmartcarConnection.objects.count() == 1


@pytest.mark.promise("C7")
@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=y"])
def test_callback_without_our_state_is_refused(browser, query):
    assert_problem(browser.get(CALLBACK + query), 400, "connect_refused")


def test_callback_with_a_nul_is_refused_before_it_is_read(browser):
    assert_problem(browser.get(f"{CALLBACK}?state=%00&code=y"), 400, "not_text")


@pytest.mark.promise("C7")
def test_callback_in_another_browser_is_refused(browser):
    allow, _ = links(consent_of(browser))
    assert_problem(Client().get(allow), 400, "connect_refused")
    assert not SmartcarConnection.objects.exists()


def test_connect_for_programs_gives_the_address_as_json(driver):
    response = client_of(driver.user).get(CONNECT, headers={"Accept": "application/json"})
    assert response.json()["url"].startswith("/auth/smartcar/mock?state=")
    cookie = response.cookies["evb_connect"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/auth/smartcar")


def test_browser_that_is_not_signed_in_is_sent_to_sign_in_and_comes_back(driver):
    asked = f"{CONNECT}?make=TESLA&location=1"
    browser = Client()
    answer = browser.get(asked, headers=HTML)
    login = answer.headers["Location"]
    assert (answer.status_code, urlsplit(login).path) == (302, "/login")
    assert parse_qs(urlsplit(login).query) == {"next": [asked]}
    assert COOKIE not in answer.cookies
    driver.user.set_password("a long enough secret")
    driver.user.save()
    signed_in = browser.post(
        login, {"username": driver.user.username, "password": "a long enough secret", "next": asked}
    )
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, asked)
    assert "make=TESLA" in leads_to(browser.get(asked, headers=HTML))


@pytest.mark.parametrize("accepts", ["application/json", "*/*", None])
def test_program_that_is_not_signed_in_is_refused(accepts):
    headers = {"Accept": accepts} if accepts else {}
    assert_problem(Client().get(CONNECT, headers=headers), 401, "not_authenticated")


def test_browser_with_a_wrong_token_is_refused_as_a_program_is():
    headers = HTML | {"Authorization": "Bearer nonsense"}
    assert Client().get(CONNECT, headers=headers).status_code == 401


def test_connect_needs_a_driver():
    assert_problem(client_of(UserFactory()).get(CONNECT), 403, "not_a_driver")


def test_connect_in_one_of_several_communities_must_say_which(driver):
    other = DriverFactory(user=driver.user)
    client = client_of(driver.user)
    assert_problem(client.get(CONNECT), 400, "community_needed")
    assert client.get(f"{CONNECT}?community={other.community_id}").status_code == 302
    assert_problem(client.get(f"{CONNECT}?community=7"), 404, "not_found")


def test_mock_consent_is_not_served_beside_a_real_provider(browser, settings):
    settings.SMARTCAR_CLIENT_ID = "real"
    assert browser.get("/auth/smartcar/mock").status_code == 404


def test_connect_sends_the_real_provider_what_it_needs(browser, settings, smartcar):
    settings.SMARTCAR_CLIENT_ID, settings.SMARTCAR_CLIENT_SECRET = "id", "secret"
    address = leads_to(browser.get(CONNECT + "?make=TESLA", headers=HTML))
    assert address.startswith(f"{smartcar.origin}/oauth/authorize?")
    for part in (
        "client_id=id",
        "single_select=true",
        "make=TESLA",
        "required%3Aread_battery",
        "response_type=code",
    ):
        assert part in address
    # A program that follows redirects is led there too.
    assert browser.get(CONNECT).headers["Location"].startswith(f"{smartcar.origin}/oauth/authorize?")


def test_whole_flow_runs_against_a_real_server(browser, settings, smartcar, driver):
    settings.SMARTCAR_CLIENT_ID, settings.SMARTCAR_CLIENT_SECRET = "id", "secret"
    smartcar.add_car("driver")
    import httpx

    consent = httpx.get(leads_to(browser.get(CONNECT, headers=HTML))).text
    back = unescape(re.search(r'id="allow" href="([^"]+)"', consent)[1])
    page = browser.get(back.removeprefix("http://127.0.0.1:8000"), headers=HTML)
    assert page.status_code == 200
    assert Vehicle.objects.get().make == "TESLA"


@pytest.fixture
def _unset(settings):
    settings.SMARTCAR_CLIENT_ID, settings.SMARTCAR_MOCK = "", False


@pytest.mark.usefixtures("_unset")
def test_without_smartcar_nobody_is_given_a_made_up_car(browser, driver):
    page = browser.get(CONNECT, headers=HTML)
    assert page.status_code == 409
    assert "no access to Smartcar yet" in page.content.decode()
    assert "Start again" not in page.content.decode()
    assert_problem(
        client_of(driver.user).get(CONNECT, headers={"Accept": "application/json"}), 409, "not_set_up"
    )
    assert browser.get("/auth/smartcar/mock").status_code == 404
    assert browser.get("/auth/smartcar/callback", {"code": "mock-code.x", "state": "x"}).status_code == 400
    assert not Vehicle.objects.exists()


@pytest.mark.usefixtures("_unset")
def test_page_says_that_cars_can_not_be_linked(browser):
    body = browser.get("/my").content.decode()
    assert "this site has no access to Smartcar yet" in unescape(body)


@pytest.mark.usefixtures("_unset")
def test_what_was_linked_before_can_still_be_taken_away(browser, driver, settings):
    settings.SMARTCAR_MOCK = True
    allow, _ = links(consent_of(browser))
    browser.get(allow, headers=HTML)
    vehicle = Vehicle.objects.get()
    settings.SMARTCAR_MOCK = False
    client = client_of(driver.user)
    assert client.post(f"/fleet/vehicle/{vehicle.pk}/refresh").status_code == 503
    assert client.delete(f"/fleet/vehicle/{vehicle.pk}").status_code == 204
    assert SmartcarConnection.objects.get().state == "disconnected"
