from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from drivers.domain import tokens
from drivers.domain.tokens import OnceToken, RefreshRefused
from drivers.models import User
from tests.factories.drivers import UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def user():
    return UserFactory()


def shown(token):
    """As it comes back from the client: signature and expiry are checked."""
    return OnceToken(str(token))


def test_rotation_gives_a_token_that_rotates_in_turn(user):
    first = OnceToken.for_user(user)
    second = tokens.rotate_refresh(shown(first))
    third = tokens.rotate_refresh(shown(second))
    assert len({token["jti"] for token in (first, second, third)}) == 3
    assert OutstandingToken.objects.exclude(blacklistedtoken=None).count() == 2


def test_second_use_ends_every_token_of_the_user_and_of_nobody_else(user):
    first, phone = OnceToken.for_user(user), OnceToken.for_user(user)
    neighbours = OnceToken.for_user(UserFactory())
    second = tokens.rotate_refresh(shown(first))
    for refused in (first, second, phone):
        with pytest.raises(RefreshRefused):
            tokens.rotate_refresh(shown(refused))
    assert tokens.rotate_refresh(shown(neighbours))


def test_token_is_refused_after_a_new_password_or_the_end_of_its_account(user):
    before = OnceToken.for_user(user)
    user.set_password("another correct horse")
    user.save()
    with pytest.raises(RefreshRefused, match="Sign in again"):
        tokens.rotate_refresh(shown(before))
    after = OnceToken.for_user(user)
    User.objects.update(is_active=False)
    with pytest.raises(RefreshRefused, match="Sign in again"):
        tokens.rotate_refresh(shown(after))
    assert not BlacklistedToken.objects.exists()


def test_token_whose_row_was_lost_is_used_once_too(user):
    token = OnceToken.for_user(user)
    OutstandingToken.objects.all().delete()
    tokens.rotate_refresh(shown(token))
    with pytest.raises(RefreshRefused, match="used before"):
        tokens.rotate_refresh(shown(token))


def test_id_of_a_token_is_stored_and_never_the_token(user):
    token = OnceToken.for_user(user)
    row = OutstandingToken.objects.get()
    assert (row.jti, row.token, row.user) == (token["jti"], "", user)
    assert row.expires_at == datetime.fromtimestamp(token["exp"], tz=UTC)


def test_expired_tokens_are_pruned_and_are_refused_by_their_date(user, clock):
    old = OnceToken.for_user(user)
    expires_at = OutstandingToken.objects.get().expires_at
    tokens.prune_tokens(now=expires_at)
    assert OutstandingToken.objects.exists()
    tokens.prune_tokens(now=expires_at + timedelta(seconds=1))
    assert not OutstandingToken.objects.exists()
    clock.move_to(expires_at + timedelta(seconds=1))
    with pytest.raises(TokenError):
        shown(old)


def test_revoking_twice_is_harmless(user):
    OnceToken.for_user(user)
    for _ in range(2):
        tokens.revoke_all(user)
    assert BlacklistedToken.objects.count() == 1
