"""Passkeys as second factors (WebAuthn, ADR 114): a phone, a computer or a security key that signs for this host alone."""

import base64
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from drivers.domain.sign_in.factors import complete_set_up
from drivers.models import Passkey, User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.said import Said

NAME: Final = "EV Balancer"
MOST_PASSKEYS: Final = 10
# What fido2 raises for an answer that is not what it says it is.
UNFIT: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    AssertionError,
    IndexError,
    NotImplementedError,
    struct.error,
)
Answer = Mapping[str, Any]


def begin_registration(user: User, *, origin: str, host: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The browser's options, and what the session keeps until its answer. Once for each answer."""
    options, state = _server(origin, host).register_begin(
        PublicKeyCredentialUserEntity(
            id=f"evb-{user.pk}".encode(), name=user.get_username(), display_name=str(user)
        ),
        credentials=_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), state


@transaction.atomic
def register_passkey(
    user: User,
    answer: Answer,
    state: dict[str, Any] | None,
    *,
    name: str,
    origin: str,
    host: str,
    session_key: str,
    now: datetime,
) -> list[str]:
    """Keep the passkey. Returns recovery codes if it is the first factor, seen only now. Raises InvalidInput."""
    if state is None or Passkey.objects.filter(user=user).count() >= MOST_PASSKEYS:
        raise InvalidInput("passkey", Said("refusal.passkey_unfit"))
    try:
        found = _server(origin, host).register_complete(state, answer).credential_data
        if found is None:
            raise InvalidInput("passkey", Said("refusal.passkey_unfit"))
        row = Passkey(
            user=user,
            name=name.strip()[:60],
            credential_id=_text(found.credential_id),
            credential=_text(bytes(found)),
            created_at=now,
        )
        with transaction.atomic():
            row.save(force_insert=True)
    except (*UNFIT, IntegrityError) as error:
        raise InvalidInput("passkey", Said("refusal.passkey_unfit")) from error
    return complete_set_up(user, action="user.passkey_added", session_key=session_key, now=now)


def begin_check(user: User, *, origin: str, host: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same for signing in."""
    options, state = _server(origin, host).authenticate_begin(
        _credentials(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    return dict(options), state


@transaction.atomic
def check_passkey(
    user: User, answer: Answer, state: dict[str, Any] | None, *, origin: str, host: str, now: datetime
) -> None:
    """Raises InvalidInput."""
    if state is None:
        raise InvalidInput("passkey", Said("refusal.passkey_unfit"))
    try:
        used = _server(origin, host).authenticate_complete(state, _credentials(user), answer)
    except UNFIT as error:
        raise InvalidInput("passkey", Said("refusal.passkey_unfit")) from error
    Passkey.objects.filter(user=user, credential_id=_text(used.credential_id)).update(used_at=now)


def _server(origin: str, host: str) -> Fido2Server:
    """For the host that the browser shows: the request's, which is one of ALLOWED_HOSTS."""
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name=NAME), verify_origin=lambda shown: shown == origin
    )


def _credentials(user: User) -> list[AttestedCredentialData]:
    stored = Passkey.objects.filter(user=user).values_list("credential", flat=True)
    return [AttestedCredentialData(base64.b64decode(each)) for each in stored]


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
