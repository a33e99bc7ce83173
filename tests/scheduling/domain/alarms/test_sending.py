"""Channels are served apart: one that fails is tried again, and holds up no other."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from drivers.domain.mailing import mail_server
from drivers.domain.mailing.mail_server import mail_trouble
from drivers.models import Membership, PushSubscription
from evbalancer.common.security import push
from evbalancer.common.security.encryption import encrypt
from evbalancer.common.security.outbound import DeliveryError
from evbalancer.common.security.signing import make_secret, signed_headers
from scheduling.domain.alarms import outbox, sending
from scheduling.enums import AlarmKind, ChannelKind
from scheduling.models import Alarm, AlarmChannel, AlarmNotice
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.fakepush import Browser
from tests.fakepush import Net as PushNet
from tests.scheduling.domain.alarms.test_outbox import manager
from tests.scheduling.domain.alarms.test_wording import alarm

SECRET = make_secret()


class Net:
    """Takes what is sent, or fails as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.sent: list[tuple[str, dict, Mapping[str, str]]] = []
        self._failures = list(failures)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self._failures:
            raise self._failures.pop(0)
        self.sent.append((url, json.loads(body), headers))
        return 200


def channel(
    house: House, kind: ChannelKind, address: str = "", secret: str = "", **fields: object
) -> AlarmChannel:
    row: AlarmChannel = AlarmChannel.objects.create(
        user=manager(house), kind=kind, created_at=timezone.now(), host="example.org",
        address_encrypted=encrypt(address) if address else "", secret_encrypted=encrypt(secret) if secret else "", **fields,
    )  # fmt: skip
    return row


def notice(to: AlarmChannel, about: Alarm, *, due_in_s: int = 0, house: House) -> AlarmNotice:
    row: AlarmNotice = AlarmNotice.objects.create(
        channel=to, alarm=about, is_end=False, due_at=house.now + timedelta(seconds=due_in_s)
    )
    return row


def test_mail_says_what_is_wrong_once(house: House) -> None:
    to = channel(house, ChannelKind.MAIL)
    notice(to, alarm(house, AlarmKind.LIMIT_REFUSED, "A-01"), house=house)
    assert [sending.send_due_alarms(now=house.now) for _ in range(2)] == [1, 0]
    [message] = mail.outbox
    assert (message.to, message.body) == ([to.user.email], "A-01 does not take its limits: others get less.")
    assert message.subject == f"{house.cluster.community.name}: Limit refused"


def test_later_one_within_the_window_joins(house: House) -> None:
    to = channel(house, ChannelKind.MAIL)
    for number, due_in_s in enumerate((120, 150, 239, 300)):
        notice(to, alarm(house, AlarmKind.OFFLINE, f"A-{number}"), due_in_s=due_in_s, house=house)
    assert sending.send_due_alarms(now=house.now + timedelta(seconds=119)) == 0
    assert sending.send_due_alarms(now=house.now + timedelta(seconds=120)) == 1
    assert mail.outbox[0].body == "Charger offline (3): A-0, A-1, A-2."
    assert [each.alarm.name for each in AlarmNotice.objects.filter(sent_at=None)] == ["A-3"]


def test_webhook_is_signed_as_those_of_drivers(house: House) -> None:
    to = channel(house, ChannelKind.WEBHOOK, "https://example.org/hook", SECRET)
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    net = Net()
    sending.send_due_alarms(now=house.now, post=net)
    [(url, body, headers)] = net.sent
    assert (url, body["type"], body["data"]["is_grave"]) == ("https://example.org/hook", "alarms", True)
    assert [each["kind"] for each in body["data"]["begun"]] == ["overdraw"]
    raw = sending.orjson.dumps(body)
    assert (
        signed_headers(SECRET, headers["webhook-id"], raw, now=house.now)["webhook-timestamp"]
        == headers["webhook-timestamp"]
    )


def test_ntfy_gets_topic_title_and_priority(house: House) -> None:
    to = channel(house, ChannelKind.NTFY, "https://ntfy.example.org/sub/my-garage", "tk_1")
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    net = Net()
    sending.send_due_alarms(now=house.now, post=net)
    [(url, body, headers)] = net.sent
    assert (url, headers["Authorization"]) == ("https://ntfy.example.org/sub/", "Bearer tk_1")
    assert (body["topic"], body["priority"], body["title"]) == (
        "my-garage",
        5,
        f"{house.cluster.community.name}: Overdraw",
    )


def test_matrix_room_gets_a_message_whose_repetition_is_harmless(house: House) -> None:
    to = channel(house, ChannelKind.MATRIX, "https://matrix.example.org/#/!room:example.org", "token")
    notice(to, alarm(house, AlarmKind.OFFLINE, "A-01"), house=house)
    net = Net()
    sending.send_due_alarms(now=house.now, put=net)
    [(url, body, headers)] = net.sent
    path = "https://matrix.example.org/_matrix/client/v3/rooms/%21room%3Aexample.org/send/m.room.message/msg_"
    assert (url[: len(path)], body["msgtype"], headers["Authorization"]) == (path, "m.text", "Bearer token")


