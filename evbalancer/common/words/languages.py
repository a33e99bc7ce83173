"""The languages that the server offers: English, and each catalogue that is complete enough. Settings read them at start."""

import struct
from pathlib import Path
from typing import Final

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils.translation import to_language

from evbalancer.common.words.catalogues import COMPLETE, DOMAINS

ORIGINAL: Final = "en"
# A page that is half English confuses more than one that is English throughout.
ENOUGH_PCT: Final = 90


def offered_languages(locale: Path) -> list[tuple[str, str]]:
    """Code and own name, as settings.LANGUAGES wants them: English, German, then the others by code.

    A language is offered if its compiled catalogues have at least ENOUGH_PCT of the messages that German has. Compilers leave
    empty messages and guesses out.
    """
    codes = sorted(path.name for path in locale.iterdir() if path.is_dir() and path.name != COMPLETE)
    enough = [code for code in codes if translated_pct(locale, code) >= ENOUGH_PCT]
    return [(to_language(code), _own_name(to_language(code))) for code in (ORIGINAL, COMPLETE, *enough)]


def translated_pct(locale: Path, folder: str) -> int:
    """Of all German messages, server and scripts together, in whole per cent, rounded down."""
    there = wanted = 0
    for domain in DOMAINS:
        german = _compiled(locale, COMPLETE, domain)
        wanted += len(german)
        there += len(german & _compiled(locale, folder, domain))
    return 100 * there // wanted if wanted else 0


def language_choices() -> list[tuple[str, str]]:
    """Of model fields: asked when needed, so that another language needs no migration."""
    return list(settings.LANGUAGES)


def _compiled(locale: Path, folder: str, domain: str) -> set[bytes]:
    """The msgids of a .mo file: a table of lengths and offsets (gettext's manual, "The Format of GNU MO Files")."""
    path = locale / folder / "LC_MESSAGES" / f"{domain}.mo"
    if not path.exists():
        return set()
    told = path.read_bytes()
    count, table = struct.unpack_from("<8xII", told)
    places = (struct.unpack_from("<II", told, table + 8 * row) for row in range(count))
    # Behind a zero byte stands the plural.
    return {told[at : at + length].partition(b"\0")[0] for length, at in places} - {b""}


def _own_name(code: str) -> str:
    name = str(LANG_INFO.get(code, {}).get("name_local", code))
    return name[:1].upper() + name[1:]
