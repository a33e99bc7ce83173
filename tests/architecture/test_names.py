"""Names of public domain functions: a verb and a noun, and one definition each, so that one search finds them all."""

import ast
import re
from collections import defaultdict

import pytest

from tests.architecture.source import PACKAGES, ROOT, domain_files, name_of, tree_of

# Words of the glossary in docs/architecture.md, and what they were called before.
FORMER = {
    "fallback": r"persistent[ _-]default|(?<!set_)default[ _-]limit(?! = )|(?:confirmed|plain|waiting) default\b"
    r"|\bdefault(?:'s)? waits?\b|queue_default|idle_default",
    "make": r"ChargePointModel|ModelCorrection|charge_point(?:\.|__)kind\b(?!=)|\bkind_id\b|note_model"
    r"|(?:learnt|known|remembered|believed) (?:of|by) (?:\w+ )?model\b|unknown model\b",
}
PROSE = ("docs", "templates", "README.md", "CONTRIBUTING.md", *PACKAGES)


def lines():
    """Every line that people read, with where it stands. ADRs, migrations and CHANGELOG keep the words of their time."""
    for name in PROSE:
        for path in sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]:
            is_old = {"migrations", "adr"} & set(path.parts)
            if path.suffix in {".py", ".md", ".html", ".txt", ".po"} and not is_old:
                for number, line in enumerate(path.read_text().splitlines(), start=1):
                    yield f"{name_of(path)}:{number}", line


def public_functions():
    """The modules that define each public function of a domain package, by its name."""
    found = defaultdict(list)
    for path in domain_files():
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found[node.name].append(name_of(path))
    return found


def test_name_is_more_than_one_word():
    assert [name for name in public_functions() if "_" not in name] == []


def test_name_is_defined_once():
    assert {name: paths for name, paths in public_functions().items() if len(paths) > 1} == {}


@pytest.mark.parametrize("word", FORMER)
def test_word_is_not_called_what_it_was_before(word):
    former = re.compile(FORMER[word])
    assert [f"{place}: {line.strip()}" for place, line in lines() if former.search(line)] == []
