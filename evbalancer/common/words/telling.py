"""Sentences of what is stored as code and facts, made where they are shown, in the language that is active.

Each app's `phrases.py` registers the sentences of its codes when the app is ready. The blanks of a sentence are filled by the facts:
`energy_wh` fills `%(energy)s` with "4.5 kWh".
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import dateformat
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, override

from evbalancer.common.words import amounts
from evbalancer.common.words.said import WORDS, Said

logger = logging.getLogger(__name__)

BLANK = re.compile(r"%\((\w+)\)s")
# A sentence, or the two of one thing and of several; `count` says which.
Phrase = str | tuple[str, str]
_phrases: dict[str, Phrase] = {WORDS: "%(text)s"}


def _day_and_time(moment: str) -> str:
    return dateformat.format(datetime.fromisoformat(moment), "D H:i")


def _date_and_time(moment: str) -> str:
    return date_format(datetime.fromisoformat(moment), "SHORT_DATETIME_FORMAT")


# Moments are stored on the community's clock, so they need no zone in the sentence.
UNITS: Mapping[str, Callable[[Any], str]] = {
    "_wh": amounts.kwh,
    "_ma": amounts.amps,
    "_pct": amounts.percent,
    "_km": lambda distance_km: f"{amounts.number(distance_km)} km",
    "_at": _day_and_time,
    "_moment": _date_and_time,
}


def register_phrases(phrases: Mapping[str, Phrase] | Mapping[str, Promise]) -> None:
    """Raises ValueError for a code that has a sentence already."""
    known = _phrases.keys() & phrases.keys()
    if known:
        raise ValueError(f"These codes have a sentence already: {', '.join(sorted(known))}")
    with override(None):
        # Labels of choices are lazy: their English is what is registered.
        _phrases.update(
            {code: phrase if isinstance(phrase, tuple) else str(phrase) for code, phrase in phrases.items()}
        )


def registered_phrases() -> Mapping[str, Phrase]:
    return _phrases


def blank_of(fact: str) -> str:
    """The blank that a fact of this name fills: its name without the unit."""
    return fact.removesuffix(_unit_of(fact))


def tell(said: Said) -> str:
    """The sentence. A code without one comes from another version of the server and is shown as it is."""
    phrase = _phrases.get(said.code)
    if phrase is None:
        logger.warning("There is no sentence for %s", said.code)
        return said.code
    words = {blank_of(name): _told(name, fact) for name, fact in said.facts.items()}
    sentence = (
        gettext(phrase) if isinstance(phrase, str) else ngettext(*phrase, int(said.facts.get("count", 1)))
    )
    return BLANK.sub(lambda blank: words.get(blank[1], "…"), sentence).strip()


def tell_in(language: str, said: Said) -> str:
    with override(language):
        return tell(said)


def tell_all(sayings: Iterable[Said]) -> str:
    return " ".join(map(tell, sayings))


def tell_or(said: Said | None, text: str) -> str:
    """The system's saying; without one, the text that a person wrote."""
    return text if said is None else tell(said)


def _told(name: str, fact: Any) -> str:
    if isinstance(fact, Said):
        return tell(fact)
    if isinstance(fact, (list, tuple)):
        return tell_all(fact)
    if fact is None:
        return ""
    return UNITS.get(_unit_of(name), str)(fact)


def _unit_of(fact: str) -> str:
    """The unit that its name ends with; empty for none."""
    return next((unit for unit in UNITS if fact.endswith(unit)), "")
