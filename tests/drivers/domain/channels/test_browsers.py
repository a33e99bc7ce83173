import socket
from datetime import UTC, datetime

import pytest
from django.test import Client

from drivers.domain.channels import browsers
from drivers.domain.sign_in.sign_ins import end_sign_ins
from drivers.models import PushSubscription
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import push
from evbalancer.common.security.outbound import UnsafeAddress
from tests.factories.drivers import DriverFactory
from tests.fakepush import PUBLIC, Browser, Net

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _set_up(settings, monkeypatch):
    settings.WEB_PUSH_KEY = push.make_key()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (PUBLIC, 443))])


@pytest.fixture
def user():
    return DriverFactory().user


def browser(number: int = 1) -> Browser:
    return Browser(f"https://push.example.org/{number}")


def keep(user, of: Browser, *, session_key: str = "one", for_news: bool = True) -> PushSubscription:
    return browsers.keep_subscription(
        user, of.target, device=FIREFOX, session_key=session_key, for_news=for_news, now=NOW
    )


def test_browser_is_kept_once_and_unreadable_at_rest(user):
    mine = browser()
    row = keep(user, mine)
    assert keep(user, mine).pk == row.pk
    assert (row.device, row.host) == ("Firefox, Linux", "push.example.org")
    assert mine.endpoint not in row.address_encrypted
    assert mine.target.auth not in row.secret_encrypted
    assert browsers.target_of(row) == mine.target


def test_browser_shows_news_until_that_is_ended(user):
    row = keep(user, browser(), for_news=False)
    assert not row.is_for_news
    row = keep(user, browser())
    assert keep(user, browser(), for_news=False).is_for_news
    browsers.end_news(row)
    assert not PushSubscription.objects.exists()


@pytest.mark.promise("S7")
def test_browser_is_for_who_is_signed_in_there_last(user):
    keep(user, browser())
    other = DriverFactory().user
    keep(other, browser())
    assert [row.user for row in PushSubscription.objects.all()] == [other]


def test_of_too_many_browsers_the_oldest_is_forgotten(user):
    rows = [keep(user, browser(number)) for number in range(browsers.MOST_BROWSERS)]
    PushSubscription.objects.filter(pk=rows[3].pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    keep(user, browser(99))
    left = set(PushSubscription.objects.values_list("pk", flat=True))
    assert (len(left), rows[3].pk in left) == (browsers.MOST_BROWSERS, False)


def test_browser_is_refused_without_a_key_of_this_server(user, settings):
    settings.WEB_PUSH_KEY = ""
    with pytest.raises(InvalidInput, match="no key for web push"):
        keep(user, browser())


@pytest.mark.promise("S13")
def test_browser_at_a_private_address_is_not_stored(user, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("192.168.1.1", 443))])
    with pytest.raises(UnsafeAddress):
        keep(user, browser())
    assert not PushSubscription.objects.exists()


def test_trial_reaches_the_browser_and_forgets_one_that_is_gone(user):
    mine = browser()
    net, row = Net(mine), keep(user, mine)
    assert browsers.send_trial(row, text="A test", now=NOW, send=net).is_taken
    assert net.sent[0][1]["text"] == "A test"
    net.status = 410
    assert not browsers.send_trial(row, text="A test", now=NOW, send=net).is_taken
    assert not PushSubscription.objects.exists()


def test_ending_sign_ins_ends_their_browsers(user):
    for number, key in enumerate(("one", "two", "")):
        keep(user, browser(number), session_key=key)
    end_sign_ins(user, but="one")
    assert [browsers.target_of(row).endpoint[-1] for row in PushSubscription.objects.all()] == ["0"]
    end_sign_ins(user)
    assert not PushSubscription.objects.exists()


def test_signing_out_ends_messages_in_that_browser_alone(user):
    here, there = Client(), Client()
    for number, client in enumerate((here, there)):
        client.force_login(user)
        keep(user, browser(number), session_key=client.session.session_key)
    here.post("/logout")
    assert [browsers.target_of(row).endpoint[-1] for row in PushSubscription.objects.all()] == ["1"]
