import base64
import hashlib
import hmac
import itertools
import json
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from drivers.domain import notifications, webhooks
from drivers.enums import NotificationKind
from drivers.models import Webhook, WebhookDelivery
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import outbound
from evbalancer.common.security.outbound import DeliveryError, UnsafeAddress
from evbalancer.common.words.said import Said
from tests.factories.drivers import DriverFactory

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
PUBLIC = "93.184.215.14"
URL = "https://hooks.example.org/evb"


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (PUBLIC, 443))])


@pytest.mark.promise("S13")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "nonsense",
    ],
)  # fmt: skip
def test_address_that_is_not_of_the_wide_world_is_refused(address):
    with pytest.raises(UnsafeAddress):
        outbound.check(URL, resolve=lambda *_: [address])


@pytest.mark.promise("S13")
def test_address_is_refused_when_one_of_several_is_private():
    with pytest.raises(UnsafeAddress):
        outbound.check(URL, resolve=lambda *_: [PUBLIC, "10.0.0.1"])


@pytest.mark.promise("S13")
@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/", "ftp://hooks.example.org/", "https://", "https:///x", "hooks.example.org",
        "https://user:secret@hooks.example.org/", "https://hooks.example.org:99999/", "https://[::1", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_address_that_is_no_plain_https_is_refused(url):
    with pytest.raises(UnsafeAddress):
        outbound.check(url)


@pytest.mark.promise("S13")
@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "017700000001", "[::1]", "127.1"])
def test_address_in_disguise_is_refused_by_what_it_resolves_to(monkeypatch, host):
    monkeypatch.undo()
    with pytest.raises(UnsafeAddress):
        outbound.check(f"https://{host}/")


@pytest.mark.promise("S13")
def test_address_that_does_not_resolve_is_refused():
    def nowhere(host, port):
        raise socket.gaierror

    with pytest.raises(UnsafeAddress, match="does not resolve"):
        outbound.check(URL, resolve=nowhere)


@pytest.mark.promise("S13")
def test_call_goes_to_the_checked_address_and_asks_for_the_name_once(monkeypatch):
    asked, connected = [], []

    def rebinding(host, port):
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def refuse(address, timeout):
        connected.append((address, timeout))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(DeliveryError):
        outbound.post(URL, b"{}", {}, resolve=rebinding)
    assert (asked, connected) == (["hooks.example.org"], [((PUBLIC, 443), 5.0)])


class Answer:
    """A TLS peer on a socket pair: what it answers, and what it was sent."""

    verify_mode, check_hostname, post_handshake_auth = ssl.CERT_REQUIRED, True, None

    def __init__(self, monkeypatch, answer):
        self.ours, self.theirs = socket.socketpair()
        self.theirs.sendall(answer)
        monkeypatch.setattr(socket, "create_connection", lambda *_: self.ours)

    def wrap_socket(self, raw, server_hostname):
        self.name = server_hostname
        return raw


@pytest.mark.promise("S13")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect"])
def test_redirect_is_not_followed(monkeypatch, status):
    peer = Answer(
        monkeypatch, f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n".encode()
    )
    with pytest.raises(DeliveryError, match="Answered 30"):
        outbound.post(URL, b"{}", {}, context=peer)
    assert peer.name == "hooks.example.org"


def test_answer_2xx_is_a_delivery(monkeypatch):
    peer = Answer(monkeypatch, b"HTTP/1.1 204 No Content\r\n\r\n")
    assert outbound.post(URL, b"{}", {"webhook-id": "m"}, context=peer) == 204
    assert b"webhook-id: m" in peer.theirs.recv(4096)


def test_default_context_checks_certificates():
    context = ssl.create_default_context()
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


@pytest.fixture
def driver(db):
    return DriverFactory(email="")


@pytest.fixture
def made(driver):
    return webhooks.register_webhook(driver, url=URL, kinds=[], now=NOW)


def tell(driver, kind=NotificationKind.CAR_FULL, about=""):
    return notifications.notify_driver(driver, kind=kind, said=Said.in_words("Full"), now=NOW, about=about)


