"""No function is too long or too entangled to be read at once."""

import ast
import subprocess
import sys

from tests.architecture.source import PACKAGES, ROOT, files, name_of, tree_of

FOLDERS = (*PACKAGES, "benchmarks", "tests")
MOST_LINES, MOST_COMPLEX = 60, 20


def test_functions_are_short() -> None:
    long = [
        f"{name_of(path)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in files(*FOLDERS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno >= MOST_LINES
    ]
    assert long == []


def test_functions_are_simple_also_where_the_linter_makes_exceptions() -> None:
    linter = [
        sys.executable, "-m", "ruff", "check", "--isolated", "--ignore-noqa", "--no-cache", "--select", "C901",
        "--config", f"lint.mccabe.max-complexity={MOST_COMPLEX}", "--output-format", "concise",
        "--extend-exclude", "*/migrations/*", *FOLDERS,
    ]  # fmt: skip
    found = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.strip()) == (0, "All checks passed!")
