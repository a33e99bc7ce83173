from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from evbalancer.dashboard.live.identity import Credential, has_origin, is_own_origin, language_of
from tests.factories.drivers import PASSWORD, UserFactory

pytestmark = pytest.mark.promise("S10")


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in values.items()]


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("https://LOCALHOST", "localhost", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://localhost:8001", "localhost:8000", False),
        ("http://evil.example", "localhost:8000", False),
        ("http://localhost.evil.example", "localhost", False),
        ("null", "localhost:8000", False),
        ("file://localhost", "localhost", False),
        ("http://[broken", "localhost", False),
        # A rebound name: the page and the host agree, and neither is ours.
        ("http://evil.example", "evil.example", False),
    ],
)
def test_origin_is_own_only_on_our_host(origin: str, host: str, own: bool, settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "[::1]"]
    assert is_own_origin(headers(origin=origin, host=host)) is own


def test_origin_named_in_trusted_origins_is_own(settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://charging.example"]
    assert is_own_origin(headers(origin="https://charging.example", host="10.0.0.3"))


def test_missing_origin_is_noticed() -> None:
    assert has_origin(headers(origin="http://localhost")) is True
    assert has_origin(headers(host="localhost")) is False
    assert is_own_origin(headers(host="localhost")) is False


@pytest.mark.django_db
def test_session_stands_for_its_user_until_it_ends() -> None:
    user, client = UserFactory(), Client()
    client.force_login(user)
    credential = Credential.of_headers(headers(cookie=f"x=1; sessionid={client.session.session_key}"))
    assert credential.person(now=datetime.now(UTC)) == user
    client.logout()
    assert isinstance(credential.person(now=datetime.now(UTC)), AnonymousUser)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["deactivated", "new password", "expired"])
def test_session_ends_when_what_it_rests_on_does(change: str) -> None:
    user, client = UserFactory(), Client()
    client.force_login(user)
    session = client.session
    credential = Credential(session_key=session.session_key or "")
    if change == "deactivated":
        user.is_active = False
        user.save()
    elif change == "new password":
        user.set_password(PASSWORD + "!")
        user.save()
    else:
        session.set_expiry(-1)
        session.save()
    assert isinstance(credential.person(now=datetime.now(UTC)), AnonymousUser)


@pytest.mark.django_db
def test_token_stands_for_its_user_until_it_expires() -> None:
    user = UserFactory()
    credential = Credential(token=str(AccessToken.for_user(user)))
    assert credential.person(now=datetime.now(UTC)) == user
    assert isinstance(credential.person(now=datetime.now(UTC) + timedelta(minutes=16)), AnonymousUser)


@pytest.mark.django_db
@pytest.mark.promise("S9")
def test_token_of_a_deactivated_user_stands_for_nobody() -> None:
    user = UserFactory()
    credential = Credential(token=str(AccessToken.for_user(user)))
    user.is_active = False
    user.save()
    assert isinstance(credential.person(now=datetime.now(UTC)), AnonymousUser)


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "not.a.token", "refresh"])
def test_token_that_is_none_stands_for_nobody(token: str) -> None:
    raw = str(RefreshToken.for_user(UserFactory())) if token == "refresh" else token
    assert isinstance(Credential(token=raw).person(now=datetime.now(UTC)), AnonymousUser)


def test_unreadable_cookie_is_no_session() -> None:
    assert Credential.of_headers(headers(cookie="sessionid")) == Credential()
    assert Credential.of_headers([]) == Credential()


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ([], "en"),
        ([(b"Accept-Language", b"de-CH,de;q=0.9,en;q=0.5")], "de"),
        ([(b"accept-language", b"fr")], "en"),
        ([(b"accept-language", b"de"), (b"cookie", b"django_language=en")], "en"),
        ([(b"cookie", b"django_language=xx")], "en"),
        ([(b"cookie", b"\xff;=;")], "en"),
    ],
)
def test_language_of_a_socket_is_that_of_its_page(headers: list[tuple[bytes, bytes]], language: str) -> None:
    assert language_of(headers) == language
