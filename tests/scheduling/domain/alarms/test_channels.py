import socket

import pytest
from django.core import mail
from django.utils import timezone

from drivers.models import User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.encryption import decrypt
from evbalancer.common.security.outbound import DeliveryError
from grid.models import AuditEntry
from scheduling.domain.alarms import channels
from scheduling.domain.alarms.channels import Wishes
from scheduling.models import AlarmChannel
from tests.factories.drivers import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 443))])


@pytest.fixture
def user() -> User:
    return UserFactory(email="ada@example.org")


def add(user: User, kind: str, address: str = "", token: str = "", **wishes: object):
    return channels.add_channel(
        user, kind=kind, address=address, token=token, wishes=Wishes(**wishes), now=timezone.now()
    )


def test_address_and_token_are_encrypted_and_the_trail_has_neither(user: User) -> None:
    channel, secret = add(user, "ntfy", "https://ntfy.sh/SECRET-topic", "SECRET-token")
    assert (secret, channel.host) == ("", "ntfy.sh")
    assert (decrypt(channel.address_encrypted), decrypt(channel.secret_encrypted)) == (
        "https://ntfy.sh/SECRET-topic",
        "SECRET-token",
    )
    assert "SECRET" not in str(AlarmChannel.objects.values()) + str(AuditEntry.objects.values())


def test_webhook_shows_its_secret_once(user: User) -> None:
    channel, secret = add(user, "webhook", "https://example.org/hook")
    assert secret.startswith("whsec_")
    assert decrypt(channel.secret_encrypted) == secret


@pytest.mark.promise("S13")
@pytest.mark.parametrize("kind", ["webhook", "ntfy", "matrix"])
def test_private_address_is_refused(user: User, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("10.0.0.1", 443))])
    with pytest.raises(InvalidInput, match="not public"):
        add(user, kind, "https://inside.example.org/x#!room:x", "token")
    assert not AlarmChannel.objects.exists()


@pytest.mark.parametrize(
    ("kind", "address", "token", "wishes"),
    [
        ("ntfy", "https://ntfy.sh/", "", {}),
        ("matrix", "https://matrix.org/", "token", {}),
        ("matrix", "https://matrix.org/#/!room:matrix.org", "", {}),
        ("webhook", "http://example.org/", "", {}),
        ("webhook", "", "", {}),
        ("webhook", "https://example.org/", "", {"kinds": ["nonsense"]}),
        ("webhook", "https://example.org/", "", {"quiet_from_min": 60}),
    ],
)
def test_bad_channel_is_refused_and_changes_nothing(user, kind, address, token, wishes) -> None:
    with pytest.raises(InvalidInput):
        add(user, kind, address, token, **wishes)
    assert not AlarmChannel.objects.exists()


def test_mail_is_one_channel_and_needs_an_address(user: User) -> None:
    add(user, "mail")
    with pytest.raises(InvalidInput):
        add(user, "mail")
    with pytest.raises(InvalidInput):
        add(UserFactory(email=""), "mail")


def test_number_of_channels_is_bounded(user: User) -> None:
    for number in range(channels.MOST_CHANNELS):
        add(user, "ntfy", f"https://ntfy.sh/topic-{number}")
    with pytest.raises(InvalidInput):
        add(user, "ntfy", "https://ntfy.sh/one-more")


def test_change_tries_a_channel_again_that_was_given_up(user: User) -> None:
    channel, _ = add(user, "ntfy", "https://ntfy.sh/x")
    AlarmChannel.objects.update(disabled_at=timezone.now(), failures=96)
    changed = channels.change_channel(channel, wishes=Wishes(kinds=["disk"]), now=timezone.now())
    assert (changed.kinds, changed.disabled_at, changed.failures) == (["disk"], None, 0)


def test_mail_that_is_removed_stays_off(user: User) -> None:
    channel, _ = add(user, "mail")
    hook, _ = add(user, "webhook", "https://example.org/hook")
    for each in (channel, hook):
        channels.remove_channel(each, now=timezone.now())
    assert list(AlarmChannel.objects.values_list("kind", "is_active")) == [("mail", False)]


def test_trial_says_what_became_of_it(user: User) -> None:
    channel, _ = add(user, "mail", language="de")
    assert channels.try_channel(channel, now=timezone.now()).is_taken
    assert mail.outbox[0].body == "Das ist ein Test dieses Kanals für Alarme."
    hook, _ = add(user, "webhook", "https://example.org/hook")

    def refuse(*_: object) -> int:
        raise DeliveryError("Answered 500", 500)

    answer = channels.try_channel(hook, now=timezone.now(), post=refuse)
    assert (answer.is_taken, answer.outcome) == (False, "Answered 500")
    hook.refresh_from_db()
    assert (hook.failures, hook.outcome) == (0, "Answered 500")
