"""Each code that is said anywhere has a sentence in each language, and the facts that it is said with fill its blanks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext, ngettext, override

from evbalancer.common.errors import DomainError
from evbalancer.common.words.said import WORDS
from evbalancer.common.words.telling import BLANK, Phrase, blank_of, registered_phrases
from tests.evbalancer.test_i18n import GERMAN, entries

ROOT = Path(settings.BASE_DIR)
APPS = ("chargers", "drivers", "evbalancer", "fleet", "grid", "pricing", "scheduling")


def sentences(phrase: Phrase) -> tuple[str, ...]:
    return (phrase,) if isinstance(phrase, str) else phrase


def blanks(sentence: str) -> set[str]:
    return set(BLANK.findall(sentence))


def sayings() -> Iterator[tuple[str, ast.Call]]:
    """Each `Said(…)` of the code, and where it stands."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said":
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def codes_of(call: ast.Call) -> set[str]:
    """One, or for an f-string all that begin as it does."""
    code = call.args[0]
    if isinstance(code, ast.Constant):
        return {str(code.value)}
    if isinstance(code, ast.JoinedStr) and isinstance(code.values[0], ast.Constant):
        prefix = str(code.values[0].value)
        return {known for known in registered_phrases() if known.startswith(prefix)} or {prefix}
    return set()


def facts_of(call: ast.Call) -> set[str] | None:
    """The names of the facts, where they are written out at the call."""
    if len(call.args) == 1:
        return set()
    facts = call.args[1]
    if not isinstance(facts, ast.Dict) or None in facts.keys:
        return None
    return {ast.literal_eval(name) for name in facts.keys if name is not None}


def test_every_code_that_is_said_has_a_sentence() -> None:
    unknown = {
        (where, code) for where, call in sayings() for code in codes_of(call) - registered_phrases().keys()
    }
    assert unknown == set()


def test_facts_fill_every_blank_of_what_is_said() -> None:
    wrong = set()
    for where, call in sayings():
        facts = facts_of(call)
        for code in codes_of(call) if facts is not None else ():
            wanted = set().union(*map(blanks, sentences(registered_phrases()[code])))
            if {blank_of(name) for name in facts} != wanted:
                wrong.add((where, code))
    assert wrong == set()


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_every_code_has_a_sentence_in_every_language_with_the_same_blanks(language: str) -> None:
    wrong = set()
    with override(language):
        for code, phrase in registered_phrases().items():
            told = (
                (gettext(phrase),)
                if isinstance(phrase, str)
                else tuple(ngettext(*phrase, count) for count in (1, 2))
            )
            if [blanks(each) for each in told] != [blanks(each) for each in sentences(phrase)]:
                wrong.add(code)
    assert wrong == set()


def test_every_sentence_has_its_german_and_none_is_a_guess() -> None:
    german = entries("django")
    missing = {
        code
        for code, phrase in registered_phrases().items()
        if code != WORDS and not all(german.get(sentences(phrase)[0], [""]))
    }
    assert missing == set()
    assert not any("fuzzy" in file.read_text() for file in GERMAN.glob("*.po"))


# Where drivers are refused something. What only managers, operators and programs are refused is in English.
ROOMS_OF_DRIVERS = (
    "chargers/domain/orders/remote.py",
    "drivers/domain/notifications.py",
    "drivers/domain/tokens.py",
    "drivers/domain/webhooks.py",
    "fleet",
    "scheduling/api/emergencies.py",
    "scheduling/api/slots.py",
    "scheduling/domain/booking",
    "scheduling/domain/conduct/emergencies.py",
)


def refusals_below(kind: type[DomainError] = DomainError) -> Iterator[str]:
    yield kind.__name__
    for each in kind.__subclasses__():
        yield from refusals_below(each)


def refusals_in_words(room: str) -> Iterator[str]:
    """Where a refusal is given a text instead of what is said."""
    names = set(refusals_below())
    path = ROOT / room
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                why = node.args[ast.unparse(node.func) == "InvalidInput"]
                if isinstance(why, ast.JoinedStr) or (
                    isinstance(why, ast.Constant) and isinstance(why.value, str)
                ):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize("room", ROOMS_OF_DRIVERS)
def test_driver_is_refused_in_every_language(room: str) -> None:
    assert list(refusals_in_words(room)) == []
