"""What the product shows to people, read from its sources: the words that a complete language has to have.

Words are marked at five places: by gettext where a function makes them; by the base classes of the back office where a class declares
them (titles of columns, actions and fieldsets, labels of forms, filters); by `translate_models` for models and choices; by tags in templates;
and by `register_shown` where a form is made of something else.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from evbalancer.common.words.catalogues import COMPLETE, read_catalogue
from evbalancer.common.words.models import OWN, model_words

MARKS: Final = frozenset({"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"})
# Of calls in the back office: columns, actions and fields of forms.
DECLARED: Final = frozenset({"description", "label", "help_text"})
TRANSLATE: Final = re.compile(r"""\{% translate (["'])(.*?)\1""")
BLOCK: Final = re.compile(r"\{% blocktranslate[^%]*%\}(.*?)\{% endblocktranslate %\}", re.DOTALL)
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
    words = model_words() | registered_words()
    for path in _sources(root):
        tree = ast.parse(path.read_text())
        words |= set(_marked(tree))
        if "admin" in path.parts:
            words |= set(_declared(tree))
    for path in _templates(root):
        words |= set(_tagged(path.read_text()))
    return words


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
        f"django.po: {words!r} is shown and is missing" for words in sorted(shown_words(root) - listed)
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
        elif isinstance(node, ast.FunctionDef) and node.name == "lookups":
            yield from _seconds(node)
        elif isinstance(node, ast.ClassDef):
            yield from _titles(node)
        elif isinstance(node, ast.Tuple) and _is_group(node):
            # A fieldset, or a group or an item of the menu.
            yield from _constant(node.elts[0])


def _is_group(node: ast.Tuple) -> bool:
    last = node.elts[-1] if node.elts else None
    if isinstance(last, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value == "fields" for key in last.keys)
    is_item = isinstance(last, ast.Constant) and bool(re.fullmatch(r"\w+\.[A-Z]\w+", str(last.value)))
    is_menu = isinstance(last, ast.Tuple) and all(isinstance(each, ast.Tuple) for each in last.elts)
    return len(node.elts) in (2, 3) and (is_item or is_menu)


def _titles(node: ast.ClassDef) -> Iterator[str]:
    """Of filters."""
    for line in node.body:
        if isinstance(line, ast.Assign) and [_name(each) for each in line.targets] == ["title"]:
            yield from _constant(line.value)


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
