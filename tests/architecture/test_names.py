"""Names of public domain functions: a verb and a noun, and one definition each, so that one search finds them all."""

import ast
from collections import defaultdict

from tests.architecture.source import domain_files, name_of, tree_of


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
