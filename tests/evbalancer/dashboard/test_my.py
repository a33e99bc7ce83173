import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from drivers.domain.notifications import ALWAYS_SENT, NEVER_SENT
from drivers.enums import NotificationKind
from drivers.models import User
from evbalancer.common.security import push
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = pytest.mark.django_db


def page_of(user: User, **headers: str) -> str:
    client = Client(headers=headers)
    client.force_login(user)
    answer = client.get("/my")
    assert answer.status_code == 200
    return answer.content.decode()


def embedded(html: str, name: str) -> dict:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict = json.loads(found[1])
    return data


def test_page_asks_a_stranger_to_sign_in(client: Client) -> None:
    answer = client.get("/my")
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=/my")


def test_page_shows_the_own_car_and_the_own_cluster(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    session = house.charging("A-01", driver=driver)
    html = page_of(driver.user)
    assert [row["session_id"] for row in embedded(html, "picture")["charging"]] == [str(session.pk)]
    community_id = str(house.cluster.community_id)
    assert embedded(html, "site") == {
        "clusters": [{"id": str(house.cluster.pk), "community_id": community_id, "name": house.cluster.name}]
    }


@pytest.mark.promise("S7")
def test_page_has_nothing_of_neighbours_and_other_houses(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    house.charging("A-01")
    make_house(name="SECRET-B").charging("SECRET-B-01")
    html = page_of(driver.user)
    assert embedded(html, "picture")["charging"] == []
    assert "Who is at" not in html
    assert "SECRET-B" not in html


def test_page_tells_who_drives_nowhere_where_to_go(house: House) -> None:
    html = page_of(manager_of(house.cluster.community))
    assert "This page is for drivers" in html
    assert 'href="/"' in html
    assert 'id="picture"' not in html


def test_page_of_a_driver_of_two_houses_has_both(house: House, other_house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    DriverFactory(community=other_house.cluster.community, user=driver.user)
    html = page_of(driver.user)
    assert len(embedded(html, "picture")["drivers"]) == 2
    assert {row["id"] for row in embedded(html, "site")["clusters"]} == {
        str(house.cluster.pk),
        str(other_house.cluster.pk),
    }


def test_page_is_german_for_who_reads_german(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    house.charging("A-01", driver=driver)
    html = page_of(driver.user, **{"accept-language": "de"})
    assert '<html lang="de">' in html
    assert "Preis der nächsten Stunden" in html


def test_page_is_never_kept(house: House) -> None:
    client = Client()
    client.force_login(DriverFactory(community=house.cluster.community).user)
    assert "no-store" in client.get("/my")["Cache-Control"]


def test_manifest_makes_the_page_an_app(client: Client) -> None:
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    body = answer.json()
    assert (body["start_url"], body["display"], body["short_name"]) == ("/my", "standalone", "Charging")
    assert {icon["sizes"] for icon in body["icons"]} == {"any", "192x192", "512x512"}
    for icon in body["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/")), icon
    german = client.get("/manifest.webmanifest", headers={"accept-language": "de"}).json()
    assert (german["short_name"], german["lang"]) == ("Laden", "de")


def test_worker_keeps_the_shell_and_no_answer_of_the_api(client: Client) -> None:
    answer = client.get("/worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    script = answer.content.decode()
    shell = json.loads(re.search(r"const SHELL = (\[.*?\]);", script)[1])
    assert shell[0] == "/my/offline"
    assert all(
        path.startswith("/static/") and finders.find(path.removeprefix("/static/")) for path in shell[1:]
    )
    assert "cache.put" not in script


def test_page_without_a_network_is_the_same_for_everybody(client: Client, house: House) -> None:
    stranger = client.get("/my/offline")
    client.force_login(DriverFactory(community=house.cluster.community).user)
    assert client.get("/my/offline").content == stranger.content
    assert "csrf" not in stranger.content.decode()


def test_favicon_is_there(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert finders.find(answer["Location"].removeprefix("/static/"))


def test_icons_are_pictures_of_their_size() -> None:
    for size in (192, 512):
        head = (Path(settings.BASE_DIR) / f"static/icons/icon-{size}.png").read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(head[16:20]) == int.from_bytes(head[20:24]) == size


def test_page_offers_the_kinds_that_can_come_by_mail(house: House) -> None:
    html = page_of(DriverFactory(community=house.cluster.community).user)
    boxes = dict(re.findall(r'name="mail_kinds" value="(\w+)" aria-label="[^"]+"( checked disabled)?', html))
    assert set(boxes) == set(NotificationKind.values) - NEVER_SENT
    assert {kind for kind, fixed in boxes.items() if fixed} == ALWAYS_SENT


def test_page_offers_messages_in_the_browser_where_the_server_has_a_key(house: House, settings: Any) -> None:
    user = DriverFactory(community=house.cluster.community).user
    settings.WEB_PUSH_KEY = ""
    html = page_of(user)
    assert ("data-push-box" in html, 'name="push_kinds"' in html) == (False, False)
    settings.WEB_PUSH_KEY = push.make_key()
    html = page_of(user)
    assert f'data-push-box data-key="{push.public_key()}"' in html
    assert html.count('name="push_kinds"') == html.count('name="mail_kinds"')