@pytest.mark.promise("R13")
def test_mail_server_that_fails_stops_no_other_channel_and_is_tried_once_a_round(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def down(*_: object, **__: object) -> int:
        asked.append(1)
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(mail_server, "send_mail", down)
    row = alarm(house, AlarmKind.OVERDRAW, "A-01")
    mails = [channel(house, ChannelKind.MAIL) for _ in range(3)]
    hook = channel(house, ChannelKind.WEBHOOK, "https://example.org/hook", SECRET)
    for to in (*mails, hook):
        notice(to, row, house=house)
    net = Net()
    assert sending.send_due_alarms(now=house.now, post=net) == 1
    assert (len(asked), len(net.sent), mail_trouble().problem) == (1, 1, "gone")
    monkeypatch.undo()
    assert sending.send_due_alarms(now=house.now + timedelta(minutes=1), post=net) == 3
    assert (len(mail.outbox), mail_trouble()) == (3, None)


def test_channel_that_fails_is_tried_again_with_what_came_since(house: House) -> None:
    to = channel(house, ChannelKind.WEBHOOK, "https://example.org/hook", SECRET)
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    net = Net(DeliveryError("Answered 500", 500))
    assert sending.send_due_alarms(now=house.now, post=net) == 0
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-02"), house=house)
    assert sending.send_due_alarms(now=house.now + timedelta(seconds=59), post=net) == 0
    assert sending.send_due_alarms(now=house.now + timedelta(seconds=60), post=net) == 1
    assert len(net.sent[0][1]["data"]["begun"]) == 2
    to.refresh_from_db()
    assert (to.failures, to.retry_at, to.outcome) == (0, None, "Answered 200")


@pytest.mark.parametrize(("failures", "status"), [(95, 500), (0, 410)])
def test_channel_is_given_up_after_a_day_or_when_its_owner_is_gone(
    house: House, failures: int, status: int
) -> None:
    to = channel(house, ChannelKind.NTFY, "https://ntfy.sh/x", failures=failures)
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    sending.send_due_alarms(now=house.now, post=Net(DeliveryError(f"Answered {status}", status)))
    to.refresh_from_db()
    assert (to.disabled_at, to.notices.count()) == (house.now, 0)


def test_whoever_manages_no_longer_gets_nothing(house: House) -> None:
    to = channel(house, ChannelKind.MAIL)
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    Membership.objects.filter(user=to.user).delete()
    assert sending.send_due_alarms(now=house.now) == 0
    assert (mail.outbox, AlarmNotice.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_processes_one_sends() -> None:
    house = make_house()
    to = channel(house, ChannelKind.WEBHOOK, "https://example.org/hook", SECRET)
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    net = Net()

    def run(_: int) -> int:
        try:
            return sending.send_due_alarms(now=house.now, post=net)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, 1]
    assert len(net.sent) == 1


def test_window_of_a_group_is_the_same_for_queue_and_sender() -> None:
    assert sending.GROUPED_FOR is outbox.GROUPED_FOR


@pytest.fixture
def phone(house: House, settings: Any) -> tuple[Browser, AlarmChannel]:
    settings.WEB_PUSH_KEY = push.make_key()
    browser, user = Browser("https://push.example.org/phone"), manager(house)
    row = PushSubscription.objects.create(
        user=user, digest="d", host="push.example.org", created_at=house.now,
        address_encrypted=encrypt(browser.endpoint), secret_encrypted=encrypt(browser.target.keys),
    )  # fmt: skip
    to = AlarmChannel.objects.create(user=user, kind=ChannelKind.PUSH, push=row, created_at=house.now)
    return browser, to


def test_browser_gets_the_alarms_of_a_group_as_one_message(
    house: House, phone: tuple[Browser, AlarmChannel]
) -> None:
    browser, to = phone
    for number in range(3):
        notice(to, alarm(house, AlarmKind.OFFLINE, f"A-{number}"), house=house)
    net = PushNet(browser)
    assert [sending.send_due_alarms(now=house.now, post=net) for _ in range(2)] == [1, 0]
    [(_, told)] = net.sent
    assert (told["text"], told["path"]) == ("Charger offline (3): A-0, A-1, A-2.", "/")
    assert told["title"] == f"{house.cluster.community.name}: 3 alarms"


@pytest.mark.parametrize("status", [404, 410])
def test_browser_that_is_gone_takes_its_channel_with_it(
    house: House, phone: tuple[Browser, AlarmChannel], status: int
) -> None:
    browser, to = phone
    notice(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), house=house)
    net = PushNet(browser)
    net.status = status
    assert sending.send_due_alarms(now=house.now, post=net) == 0
    assert (AlarmChannel.objects.count(), PushSubscription.objects.count(), AlarmNotice.objects.count()) == (
        0,
        0,
        0,
    )
