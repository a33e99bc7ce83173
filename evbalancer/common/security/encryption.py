"""Private text at rest: Fernet tokens under keys of our own. The first key encrypts, all of them decrypt."""

import base64
from typing import ClassVar, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.db.models import Model

from evbalancer.common.errors import DomainError

CHUNK: Final = 500


class KeyMissing(DomainError):  # noqa: N818 (named for what happened)
    """No key is configured, or none of those that are can read what is stored."""

    code: ClassVar[str] = "encryption_key_missing"
    title: ClassVar[str] = "Stored secrets can't be read"
    status: ClassVar[int] = 503


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Raises KeyMissing when none of FIELD_ENCRYPTION_KEYS fits."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise KeyMissing(
            "None of FIELD_ENCRYPTION_KEYS fits. Put the old key back, after the new one."
        ) from error


def rotate(token: str) -> str:
    """The same secret under the first key. Raises KeyMissing."""
    try:
        return _fernet().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise KeyMissing(
            "None of FIELD_ENCRYPTION_KEYS fits. Put the old key back, after the new one."
        ) from error


def rotate_columns(model: type[Model]) -> int:
    """Re-encrypt the `_encrypted` columns of all rows under the first key, a chunk a transaction. Safe to run again. Raises KeyMissing."""
    names = [field.name for field in model._meta.concrete_fields if field.name.endswith("_encrypted")]  # noqa: SLF001
    rotated, last = 0, None
    while names:
        with transaction.atomic():
            # Locked: a token that is refreshed in between would be overwritten with an older one.
            rows = model._base_manager.select_for_update(no_key=True).order_by("pk")  # noqa: SLF001
            chunk = list((rows if last is None else rows.filter(pk__gt=last))[:CHUNK])
            for row in chunk:
                for name in names:
                    stored = getattr(row, name)
                    setattr(row, name, rotate(stored) if stored else stored)
            if chunk:
                model._base_manager.bulk_update(chunk, names)  # noqa: SLF001
        if not chunk:
            return rotated
        rotated, last = rotated + len(chunk), chunk[-1].pk
    return rotated


def _fernet() -> MultiFernet:
    keys = settings.FIELD_ENCRYPTION_KEYS or _development_keys()
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise KeyMissing("FIELD_ENCRYPTION_KEYS holds something that is not a Fernet key.") from error


def _development_keys() -> list[bytes]:
    """Demo and development need no key of their own; production is refused one (see the deploy checks)."""
    if not (settings.DEBUG or settings.DEMO):
        raise KeyMissing("Set FIELD_ENCRYPTION_KEYS; see .env.example.")
    derived = HKDF(SHA256(), 32, salt=None, info=b"evbalancer field encryption").derive(
        settings.SECRET_KEY.encode()
    )
    return [base64.urlsafe_b64encode(derived)]
