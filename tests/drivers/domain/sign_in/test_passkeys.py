"""A passkey opens the account that it was made for, on this host, once for each challenge (ADR 114)."""

import copy
from datetime import UTC, datetime

import pytest

from drivers.domain.sign_in import factors, passkeys
from drivers.models import Passkey, RecoveryCode
from evbalancer.common.errors import InvalidInput
from grid.models import AuditEntry
from tests.factories.drivers import UserFactory
from tests.softkey import SoftKey

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S16")]
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
PLACE = {"origin": "https://garage.example", "host": "garage.example"}


@pytest.fixture
def user():
    return UserFactory()


def soft_key(**changes):
    return SoftKey(**PLACE | changes)


def register(user, key, state=None, answer=None, name="Phone"):
    options, begun = passkeys.begin_registration(user, **PLACE)
    answer = answer or key.create(options)
    return passkeys.register_passkey(
        user, answer, state or begun, name=name, session_key="", now=NOW, **PLACE
    )


def check(user, key, **changes):
    options, state = passkeys.begin_check(user, **PLACE)
    passkeys.check_passkey(user, changes.get("answer") or key.get(options), state, now=NOW, **PLACE)


def test_passkey_is_a_second_factor_with_recovery_codes(user):
    key = soft_key()
    assert len(register(user, key)) == factors.RECOVERY_CODES
    assert factors.has_second_factor(user)
    check(user, key)
    row = Passkey.objects.get()
    assert (row.name, row.used_at) == ("Phone", NOW)
    assert register(user, soft_key(), name="Laptop") == []
    assert AuditEntry.objects.filter(action="user.passkey_added").count() == 2


@pytest.mark.parametrize("changes", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
def test_passkey_of_another_place_is_refused(user, changes):
    with pytest.raises(InvalidInput):
        register(user, soft_key(**changes))
    key = soft_key()
    register(user, key)
    for name, value in changes.items():
        setattr(key, name, value)
    with pytest.raises(InvalidInput):
        check(user, key)


def test_passkey_of_somebody_else_is_refused(user):
    key, other = soft_key(), UserFactory()
    register(user, key)
    register(other, soft_key())
    with pytest.raises(InvalidInput):
        check(other, key)
    with pytest.raises(InvalidInput):
        register(other, key)


def test_answer_to_another_challenge_is_refused(user):
    key = soft_key()
    register(user, key)
    old, _ = passkeys.begin_check(user, **PLACE)
    with pytest.raises(InvalidInput):
        check(user, key, answer=key.get(old))
    with pytest.raises(InvalidInput):
        passkeys.check_passkey(user, key.get(old), None, now=NOW, **PLACE)


def broken(answer):
    yield {}
    for part in ("rawId", "response"):
        changed = copy.deepcopy(answer)
        del changed[part]
        yield changed
    for part in answer["response"]:
        for value in ("", "AAAA", 7, None, "ü"):
            changed = copy.deepcopy(answer)
            changed["response"][part] = value
            yield changed


def test_broken_answers_are_refused_in_words(user):
    key = soft_key()
    options, state = passkeys.begin_registration(user, **PLACE)
    for answer in broken(key.create(options)):
        with pytest.raises(InvalidInput):
            register(user, key, state=state, answer=answer)
    register(user, key)
    options, state = passkeys.begin_check(user, **PLACE)
    for answer in broken(key.get(options)):
        with pytest.raises(InvalidInput):
            passkeys.check_passkey(user, answer, state, now=NOW, **PLACE)


def test_last_passkey_takes_the_recovery_codes_with_it(user):
    register(user, soft_key())
    register(user, soft_key())
    first, last = Passkey.objects.all()
    factors.remove_passkey(first, now=NOW)
    assert RecoveryCode.objects.exists()
    factors.remove_passkey(last, now=NOW)
    assert not RecoveryCode.objects.exists()
    assert not factors.has_second_factor(user)
