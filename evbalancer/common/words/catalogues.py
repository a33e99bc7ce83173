"""Catalogues of translated words, compared with one that is complete."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

DOMAINS: Final = ("django", "djangojs")
# Tests hold it complete: every marked word of the code is in it.
COMPLETE: Final = "de"
NAMED: Final = re.compile(r"%\((\w+)\)[sd]")


@dataclass(slots=True)
class Entry:
    """A message: its translations, one a plural form, and whether a tool only guessed them."""

    plural: str = ""
    said: list[str] = field(default_factory=list)
    is_fuzzy: bool = False


def read_catalogue(path: Path) -> dict[str, Entry]:
    """By msgid, as tools of gettext write it: strings may go on over several lines. Without the header."""
    found: dict[str, Entry] = {}
    entry, msgid, part, is_fuzzy = Entry(), "", "", False
    for line in path.read_text().splitlines():
        if line.startswith("#, ") and "fuzzy" in line:
            is_fuzzy = True
        keyword, _, quoted = line.partition(" ")
        if line.startswith('"'):
            keyword, quoted = part, line
        elif keyword.startswith("msg"):
            part = keyword
            if keyword == "msgid":
                entry, msgid, is_fuzzy = Entry(is_fuzzy=is_fuzzy), "", False
            elif keyword.startswith("msgstr"):
                found[msgid] = entry
                entry.said.append("")
        if keyword == "msgid":
            msgid += ast.literal_eval(quoted)
        elif keyword == "msgid_plural":
            entry.plural += ast.literal_eval(quoted)
        elif keyword.startswith("msgstr"):
            entry.said[-1] += ast.literal_eval(quoted)
    found.pop("", None)
    return found


def find_gaps(locale: Path, language: str) -> list[str]:
    """What a language lacks, a line each: missing and empty messages, guesses, and names that differ from the original's."""
    gaps = []
    for domain in DOMAINS:
        path = locale / language / "LC_MESSAGES" / f"{domain}.po"
        if not path.exists():
            gaps.append(f"{path.name}: the file is missing")
            continue
        own = read_catalogue(path)
        for msgid in read_catalogue(locale / COMPLETE / "LC_MESSAGES" / f"{domain}.po"):
            fault = _fault(msgid, own.get(msgid))
            if fault:
                gaps.append(f"{path.name}: {msgid!r} {fault}")
    return gaps


def _fault(msgid: str, entry: Entry | None) -> str:
    if entry is None:
        return "is missing"
    if entry.is_fuzzy:
        return "is a guess (fuzzy): check it and remove the mark"
    if not all(entry.said):
        return "is not translated"
    wanted = set(NAMED.findall(msgid)) | set(NAMED.findall(entry.plural))
    strange = {name for said in entry.said for name in NAMED.findall(said)} - wanted
    if strange:
        return f"names {', '.join(sorted(strange))}, which the original does not have"
    lacks = wanted - {name for said in entry.said for name in NAMED.findall(said)}
    return f"lacks {', '.join(sorted(lacks))}" if lacks else ""
