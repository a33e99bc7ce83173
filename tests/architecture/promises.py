"""Which test shows which promise: kept in docs/promises.md by `python -m tests.architecture.promises`."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "promises.md"
PROMISE = re.compile(r"^- \*\*([A-Z]\d+)\*\* ")
SHOWN = "  Shown by "
NOT_YET = "  Not shown yet."


def shown_by() -> Mapping[str, list[str]]:
    """Test files per promise id, from the marks in the source: on a test, on its class, or on the module."""
    shown: dict[str, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        for promise in _marks(tree):
            shown[promise].add(path.relative_to(TESTS.parent).as_posix())
    return {promise: sorted(files) for promise, files in shown.items()}


def _marks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "promise"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def render(page: str, shown: Mapping[str, list[str]]) -> str:
    """The page with the line below each promise written anew."""
    lines: list[str] = []
    for line in page.splitlines():
        if line.startswith(SHOWN) or line == NOT_YET:
            continue
        lines.append(line)
        if found := PROMISE.match(line):
            files = shown.get(found[1])
            lines.append(f"{SHOWN}{', '.join(f'`{name}`' for name in files)}." if files else NOT_YET)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(), shown_by()))
