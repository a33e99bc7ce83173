"""International bank account numbers (ISO 13616): 97 divides them, with the country at the end, with a remainder of 1."""

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
# Of the countries that we know best; others are judged by their check digits.
LENGTHS: Final = {
    "DE": 22,
    "AT": 20,
    "CH": 21,
    "LI": 21,
    "LU": 20,
    "NL": 18,
    "BE": 16,
    "FR": 27,
    "IT": 27,
    "ES": 24,
}
NOT_AN_IBAN = gettext_lazy("This is not an IBAN: check its digits.")
NOT_A_BIC = gettext_lazy("This is not a BIC: it has 8 or 11 characters, for example COBADEFFXXX.")


def plain_iban(told: str) -> str:
    """Without the blanks that people write."""
    return "".join(told.split()).upper()


def check_iban(told: str) -> None:
    """Raise ValidationError for a number that no bank can have given."""
    iban = plain_iban(told)
    fits = IBAN.fullmatch(iban) is not None and len(iban) == LENGTHS.get(iban[:2], len(iban))
    if not fits or int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 != 1:
        raise ValidationError(NOT_AN_IBAN, code="iban")


def check_bic(told: str) -> None:
    """Raise ValidationError."""
    if BIC.fullmatch(told) is None:
        raise ValidationError(NOT_A_BIC, code="bic")


def mask_iban(iban: str) -> str:
    """Enough to recognise one's own account."""
    return f"{iban[:2]}… {iban[-4:]}"
