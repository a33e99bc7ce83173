import socket
from datetime import UTC, datetime, timedelta

import pytest

from drivers.domain import notifications
from drivers.domain.channels import browsers, pushes
from drivers.enums import NotificationKind
from drivers.models import Membership, PushNotice, PushSubscription
from evbalancer.common.security import push
from evbalancer.common.words.said import Said
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CommunityFactory
from tests.fakepush import PUBLIC, Browser, Net

pytestmark = pytest.mark.django_db
# 23:00 in Berlin.
NIGHT = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
KINDS = list(NotificationKind.values)


@pytest.fixture(autouse=True)
def _set_up(settings, monkeypatch):
    settings.WEB_PUSH_KEY = push.make_key()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (PUBLIC, 443))])


@pytest.fixture
def driver():
    return DriverFactory(community=CommunityFactory(name="Maple Court"), email="")


@pytest.fixture
def net(driver):
    phone = Browser("https://push.example.org/phone")
    browsers.keep_subscription(driver.user, phone.target, device="", session_key="", for_news=True, now=NIGHT)
    return Net(phone)


def tell(driver, words="Full", kind=NotificationKind.CAR_FULL, now=NIGHT):
    return notifications.notify_driver(driver, kind=kind, said=Said.in_words(words), now=now)


def texts(net):
    return [(told["title"], told["text"]) for _, told in net.sent]


def test_notification_is_shown_once(driver, net):
    tell(driver)
    assert [pushes.send_due_pushes(now=NIGHT, send=net) for _ in range(2)] == [1, 0]
    assert texts(net) == [("Maple Court", "Full")]
    assert net.sent[0][1]["path"] == "/my#me"
    row = PushSubscription.objects.get()
    assert (row.sent_at, row.retry_at, row.outcome, PushNotice.objects.count()) == (
        NIGHT,
        None,
        "Answered 201",
        0,
    )


def test_news_that_are_due_together_are_one_message(driver, net):
    for number in range(6):
        tell(driver, f"News {number}", now=NIGHT + timedelta(seconds=number))
    assert pushes.send_due_pushes(now=NIGHT + timedelta(seconds=9), send=net) == 1
    assert texts(net) == [("Maple Court", "News 5\nNews 4\nNews 3\nNews 2\nand 2 more")]


def test_quiet_hours_and_kinds_are_those_of_the_driver(driver, net):
    notifications.set_preferences(
        driver, mail_kinds=KINDS, push_kinds=["car_full"], quiet_from_min=22 * 60, quiet_until_min=7 * 60
    )
    tell(driver)
    tell(driver, "Not here", NotificationKind.POWER_CUT)
    tell(driver, "Now", NotificationKind.ACCOUNT)
    tell(driver, "An alarm says it", NotificationKind.OVERDRAW)
    pushes.send_due_pushes(now=NIGHT, send=net)
    pushes.send_due_pushes(now=MORNING - timedelta(seconds=1), send=net)
    assert [text for _, text in texts(net)] == ["Now"]
    pushes.send_due_pushes(now=MORNING, send=net)
    assert [text for _, text in texts(net)] == ["Now", "Full"]


def test_message_is_in_the_drivers_language(driver, net):
    notifications.set_language(driver.user, "de")
    notifications.notify_driver(
        driver, kind=NotificationKind.STANDING, said=Said("suspension.ended"), now=NIGHT
    )
    pushes.send_due_pushes(now=NIGHT, send=net)
    assert texts(net) == [("Maple Court", "Ihre Sperre ist beendet.")]


@pytest.mark.parametrize("status", [404, 410])
def test_browser_that_is_gone_is_removed_with_what_waited(driver, net, status):
    tell(driver)
    net.status = status
    assert pushes.send_due_pushes(now=NIGHT, send=net) == 0
    assert not PushSubscription.objects.exists()
    assert not PushNotice.objects.exists()
    tell(driver)
    assert not PushNotice.objects.exists()


def test_message_that_is_not_taken_is_tried_again_with_what_came_since(driver, net):
    tell(driver)
    net.status = 503
    assert pushes.send_due_pushes(now=NIGHT, send=net) == 0
    net.status = 201
    tell(driver, "Cut", now=NIGHT + timedelta(seconds=30))
    assert pushes.send_due_pushes(now=NIGHT + timedelta(seconds=59), send=net) == 0
    assert pushes.send_due_pushes(now=NIGHT + timedelta(seconds=60), send=net) == 1
    assert texts(net) == [("Maple Court", "Cut\nFull")]
    assert PushSubscription.objects.get().failures == 0


def test_news_of_yesterday_are_given_up_and_a_browser_that_always_fails_is_forgotten(driver, net):
    tell(driver)
    assert pushes.send_due_pushes(now=NIGHT + timedelta(days=1, seconds=1), send=net) == 0
    assert not PushNotice.objects.exists()
    tell(driver)
    PushSubscription.objects.update(failures=pushes.FORGOTTEN_AFTER - 1)
    net.status = 500
    pushes.send_due_pushes(now=NIGHT, send=net)
    assert not PushSubscription.objects.exists()


@pytest.mark.promise("S7")
def test_who_left_the_community_hears_nothing_of_it(driver, net):
    tell(driver)
    Membership.objects.filter(user=driver.user).delete()
    assert pushes.send_due_pushes(now=NIGHT, send=net) == 0
    assert (net.sent, PushNotice.objects.count()) == ([], 0)


def test_browser_of_another_and_one_for_alarms_alone_show_no_news(driver, net):
    tell(DriverFactory(community=driver.community))
    PushSubscription.objects.update(is_for_news=False)
    tell(driver)
    assert not PushNotice.objects.exists()


def test_without_a_key_nothing_is_queued_or_sent(driver, net, settings):
    settings.WEB_PUSH_KEY = ""
    tell(driver)
    assert not PushNotice.objects.exists()
    assert pushes.send_due_pushes(now=NIGHT, send=net) == 0
