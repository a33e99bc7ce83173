"""Every word of the public pages has its German, and what is compiled is what is written. Needs no gettext tools."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import override

from evbalancer.common.errors import DomainError
from evbalancer.common.words.catalogues import read_catalogue
from evbalancer.common.words.shown import find_unlisted
from scheduling.domain.picture.states import PlaceState
from tests.factories.drivers import UserFactory

ROOT = Path(settings.BASE_DIR)
GERMAN = ROOT / "templates/locale/de/LC_MESSAGES"
ROOMS = ("evbalancer", "grid", "drivers", "fleet", "chargers", "pricing", "scheduling")
# Whoever runs the server, a charge point and a program's author read English.
FOR_PROGRAMS = (
    "chargers/ocpp/",
    "chargers/simulator/",
    "evbalancer/common/security/encryption.py",
    "evbalancer/common/web/parsing.py",
    "evbalancer/demo/",
    "evbalancer/life/",
    "evbalancer/ops/",
    "pricing/api/assignments.py",
)
NAMED = re.compile(r"%\((\w+)\)s")
STRING = r"""("(?:[^"\\]|\\.)*")"""
MARKED = re.compile(
    rf"\b(?:gettext|gettext_noop|gettext_lazy)\(\s*{STRING}|\bngettext\(\s*{STRING},\s*{STRING}"
)


def entries(domain: str) -> dict[str, list[str]]:
    """msgid to its translations, one a plural form."""
    return {msgid: entry.said for msgid, entry in read_catalogue(GERMAN / f"{domain}.po").items()}


def compiled(domain: str) -> dict[str | tuple[str, int], str]:
    with (GERMAN / f"{domain}.mo").open("rb") as file:
        catalog = dict(gettext.GNUTranslations(file)._catalog)
    catalog.pop("")
    return catalog


def marked_in_scripts(sources: Iterator[Path]) -> set[str]:
    return {
        ast.literal_eval(one or two)
        for source in sources
        for one, two, _ in MARKED.findall(source.read_text())
    }


def test_every_word_that_is_shown_has_its_german_and_none_is_hard_coded() -> None:
    """Pages, mails, refusals and the back office: see evbalancer.common.words.shown."""
    assert find_unlisted(ROOT, settings.LOCALE_PATHS[0]) == []


def refusals_without_a_mark() -> list[str]:
    """Sentences of exceptions that people read, as plain text or as an f-string, by file."""
    classes = {each.__name__ for each in below(DomainError)} | {
        "DomainError",
        "ValidationError",
        "UnreadableTable",
    }
    found = []
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        where = str(path.relative_to(ROOT))
        if where.startswith(FOR_PROGRAMS) or "/migrations/" in where:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            name = (
                getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            )
            for told in node.args if name in classes else ():
                is_text = isinstance(told, ast.Constant) and " " in str(told.value).strip()
                if is_text or isinstance(told, ast.JoinedStr):
                    found.append(f"{where}:{told.lineno}")
    return found


def below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def test_refusals_are_marked() -> None:
    assert refusals_without_a_mark() == []


def test_every_word_of_the_scripts_has_its_german() -> None:
    assert marked_in_scripts(ROOT.glob("static/dashboard/*.js")) - entries("djangojs").keys() == set()


def test_every_state_has_its_german() -> None:
    assert {str(word) for word in PlaceState} - entries("djangojs").keys() == set()


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_no_translation_is_empty_and_none_loses_a_value(domain: str) -> None:
    wrong = {
        msgid: words
        for msgid, words in entries(domain).items()
        if not all(words) or any(set(NAMED.findall(each)) != set(NAMED.findall(msgid)) for each in words)
    }
    assert wrong == {}


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_compiled_catalog_is_up_to_date(domain: str) -> None:
    """`msgfmt django.po -o django.mo` in templates/locale/de/LC_MESSAGES, when this fails."""
    expected: dict[str | tuple[str, int], str] = {}
    for msgid, words in entries(domain).items():
        if len(words) == 1:
            expected[msgid] = words[0]
        else:
            expected |= {(msgid, form): each for form, each in enumerate(words)}
    assert compiled(domain) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepts", "lang", "words"),
    [("de-DE,de;q=0.9", "de", "Anmelden"), ("en", "en", "Sign in"), ("fr", "en", "Sign in")],
)
def test_pages_speak_the_language_that_the_browser_asks_for(
    client: Client, accepts: str, lang: str, words: str
) -> None:
    UserFactory()
    html = client.get("/login", headers={"accept-language": accepts}).content.decode()
    assert f'<html lang="{lang}">' in html
    assert f"<h1>{words}</h1>" in html


@pytest.mark.django_db
def test_language_is_chosen_by_hand(client: Client) -> None:
    client.force_login(UserFactory())
    answer = client.post("/language", {"language": "de", "next": "/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "noch zu keiner Gemeinschaft" in client.get("/").content.decode()


def test_words_for_scripts_come_in_the_language_of_the_page(client: Client) -> None:
    german = client.get("/words.js", headers={"accept-language": "de"})
    assert german["Content-Type"].startswith("text/javascript")
    assert '"charging": "l\\u00e4dt"' in german.content.decode()
    with override("en"):
        assert "l\\u00e4dt" not in client.get("/words.js", headers={"accept-language": "en"}).content.decode()
