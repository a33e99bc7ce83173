"""A line of text is one line: names and reasons that people enter go into mails, headers, lists and exports."""

import unicodedata
from typing import Final

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy

# Control characters, and the separators of lines and of paragraphs.
NOT_IN_A_LINE: Final = ("Cc", "Zl", "Zp")


def check_one_line(text: str) -> None:
    """Raise ValidationError for a line break or another control character."""
    if any(unicodedata.category(character) in NOT_IN_A_LINE for character in text):
        raise ValidationError(
            gettext_lazy("Line breaks and control characters are not allowed."), code="one_line"
        )


def printable(text: str, *, instead: str = "") -> str:
    """A text of others, without characters that no database stores and no page shows."""
    return "".join(letter if letter.isprintable() else instead for letter in text)


def watch_lines() -> None:
    """Have every short text of every model checked, wherever it is validated: admin, API, import, commands."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 (Django's documented Meta API)
            if isinstance(field, models.CharField) and check_one_line not in field.validators:
                field.validators.append(check_one_line)