def test_notification_is_delivered_signed_by_the_standard(driver, made):
    webhook, secret = made
    notification = tell(driver)
    sent = []
    assert webhooks.deliver_due(now=NOW, send=lambda *call: sent.append(call) or 200) == 1
    [(url, body, headers)] = sent
    assert url == webhook.url
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body)["data"] == {
        "id": str(notification.pk),
        "text": "Full",
        "said": {"code": "words", "facts": {"text": "Full"}},
    }
    assert webhooks.deliver_due(now=NOW, send=lambda *call: sent.append(call) or 200) == 0


def test_secret_is_not_readable_at_rest(made):
    webhook, secret = made
    assert secret not in webhook.secret_encrypted


def test_webhook_is_told_only_what_it_wants(driver, made):
    Webhook.objects.update(kinds=["power_cut"])
    tell(driver)
    tell(driver, NotificationKind.POWER_CUT)
    assert WebhookDelivery.objects.get().notification.kind == "power_cut"


def failing(status=None):
    def send(*_):
        raise DeliveryError("no", status)

    return send


def test_delivery_is_tried_again_later_and_given_up_in_the_end(driver, made):
    tell(driver)
    now, tries = NOW, 0
    while WebhookDelivery.objects.filter(next_attempt_at__isnull=False).exists():
        now = WebhookDelivery.objects.get().next_attempt_at
        webhooks.deliver_due(now=now, send=failing())
        tries += 1
    assert tries == 7
    assert now - NOW == timedelta(minutes=1 + 5 + 30 + 120 + 360 + 1080)


def test_webhook_that_is_gone_is_disabled_at_once(driver, made):
    tell(driver)
    webhooks.deliver_due(now=NOW, send=failing(410))
    tell(driver)
    assert Webhook.objects.get().disabled_at == NOW
    assert WebhookDelivery.objects.filter(next_attempt_at__isnull=False).count() == 0


def test_webhook_that_keeps_failing_is_disabled(driver, made):
    for _ in range(20):
        tell(driver)
    webhooks.deliver_due(now=NOW, send=failing(500))
    assert (Webhook.objects.get().failures, Webhook.objects.get().disabled_at) == (20, NOW)


def test_webhook_to_a_private_address_is_not_stored(driver, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("10.0.0.1", 443))])
    with pytest.raises(UnsafeAddress):
        webhooks.register_webhook(driver, url=URL, kinds=[], now=NOW)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("kinds", [["weather"], ["car_full", ""]])
def test_webhook_for_an_unknown_kind_is_refused(driver, kinds):
    with pytest.raises(InvalidInput):
        webhooks.register_webhook(driver, url=URL, kinds=kinds, now=NOW)


def test_sixth_webhook_is_refused(driver):
    for _ in range(5):
        webhooks.register_webhook(driver, url=URL, kinds=[], now=NOW)
    with pytest.raises(InvalidInput, match="At most 5"):
        webhooks.register_webhook(driver, url=URL, kinds=[], now=NOW)


def test_same_thing_is_told_once(driver):
    assert tell(driver, about="session 1") is not None
    assert tell(driver, about="session 1") is None
    assert tell(driver, about="session 2") is not None


def test_target_that_drips_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(outbound, "LONGEST_CALL_S", 0.3)
    peer = Answer(monkeypatch, b"HTTP/1.1 200 OK\r\n")
    stop = threading.Event()

    def drip():
        with suppress(OSError):
            for n in itertools.count():
                if stop.wait(0.02):
                    return
                peer.theirs.sendall(f"X-{n}: never ends\r\n".encode())

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(DeliveryError, match="No answer"):
            outbound.post(URL, b"{}", {}, context=peer)
    finally:
        stop.set()
        dripping.join()


@pytest.mark.promise("R11")
def test_delivery_that_fails_oddly_keeps_no_other_back(driver, made):
    tell(driver)
    tell(driver, about="another")
    calls = []

    def odd_at_first(*_):
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("odd")
        return 204

    assert webhooks.deliver_due(now=NOW, send=odd_at_first) == 1
    assert len(calls) == 2
