"""Names of public domain functions: a verb and a noun, and one definition each, so that one search finds them all."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def public_functions():
    """The modules that define each public function of a domain package, by its name."""
    found = defaultdict(list)
    for path in sorted(ROOT.glob("*/domain/**/*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def test_name_is_more_than_one_word():
    assert [name for name in public_functions() if "_" not in name] == []


def test_name_is_defined_once():
    assert {name: paths for name, paths in public_functions().items() if len(paths) > 1} == {}
