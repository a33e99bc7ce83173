"""What the product shows to people, read from its sources: the words that a complete language has to have.

Words are marked at six places: by gettext where a function makes them; by the base classes of the back office where a class declares
them (titles of columns, actions, menus, inlines, tables and fieldsets, labels of forms, filters, help of searches); by the theme's own templates; by `translate_models` for models and choices; by tags in templates;
and by `register_shown` where a form is made of something else.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from django.apps import apps
from django.utils import translation
from django.utils.translation import gettext

from evbalancer.common.errors import DomainError
from evbalancer.common.words.catalogues import COMPLETE, read_catalogue
from evbalancer.common.words.models import OWN, model_words

MARKS: Final = frozenset({"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"})
# Of calls in the back office: columns, actions and fields of forms.
DECLARED: Final = frozenset({"description", "label", "help_text", "intro"})
# Assigned there: titles of filters, tabs of inlines, the search's placeholder, the columns of tables and what leads on from them.
TITLES: Final = frozenset(
    {
        "ADD",
        "HEADERS",
        "SEARCHED_HELP",
        "search_help_text",
        "title",
        "verbose_name",
        "verbose_name_plural",
    }
)
# What menus are made of. Their icons are written in small letters.
MENUS: Final = frozenset({"Menu", "Sendable"})
# Parts of the theme that this product does not use.
THEME_UNUSED: Final = (
    "constance",
    "guardian",
    "simple_history",
    "helpers/toolbar",
    "array.html",
    "crispy",
    "components",
    "export.html",
)
TRANSLATE: Final = re.compile(r"""\{% trans(?:late)? (["'])(.*?)\1""")
BLOCK: Final = re.compile(r"\{% blocktrans(?:late)?[^%]*%\}(.*?)\{% endblocktrans(?:late)? %\}", re.DOTALL)
NO_TEXT: Final = re.compile(
    r"\{% blocktranslate.*?endblocktranslate %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
    r"|<(script|style|svg defs|code)\b.*?</\1>|<!--.*?-->|&\w+;",
    re.DOTALL,
)
BETWEEN_TAGS: Final = re.compile(r">([^<>]*[A-Za-z]{3,}[^<>]*)<")
ATTRIBUTE: Final = re.compile(r"""\s(?:title|alt|placeholder|aria-label)="([^"]*[A-Za-z]{3,}[^"]*)\"""")
# Templates for developers and of formats that no person reads.
NOT_FOR_PEOPLE: Final = ("drf_spectacular", "mock_consent")
# The same in every language.
NAMES: Final = frozenset({"EV Balancer", "CSV", "kWh", "max  A,"})


_others: list[Callable[[], Iterable[str]]] = []


def register_shown(words: Callable[[], Iterable[str]]) -> None:
    """`words` says in English what people are shown besides."""
    _others.append(words)


def registered_words() -> set[str]:
    return {word for words in _others for word in words() if word}


def shown_words(root: Path) -> set[str]:
    """In English, as catalogues have them. Of a plural its singular."""
    words = model_words() | registered_words() | refusal_titles()
    for path in _sources(root):
        tree = ast.parse(path.read_text())
        words |= set(_marked(tree))
        if "admin" in path.parts:
            words |= set(_declared(tree))
    for path in _templates(root):
        words |= set(_tagged(path.read_text()))
    return words


def refusal_titles() -> set[str]:
    """What stands above a refusal in an answer of the API."""
    kinds, titles = [DomainError], set()
    for kind in kinds:
        titles.add(kind.title)
        kinds += kind.__subclasses__()
    return titles


def theme_words() -> set[str]:
    """What the theme shows and Django has no German for: the theme comes without catalogues."""
    root = Path(str(apps.get_app_config("unfold").path))
    pages = (path for path in (root / "templates").rglob("*.html"))
    used = [path for path in (*pages, *(root / "contrib").rglob("*.html")) if not _is_unused(path)]
    words = {word for path in used for word in _tagged(path.read_text())}
    for path in (root / "forms.py", root / "widgets.py", *root.glob("contrib/filters/forms.py")):
        words |= set(_marked(ast.parse(path.read_text())))
    with translation.override(COMPLETE):
        return {word for word in words if word and gettext(word) == word}


def _is_unused(path: Path) -> bool:
    return any(part in path.as_posix() for part in THEME_UNUSED)


def hard_coded(root: Path) -> list[str]:
    """Texts in templates that no tag translates, with their file."""
    found = []
    for path in _templates(root):
        if path.suffix == ".html" and not any(name in str(path) for name in NOT_FOR_PEOPLE):
            plain = NO_TEXT.sub("", path.read_text())
            texts = [*BETWEEN_TAGS.findall(plain), *ATTRIBUTE.findall(plain)]
            found += [
                f"{path.relative_to(root)}: {text.strip()}" for text in texts if text.strip() not in NAMES
            ]
    return found


def find_unlisted(root: Path, locale: Path) -> list[str]:
    """What is shown and is missing from the complete catalogue, and what no catalogue could translate. A line each."""
    listed = read_catalogue(locale / COMPLETE / "LC_MESSAGES" / "django.po").keys()
    missing = [
        f"django.po: {words!r} is shown and is missing"
        for words in sorted((shown_words(root) | theme_words()) - listed)
    ]
    return missing + [f"{place} is not marked for translation" for place in hard_coded(root)]


def _sources(root: Path) -> Iterator[Path]:
    for room in ("evbalancer", *OWN):
        yield from (path for path in (root / room).rglob("*.py") if "migrations" not in path.parts)


def _templates(root: Path) -> Iterator[Path]:
    """Without those in place of the theme's, which has its own catalogue."""
    pages = (path for path in (root / "templates").rglob("*") if path.suffix in (".html", ".txt"))
    yield from (path for path in pages if "unfold" not in path.parts)


def _marked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in MARKS and node.args:
            yield from _constant(node.args[0])


def _declared(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in DECLARED:
                    yield from _constant(keyword.value)
            if _name(node.func) in MENUS:
                words = (word for argument in node.args for word in _constant(argument))
                yield from (word for word in words if word[0].isupper())
        elif isinstance(node, ast.FunctionDef) and node.name == "lookups":
            yield from _seconds(node)
        elif isinstance(node, ast.Assign) and {_name(each) for each in node.targets} <= TITLES:
            titles = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            yield from (word for title in titles for word in _constant(title))
        elif isinstance(node, ast.Tuple) and _is_group(node):
            # A fieldset, or a group or an item of the menu.
            yield from _constant(node.elts[0])
            yield from _described(node.elts[-1])


def _is_group(node: ast.Tuple) -> bool:
    last = node.elts[-1] if node.elts else None
    if isinstance(last, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value == "fields" for key in last.keys)
    is_item = isinstance(last, ast.Constant) and bool(re.fullmatch(r"\w+\.[A-Z]\w+", str(last.value)))
    is_menu = isinstance(last, ast.Tuple) and all(isinstance(each, ast.Tuple) for each in last.elts)
    return len(node.elts) in (2, 3) and (is_item or is_menu)


def _described(fieldset: ast.AST) -> Iterator[str]:
    if isinstance(fieldset, ast.Dict):
        for key, value in zip(fieldset.keys, fieldset.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "description":
                yield from _constant(value)


def _seconds(node: ast.FunctionDef) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Tuple) and len(each.elts) == 2:
            yield from _constant(each.elts[1])


def _tagged(text: str) -> Iterator[str]:
    yield from (words for _, words in TRANSLATE.findall(text))
    for block in BLOCK.findall(text):
        said = block.partition("{% plural %}")[0].replace("%", "%%")
        yield re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", said)


def _constant(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
