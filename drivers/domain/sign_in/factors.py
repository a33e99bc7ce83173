"""Second factors: an app that shows codes (TOTP, RFC 6238), and recovery codes for the day when it is lost (ADR 113)."""

import base64
import secrets
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.utils.translation import gettext

from drivers.domain import tokens
from drivers.domain.mailing.mail_server import deliver_mails
from drivers.domain.sign_in.sign_ins import end_sign_ins
from drivers.models import Authenticator, Passkey, RecoveryCode, User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.mail import Mail
from evbalancer.common.security.digests import digest
from evbalancer.common.security.encryption import decrypt, encrypt
from evbalancer.common.words.said import Said
from grid.domain import audit

# As every authenticator app has them.
DIGITS: Final = 6
STEP_S: Final = 30
SECRET_BYTES: Final = 20
# A clock that is a step off, on either side (RFC 6238, section 5.2).
DRIFT_STEPS: Final = (0, -1, 1)
RECOVERY_CODES: Final = 10
ISSUER: Final = "EV Balancer"


def new_secret() -> str:
    """In base32, as people type it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def provisioning_uri(user: User, secret: str) -> str:
    """What an authenticator app reads as a QR code."""
    return _totp(secret).get_provisioning_uri(user.get_username(), ISSUER)


def has_second_factor(user: User) -> bool:
    return has_authenticator(user) or Passkey.objects.filter(user=user).exists()


def has_authenticator(user: User) -> bool:
    return Authenticator.objects.filter(user=user).exists()


@transaction.atomic
def set_up_authenticator(user: User, *, secret: str, code: str, session_key: str, now: datetime) -> list[str]:
    """Take the authenticator whose code this is, end all other sign-ins, and return the recovery codes, seen only now.

    Raises InvalidInput for a wrong code.
    """
    step = _matching_step(secret, code, after=0, now=now)
    if step is None:
        raise InvalidInput("code", Said("refusal.code_wrong"))
    Authenticator.objects.update_or_create(
        user=user,
        defaults={
            "secret_encrypted": encrypt(secret),
            "last_step": step,
            "created_at": now,
            "used_at": now,
        },
    )
    RecoveryCode.objects.filter(user=user).delete()
    return complete_set_up(user, action="user.second_factor_set_up", session_key=session_key, now=now)


def complete_set_up(user: User, *, action: str, session_key: str, now: datetime) -> list[str]:
    """In the caller's transaction, after a factor was added. Returns recovery codes if the person has none."""
    # Whoever is in elsewhere never showed it.
    end_sign_ins(user, but=session_key)
    tokens.revoke_all(user)
    _record(user, action, now=now)
    if RecoveryCode.objects.filter(user=user).exists():
        return []
    return _renew_recovery_codes(user, now=now)


@transaction.atomic
def renew_recovery_codes(user: User, *, now: datetime) -> list[str]:
    """Ten new ones, seen only now; the old ones end."""
    _record(user, "user.recovery_codes_renewed", now=now)
    return _renew_recovery_codes(user, now=now)


@transaction.atomic
def check_second_factor(user: User, code: str, *, now: datetime) -> None:
    """Use a code of the authenticator, or a recovery code; each works once. Raises InvalidInput."""
    typed = "".join(code.split()).replace("-", "")
    row = Authenticator.objects.select_for_update(no_key=True).filter(user=user).first()
    if row is not None:
        step = _matching_step(decrypt(row.secret_encrypted), typed, after=row.last_step, now=now)
        if step is not None:
            Authenticator.objects.filter(pk=row.pk).update(last_step=step, used_at=now)
            return
    used, _ = RecoveryCode.objects.filter(user=user, code_digest=_digest(user, typed)).delete()
    if not used:
        raise InvalidInput("code", Said("refusal.code_wrong"))
    _record(user, "user.recovery_code_used", now=now)


@transaction.atomic
def remove_passkey(passkey: Passkey, *, now: datetime) -> None:
    """One of several devices. With the last factor the recovery codes go, too."""
    user = passkey.user
    passkey.delete()
    if not has_second_factor(user):
        RecoveryCode.objects.filter(user=user).delete()
    _record(user, "user.passkey_removed", now=now)


@transaction.atomic
def remove_second_factor(user: User, *, actor: audit.Actor, now: datetime, reason: str = "") -> bool:
    """For a device that is lost, or one's own wish. The person gets a mail about it. False if there was none."""
    if not has_second_factor(user):
        return False
    for kind in (Authenticator, Passkey, RecoveryCode):
        kind.objects.filter(user=user).delete()
    audit.record_entry(actor=actor, action="user.second_factor_removed", target=user, now=now, reason=reason)
    if user.email:
        told = Mail(
            user.email,
            gettext("Your second factor was removed"),
            gettext(
                "The second factor of your account %(name)s was removed: from now on your password alone opens it. If you did not expect this, ask the operator of this server."
            )
            % {"name": user.get_username()},
        )
        transaction.on_commit(lambda: deliver_mails([told]), robust=True)
    return True


def _renew_recovery_codes(user: User, *, now: datetime) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_digest=_digest(user, code.replace("-", "")), created_at=now)
        for code in codes
    )
    return codes


def _matching_step(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    """The step whose code this is, later than the last one that was used: nobody uses one again that was looked at."""
    current = int(now.timestamp()) // STEP_S
    for step in (current + drift for drift in DRIFT_STEPS):
        if step > after and _fits(secret, code, step):
            return step
    return None


def _fits(secret: str, code: str, step: int) -> bool:
    try:
        _totp(secret).verify(code.encode(), step * STEP_S)
    except InvalidToken:
        return False
    return True


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_S)  # noqa: S303 (what the apps take; RFC 4226 rests on HMAC)


def _digest(user: User, code: str) -> str:
    return digest(f"{user.pk}:{code.lower()}")


def _record(user: User, action: str, *, now: datetime) -> None:
    audit.record_entry(actor=audit.Actor.of_user(user), action=action, target=user, now=now)
