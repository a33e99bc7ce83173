"""Codes of an authenticator open an account once each; recovery codes stand in for it (ADR 113)."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.core import mail
from django.core.management import CommandError, call_command

from drivers.domain.sign_in import factors
from drivers.domain.sign_in.factors import check_second_factor, has_second_factor
from drivers.models import Authenticator, RecoveryCode, User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.encryption import decrypt
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.drivers import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S16")]
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
# Of RFC 6238, appendix B, in base32.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def code_at(secret, at):
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(at.timestamp()).decode()


@pytest.fixture
def user():
    return UserFactory(email="ada@example.org")


def set_up(user, now=NOW):
    secret = factors.new_secret()
    return secret, factors.set_up_authenticator(
        user, secret=secret, code=code_at(secret, now), session_key="", now=now
    )


@pytest.mark.parametrize(
    ("second", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_specification(user, second, code):
    at = datetime.fromtimestamp(second, tz=UTC)
    factors.set_up_authenticator(user, secret=RFC_SECRET, code=code, session_key="", now=at)
    assert Authenticator.objects.get().last_step == second // 30


def test_secret_is_encrypted_and_recovery_codes_are_digests(user):
    secret, codes = set_up(user)
    row = Authenticator.objects.get()
    assert secret not in row.secret_encrypted
    assert decrypt(row.secret_encrypted) == secret
    assert len(set(codes)) == factors.RECOVERY_CODES
    stored = set(RecoveryCode.objects.values_list("code_digest", flat=True))
    assert not stored & {code.replace("-", "") for code in codes}


def test_code_works_once_and_a_step_late_or_early(user):
    secret, _ = set_up(user)
    later = NOW + timedelta(minutes=5)
    code = code_at(secret, later)
    check_second_factor(user, f"{code[:3]} {code[3:]}", now=later)
    with pytest.raises(InvalidInput):
        check_second_factor(user, code, now=later)
    check_second_factor(user, code_at(secret, later + timedelta(seconds=30)), now=later)
    with pytest.raises(InvalidInput):
        check_second_factor(user, code_at(secret, later + timedelta(seconds=90)), now=later)


def test_recovery_code_works_once_for_its_own_account(user):
    _, codes = set_up(user)
    other = UserFactory()
    set_up(other)
    with pytest.raises(InvalidInput):
        check_second_factor(other, codes[0], now=NOW)
    check_second_factor(user, codes[0].upper(), now=NOW)
    with pytest.raises(InvalidInput):
        check_second_factor(user, codes[0], now=NOW)
    assert RecoveryCode.objects.filter(user=user).count() == factors.RECOVERY_CODES - 1
    assert AuditEntry.objects.filter(action="user.recovery_code_used").count() == 1


def test_new_recovery_codes_end_the_old_ones(user):
    _, codes = set_up(user)
    new = factors.renew_recovery_codes(user, now=NOW)
    with pytest.raises(InvalidInput):
        check_second_factor(user, codes[0], now=NOW)
    check_second_factor(user, new[0], now=NOW)


@pytest.mark.parametrize("code", ["", "000000", "12345", "ünïcod", "0" * 40])
def test_wrong_first_code_sets_nothing_up(user, code):
    with pytest.raises(InvalidInput):
        factors.set_up_authenticator(user, secret=RFC_SECRET, code=code, session_key="", now=NOW)
    assert not has_second_factor(user)


def test_removal_is_audited_and_mailed(user, django_capture_on_commit_callbacks):
    set_up(user)
    with django_capture_on_commit_callbacks(execute=True):
        assert factors.remove_second_factor(user, actor=SYSTEM, now=NOW, reason="Lost phone")
    assert not has_second_factor(user)
    assert not RecoveryCode.objects.exists()
    assert AuditEntry.objects.get(action="user.second_factor_removed").reason == "Lost phone"
    assert "second factor was removed" in mail.outbox[0].subject
    assert not factors.remove_second_factor(user, actor=SYSTEM, now=NOW)


def test_command_removes_it_and_says_what_it_did_not_find(user, capsys):
    set_up(user)
    call_command("remove_second_factor", "ADA@example.org")
    assert not has_second_factor(user)
    assert "with the password alone" in capsys.readouterr().out
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("remove_second_factor", user.username)
    with pytest.raises(CommandError, match="There is no account nobody"):
        call_command("remove_second_factor", "nobody")
    assert User.objects.count() == 1
