import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session as BrowserSession
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from drivers.models import Membership, User
from evbalancer.dashboard.live import consumers, feed
from evbalancer.dashboard.routing import websocket_urlpatterns
from grid.domain import limits
from grid.domain.audit import SYSTEM
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.factories.drivers import DriverFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

OWN = (b"origin", b"http://localhost")
OPEN: list[WebsocketCommunicator] = []
application = URLRouter(websocket_urlpatterns)
in_thread = database_sync_to_async


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BUILD_AT_MOST_EVERY_S", 0.02)
    monkeypatch.setattr(feed, "LOOK_AGAIN_AFTER_S", 0.1)
    monkeypatch.setattr(consumers, "SNAPSHOT_AT_MOST_EVERY_S", 0.0)


@pytest.fixture(autouse=True)
async def _all_are_hung_up() -> AsyncIterator[None]:
    """What a socket still reads when its test is over would be read without a database."""
    OPEN.clear()
    yield
    for communicator in OPEN:
        communicator.stop(exceptions=False)
    await in_thread(int)()  # one thread, in order: whatever was under way has ended


@pytest.fixture
def live(transactional_db: None) -> House:
    house = make_house(now=datetime.now(UTC))
    house.charging("A-01")
    return house


def socket(
    path: str, *, user: User | None = None, origin: tuple[bytes, bytes] | None = OWN
) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost")] + ([origin] if origin else [])
    if user is not None:
        client = Client()
        client.force_login(user)
        headers.append((b"cookie", f"sessionid={client.session.session_key}".encode()))
    OPEN.append(WebsocketCommunicator(application, path, headers=headers))
    return OPEN[-1]


def cluster_socket(house: House, **options: object) -> WebsocketCommunicator:
    return socket(f"/ws/cluster/{house.cluster.pk}", **options)


async def opened(communicator: WebsocketCommunicator) -> WebsocketCommunicator:
    connected, _ = await communicator.connect(timeout=5)
    assert connected
    return communicator


async def news(communicator: WebsocketCommunicator, kind: str) -> dict:
    """The next event of that kind; what else comes is passed over."""
    async with asyncio.timeout(5):
        while True:
            event: dict = json.loads(await communicator.receive_from(timeout=5))
            if event["type"] == kind:
                return event


async def close_code(communicator: WebsocketCommunicator) -> int:
    async with asyncio.timeout(5):
        while True:
            message = await communicator.receive_output(timeout=5)
            if message["type"] == "websocket.close":
                return int(message["code"])


async def test_anyone_gets_a_snapshot_of_sums(live: House) -> None:
    page = await opened(await in_thread(cluster_socket)(live))
    event = await news(page, "snapshot")
    assert set(event) == {"type", "seq", "at", "data"}
    assert (event["data"]["rights"], "rows" in event["data"]) == ("public", False)
    await page.disconnect()


async def test_manager_gets_a_snapshot_then_what_changes(live: House) -> None:
    page = await opened(await in_thread(cluster_socket)(live, user=await in_thread(live.manager)()))
    first = await news(page, "snapshot")
    assert first["data"]["rows"][0]["driver"] == "Who is at A-01"
    await in_thread(limits.impose_limit)(
        live.transformer, pct=50, reason="Test", actor=SYSTEM, now=datetime.now(UTC)
    )
    event = await news(page, "bars")
    assert event["seq"] > first["seq"]
    assert event["data"][0]["phases"][0]["announced_ma"] == 50_000
    await page.disconnect()


async def test_page_that_saw_a_gap_gets_a_new_snapshot(live: House) -> None:
    page = await opened(await in_thread(cluster_socket)(live))
    await news(page, "snapshot")
    await page.send_to(json.dumps({"type": "snapshot"}))
    assert (await news(page, "snapshot"))["data"]["rights"] == "public"
    await page.disconnect()


@pytest.mark.promise("S10")
@pytest.mark.parametrize("origin", [(b"origin", b"http://evil.example"), (b"origin", b"null")])
async def test_foreign_origin_is_refused(origin: tuple[bytes, bytes], live: House) -> None:
    page = await in_thread(cluster_socket)(live, user=await in_thread(live.manager)(), origin=origin)
    connected, _ = await page.connect(timeout=5)
    assert not connected


@pytest.mark.promise("S10")
async def test_cookie_without_origin_is_refused(live: House) -> None:
    page = await in_thread(cluster_socket)(live, user=await in_thread(live.manager)(), origin=None)
    connected, _ = await page.connect(timeout=5)
    assert not connected


async def test_refusal_has_a_status_where_the_server_can_send_one(live: House) -> None:
    page = await in_thread(cluster_socket)(live, origin=(b"origin", b"http://evil.example"))
    page.scope["extensions"] = {"websocket.http.response": {}}
    await page.send_input({"type": "websocket.connect"})
    assert (await page.receive_output(timeout=5))["status"] == 403
    stranger = await in_thread(cluster_socket)(
        await in_thread(private)(live), user=await in_thread(UserFactory)()
    )
    stranger.scope["extensions"] = {"websocket.http.response": {}}
    await stranger.send_input({"type": "websocket.connect"})
    assert (await stranger.receive_output(timeout=5))["status"] == 404


def private(house: House) -> House:
    house.cluster.is_public = False
    house.cluster.save()
    return house


@pytest.mark.promise("S10")
async def test_without_origin_and_cookie_nothing_is_told_until_a_token_comes(
    live: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "TOKEN_WITHIN_S", 0.1)
    program = await opened(await in_thread(cluster_socket)(live, origin=None))
    message = await program.receive_output(timeout=5)
    assert message["type"] == "websocket.close"
    assert message["code"] == consumers.SIGN_IN


