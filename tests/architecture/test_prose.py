"""Texts that people read keep clear of phrases that have crept in before: translations in rhythm, which read like riddles."""

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT, files, name_of, tree_of

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
CATALOGS = [ROOT / "templates/locale/de/LC_MESSAGES" / f"{domain}.po" for domain in ("django", "djangojs")]

AVOIDED = re.compile(
    r"\b(?:anew|all the same|of late|for want of|rightly|mend(?:s|ed|ing)?|by (?:it|them)sel(?:f|ves)"
    r"|(?:is|are|was|were|been|be) told(?! apart| from))\b",
    re.IGNORECASE,
)


def faults_of(text: str) -> list[str]:
    return [found[0] for found in AVOIDED.finditer(text)]


def sentences_of_catalogs() -> Iterator[tuple[str, str]]:
    for path in CATALOGS:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith(("msgid ", "msgid_plural ")):
                yield f"{path.name}:{number}", line.partition(" ")[2]


def sentences_of_code() -> Iterator[tuple[str, str]]:
    """String literals of the packages except docstrings and messages of logs and migrations."""
    for path in files():
        for line, text in literals(tree_of(path)):
            yield f"{name_of(path)}:{line}", text


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    skipped = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger."):
            skipped |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
            and " " in node.value
        ):
            yield node.lineno, node.value


def sentences_of_developers() -> Iterator[tuple[str, str]]:
    """Docstrings, each by the line it stands in, and comments."""
    for path in files():
        for line, text in [*docstrings(tree_of(path)), *comments(path.read_text())]:
            yield f"{name_of(path)}:{line}", text


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None:
                # One piece, so that no phrase hides in the break between two lines.
                yield node.body[0].lineno, " ".join(text.split())


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def sentences_of_pages() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
            # Quoted code and patterns are not prose.
            yield f"{page}:{number}", re.sub(r"`[^`]*`", "", line)


def test_avoided_phrases_are_not_in_texts_of_the_user_interface() -> None:
    texts = [*sentences_of_catalogs(), *sentences_of_code()]
    assert [f"{where}: {text}" for where, text in texts if faults_of(text)] == []


def test_avoided_phrases_are_not_in_docstrings_and_comments() -> None:
    texts = sentences_of_developers()
    assert [f"{where}: {text}" for where, text in texts if faults_of(text)] == []


def test_avoided_phrases_are_not_in_the_documents() -> None:
    assert [f"{where}: {text}" for where, text in sentences_of_pages() if faults_of(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "See errors for the fields to mend.",
        "This site's link to Smartcar is not set up rightly.",
        "The .venv here is made anew.",
        "Your car charges all the same.",
        "A car is told about it.",
        "It comes back by itself.",
    ],
)
def test_prose_check_notices_each_phrase(text: str) -> None:
    assert faults_of(text) != []
    assert [found for _, found in literals(ast.parse(f"raise E({text!r})"))] == [text]
    assert [found for _, found in docstrings(ast.parse(f'def f():\n    """{text}"""'))] == [text]
    assert [found for _, found in comments(f"# {text}\n")] == [f"# {text}"]


STEP = re.compile(r"^ +([0-9]+)\. ", re.MULTILINE)
MARK = re.compile(r"# ([0-9]+)\.(?: |$)")


def procedures() -> Iterator[tuple[str, list[str], list[str]]]:
    """Functions whose docstring counts their steps: its numbers, and those that mark the steps in the code."""
    for path in files():
        found = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef)]
        lines = path.read_text().splitlines(keepends=True)
        for node in found:
            steps = STEP.findall(ast.get_docstring(node, clean=False) or "")
            if steps:
                body = "".join(lines[node.body[0].end_lineno : node.end_lineno])
                marks = [MARK.match(text) for _, text in comments(textwrap.dedent(body))]
                yield f"{name_of(path)}:{node.name}", steps, [each[1] for each in marks if each]


def test_steps_that_a_docstring_counts_are_marked_in_the_code() -> None:
    found = list(procedures())
    assert len(found) >= 15
    assert [where for where, steps, marks in found if steps != marks] == []
    assert [where for where, steps, _ in found if steps != [str(n + 1) for n in range(len(steps))]] == []
