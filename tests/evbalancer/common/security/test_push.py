"""Web push as a push service and a browser see it: over TLS, signed, and read by the browser alone."""

import socket
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import push
from evbalancer.common.security.outbound import UnsafeAddress
from evbalancer.ops.checks import check_web_push
from tests.fakepush import PUBLIC, Browser, FakePush, to_loopback

MESSAGE = push.Message("Maple Court", "Das Auto ist voll. \u2713", "news-1", "/my#me")


@pytest.fixture(autouse=True)
def key(settings):
    settings.WEB_PUSH_KEY = push.make_key()
    settings.WEB_PUSH_CONTACT = "mailto:ops@example.org"
    return settings.WEB_PUSH_KEY


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", to_loopback(socket.create_connection))
    with FakePush(tmp_path) as running:
        yield running


def test_server_without_its_key_sends_nothing_and_says_so(service, settings):
    settings.WEB_PUSH_KEY = ""
    answer = push.deliver(service.send, Browser(service.endpoint).target, MESSAGE, now=datetime.now(UTC))
    assert (answer.is_taken, answer.is_gone, answer.outcome) == (False, False, push.NO_KEY)
    assert service.calls == []


def test_message_is_read_by_its_browser_alone_and_signed_for_its_service(service):
    browser, stranger = Browser(service.endpoint), Browser(service.endpoint)
    now = datetime.now(UTC)
    answer = push.deliver(service.send, browser.target, MESSAGE, now=now)
    assert (answer.is_taken, answer.outcome) == (True, "Answered 201")
    [(headers, body)] = service.calls
    assert browser.read(body) == {
        "title": "Maple Court", "text": "Das Auto ist voll. \u2713", "tag": "news-1", "path": "/my#me",
    }  # fmt: skip
    with pytest.raises(Exception, match=r"Decryption|InvalidTag|error"):
        stranger.read(body)
    assert b"Auto" not in body
    claims = service.claims()
    assert (claims["sub"], claims["exp"]) == (
        "mailto:ops@example.org",
        int((now + push.SIGNED_FOR).timestamp()),
    )
    assert (headers["Content-Encoding"], headers["TTL"], headers["Urgency"]) == (
        "aes128gcm",
        "86400",
        "normal",
    )
    push.deliver(service.send, browser.target, replace(MESSAGE, is_urgent=True), now=now)
    assert service.calls[1][0]["Urgency"] == "high"
    # A fresh key and salt each time.
    assert service.calls[1][1] != body


@pytest.mark.parametrize(
    ("status", "is_gone"), [(404, True), (410, True), (429, False), (500, False), (301, False)]
)
def test_browser_is_gone_when_its_service_says_so(service, status, is_gone):
    service.status = status
    answer = push.deliver(service.send, Browser(service.endpoint).target, MESSAGE, now=datetime.now(UTC))
    assert (answer.is_taken, answer.is_gone) == (False, is_gone)


def test_longest_message_fits_into_one_record(service):
    browser = Browser(service.endpoint)
    long = replace(MESSAGE, title="\u6f22" * 120, text="\u6f22" * 5_000)
    push.deliver(service.send, browser.target, long, now=datetime.now(UTC))
    body = service.calls[0][1]
    assert len(body) <= 4_096
    assert len(browser.read(body)["text"]) == push.LONGEST_TEXT


@pytest.mark.promise("S13")
@pytest.mark.parametrize(
    ("endpoint", "ip"),
    [
        ("http://push.example.org/x", PUBLIC),
        ("https://push.example.org/x", "10.0.0.1"),
        ("https://push.example.org/x", "::1"),
        ("https://user:word@push.example.org/x", PUBLIC),
        ("javascript:alert(1)", PUBLIC),
    ],
)
def test_address_of_no_push_service_is_refused(monkeypatch, endpoint, ip):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (ip, 443))])
    with pytest.raises(UnsafeAddress):
        push.check_target(Browser(endpoint).target)


@pytest.mark.parametrize(
    "wrong", [{"p256dh": "AAAA"}, {"p256dh": "*"}, {"auth": "AAAA"}, {"auth": ""}, {"p256dh": "B" + "A" * 86}]
)
def test_keys_of_no_browser_are_refused(monkeypatch, wrong):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (PUBLIC, 443))])
    whole = Browser("https://push.example.org/x").target
    push.check_target(whole)
    with pytest.raises(InvalidInput, match="not the keys of a browser"):
        push.check_target(replace(whole, **wrong))


def test_command_prints_a_key_that_settings_take(settings):
    out = StringIO()
    call_command("make_push_key", stdout=out)
    name, _, value = out.getvalue().strip().partition("=")
    assert name == "WEB_PUSH_KEY"
    settings.WEB_PUSH_KEY = value
    assert (len(push.public_key()), check_web_push(None)) == (87, [])


@pytest.mark.parametrize("value", ["secret", "A" * 43 + "!", "A" * 43])
def test_check_names_a_key_that_is_none(settings, value):
    settings.WEB_PUSH_KEY = value
    assert [found.id for found in check_web_push(None)] == ["evbalancer.E013"]


def test_no_key_is_no_trouble(settings):
    settings.WEB_PUSH_KEY = ""
    assert (push.is_set_up(), check_web_push(None)) == (False, [])
