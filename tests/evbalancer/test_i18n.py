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

from scheduling.domain.picture.states import PlaceState
from tests.factories.drivers import UserFactory

ROOT = Path(settings.BASE_DIR)
GERMAN = ROOT / "templates/locale/de/LC_MESSAGES"
NAMED = re.compile(r"%\((\w+)\)s")
STRING = r"""("(?:[^"\\]|\\.)*")"""
MARKED = re.compile(
    rf"\b(?:gettext|gettext_noop|gettext_lazy)\(\s*{STRING}|\bngettext\(\s*{STRING},\s*{STRING}"
)
TRANSLATE = re.compile(r"""\{% translate (["'])(.*?)\1""")
BLOCK = re.compile(r"\{% blocktranslate[^%]*%\}(.*?)\{% endblocktranslate %\}", re.DOTALL)


def entries(domain: str) -> dict[str, list[str]]:
    """msgid to its translations, one a plural form, of a .po file without line breaks inside a message."""
    found: dict[str, list[str]] = {}
    msgid = ""
    for line in (GERMAN / f"{domain}.po").read_text().splitlines():
        kind, _, quoted = line.partition(" ")
        if kind == "msgid":
            msgid = ast.literal_eval(quoted)
            found[msgid] = []
        elif kind.startswith("msgstr"):
            found[msgid].append(ast.literal_eval(quoted))
    del found[""]
    return found


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


def marked_in_templates() -> set[str]:
    words = set()
    pages = [
        *ROOT.glob("templates/dashboard/*.html"),
        *ROOT.glob("templates/dashboard/*.txt"),
        *ROOT.glob("templates/fleet/*.html"),
        *ROOT.glob("templates/admin/setup/*.html"),
    ]
    for source in [ROOT / "templates/base.html", *pages]:
        text = source.read_text()
        words |= {words for _, words in TRANSLATE.findall(text)}
        for block in BLOCK.findall(text):
            # A plural is found under its singular.
            said = block.partition("{% plural %}")[0].replace("%", "%%")
            words.add(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", said))
    return words


def marked_in_python() -> set[str]:
    rooms = [
        *ROOT.glob("evbalancer/dashboard/**/*.py"),
        *ROOT.glob("evbalancer/templatetags/*.py"),
        *ROOT.glob("evbalancer/setup/*.py"),
        *ROOT.glob("evbalancer/admin/setup/*.py"),
        ROOT / "evbalancer/common/words/reading.py",
        ROOT / "chargers/admin/fallbacks.py",
        ROOT / "grid/domain/commissioning.py",
        ROOT / "pricing/domain/templates.py",
        ROOT / "evbalancer/common/security/lockout.py",
        ROOT / "fleet/api/connect.py",
        *ROOT.glob("drivers/domain/**/*.py"),
        *ROOT.glob("drivers/models/*.py"),
        ROOT / "drivers/enums.py",
        ROOT / "evbalancer/common/clocks/moments.py",
        *ROOT.glob("fleet/domain/*.py"),
        *ROOT.glob("fleet/models/*.py"),
        *ROOT.glob("scheduling/domain/**/*.py"),
        ROOT / "scheduling/enums.py",
        ROOT / "scheduling/solver/explain.py",
    ]
    return marked_in_scripts(iter(rooms))


def test_every_word_of_the_pages_has_its_german() -> None:
    assert (marked_in_templates() | marked_in_python()) - entries("django").keys() == set()


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
