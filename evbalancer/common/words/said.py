"""Sayings to people as they are stored: a code and its facts. `evbalancer.common.words.telling` makes the sentences.

Knows no framework, so that pure rules can say why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

# A person's own words, or a sentence that was stored before there were codes: shown as they are, in every language.
WORDS = "words"


@dataclass(frozen=True, slots=True)
class Said:
    """`code` is stable and for programs too. A fact's name ends with its unit (`energy_wh`, `limit_ma`, `until_at`); a fact may be
    another Said, or several."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def in_words(cls, text: str) -> Self:
        """A text that a person wrote."""
        return cls(WORDS, {"text": text.strip()})

    @classmethod
    def of_stored(cls, stored: Any) -> Self:
        """Of what `stored` returned. A plain text is from before there were codes."""
        if not isinstance(stored, Mapping):
            return cls.in_words(str(stored))
        return cls(str(stored["code"]), {name: _revived(fact) for name, fact in stored["facts"].items()})

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"code": self.code, "facts": {name: plain(fact) for name, fact in self.facts.items()}}


def plain(value: Any) -> Any:
    """As JSON keeps it, where it is a Said or has some in it; anything else stays what it is."""
    if isinstance(value, Said):
        return value.stored
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def _revived(fact: Any) -> Any:
    if isinstance(fact, Mapping):
        return Said.of_stored(fact)
    return [_revived(one) for one in fact] if isinstance(fact, list) else fact