async def test_token_in_the_first_message_opens_a_private_house(live: House) -> None:
    await in_thread(private)(live)
    token = str(AccessToken.for_user(await in_thread(live.resident)()))
    program = await opened(await in_thread(cluster_socket)(live, origin=None))
    await program.send_to(json.dumps({"type": "authenticate", "data": {"token": token}}))
    assert (await news(program, "snapshot"))["data"]["rights"] == "resident"
    await program.disconnect()


async def test_token_raises_the_rights_of_an_open_page(live: House) -> None:
    token = str(AccessToken.for_user(await in_thread(live.manager)()))
    page = await opened(await in_thread(cluster_socket)(live))
    assert (await news(page, "snapshot"))["data"]["rights"] == "public"
    await page.send_to(json.dumps({"type": "authenticate", "data": {"token": token}}))
    assert (await news(page, "snapshot"))["data"]["rights"] == "manager"
    await page.disconnect()


async def test_token_that_is_wrong_or_foreign_closes(live: House) -> None:
    await in_thread(private)(live)
    foreign = str(AccessToken.for_user(await in_thread(UserFactory)()))
    for token, code in (("nonsense", consumers.SIGN_IN), (foreign, consumers.GONE)):
        program = await opened(await in_thread(cluster_socket)(live, origin=None))
        await program.send_to(json.dumps({"type": "authenticate", "data": {"token": token}}))
        assert await close_code(program) == code


async def test_token_in_the_url_counts_for_nothing(live: House) -> None:
    await in_thread(private)(live)
    token = AccessToken.for_user(await in_thread(live.manager)())
    page = await in_thread(socket)(
        f"/ws/cluster/{live.cluster.pk}?token={token}", user=await in_thread(UserFactory)()
    )
    connected, _ = await page.connect(timeout=5)
    assert not connected


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "7",
        '{"type": "cut"}',
        '{"type": "authenticate", "data": {"token": 7}}',
        "[" * 4_000,
        "x" * 9_000,
    ],
)
async def test_message_that_means_nothing_closes(message: str, live: House) -> None:
    page = await opened(await in_thread(cluster_socket)(live))
    await page.send_to(message)
    assert await close_code(page) == consumers.BAD_MESSAGE


async def test_binary_message_closes(live: House) -> None:
    page = await opened(await in_thread(cluster_socket)(live))
    await page.send_to(bytes_data=b"\x00")
    assert await close_code(page) == consumers.BAD_MESSAGE


@pytest.mark.promise("S10")
@pytest.mark.parametrize("ending", ["expired", "deactivated", "signed out"])
async def test_socket_closes_when_the_session_ends(
    ending: str, live: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.1)
    user = await in_thread(live.manager)()
    page = await opened(await in_thread(cluster_socket)(live, user=user))
    await news(page, "snapshot")
    if ending == "expired":
        await in_thread(BrowserSession.objects.update)(expire_date=datetime.now(UTC) - timedelta(seconds=1))
    elif ending == "deactivated":
        await in_thread(User.objects.filter(pk=user.pk).update)(is_active=False)
    else:
        await in_thread(BrowserSession.objects.all().delete)()
    assert await close_code(page) == consumers.SIGN_IN


@pytest.mark.promise("S10")
async def test_socket_closes_when_the_token_expires(live: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.3)
    token = AccessToken.for_user(await in_thread(live.manager)())
    token.set_exp(lifetime=timedelta(seconds=1))
    program = await opened(await in_thread(cluster_socket)(live, origin=None))
    await program.send_to(json.dumps({"type": "authenticate", "data": {"token": str(token)}}))
    await news(program, "snapshot")
    assert await close_code(program) == consumers.SIGN_IN


def test_sessions_are_looked_at_often_enough() -> None:
    assert consumers.LOOK_AGAIN_S <= 30


async def test_rights_that_change_bring_another_snapshot(
    live: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.1)
    user = await in_thread(live.manager)()
    page = await opened(await in_thread(cluster_socket)(live, user=user))
    assert (await news(page, "snapshot"))["data"]["rights"] == "manager"
    await in_thread(Membership.objects.filter(user=user).update)(role="resident")
    later = await news(page, "snapshot")
    assert later["data"]["rights"] == "resident"
    assert "Who is at" not in json.dumps(later)
    await page.disconnect()


async def test_house_that_becomes_private_closes_to_the_public(live: House) -> None:
    page = await opened(await in_thread(cluster_socket)(live))
    await news(page, "snapshot")
    await in_thread(private)(live)
    assert await close_code(page) == consumers.GONE


async def test_driver_follows_the_own_car(live: House) -> None:
    driver = await in_thread(DriverFactory)(community=live.cluster.community)
    session = await in_thread(live.charging)("A-02", driver=driver)
    phone = await opened(await in_thread(socket)("/ws/driver", user=driver.user))
    first = await news(phone, "snapshot")
    assert [row["space"] for row in first["data"]["charging"]] == ["A-02"]
    session.energy_wh = 4_000
    await in_thread(session.save)()
    event = await news(phone, "charging")
    assert event["data"][0]["energy_wh"] == 4_000
    await phone.disconnect()


async def test_driver_socket_is_nothing_for_who_drives_nowhere(live: House) -> None:
    phone = await in_thread(socket)("/ws/driver", user=await in_thread(live.manager)())
    connected, _ = await phone.connect(timeout=5)
    assert not connected


async def test_page_that_leaves_while_it_is_told_something_is_no_error():
    class ClientLeftError(OSError):
        """As servers name what ASGI says they raise then."""

    async def send(_: object) -> None:
        raise ClientLeftError

    consumer, viewer = consumers.ClusterConsumer(), feed.Viewer("public")
    consumer.base_send = send
    consumer._viewer = viewer
    viewer.put({"type": "snapshot"})
    await consumer._pump(viewer)
    await consumer.close()
