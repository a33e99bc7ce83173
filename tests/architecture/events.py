"""Writes docs/events.md from the events, their publishers and their receivers: python -m tests.architecture.events"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.architecture.source import APPS, ROOT, files, tree_of

PAGE = ROOT / "docs" / "events.md"
HEAD = """# Events

An app tells the apps above it what happened by an event (`<app>/events.py`). Receivers run in the transaction that published it, in the
order of their registration (`evbalancer/common/events.py`). `python -m tests.architecture.events` writes this table.

| event | published by | heard by |
|---|---|---|
"""
RECEIVES = {"receives", "receives_together"}


class Told(NamedTuple):
    """An event, the modules that publish it and the receivers that hear it, as `app.module.function`."""

    name: str
    published_by: tuple[str, ...]
    heard_by: tuple[str, ...]


def every_event() -> list[Told]:
    """All events in the order of their apps."""
    published, heard = _uses()
    return [
        Told(name, tuple(sorted(published.get(name, ()))), tuple(heard.get(name, ())))
        for app in APPS
        for name in _defined(ROOT / app / "events.py")
    ]


def render(events: list[Told]) -> str:
    rows = [f"| `{each.name}` | {_list(each.published_by)} | {_list(each.heard_by)} |\n" for each in events]
    return HEAD + "".join(rows)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _defined(path: Path) -> Iterator[str]:
    if path.exists():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                yield node.name


def _uses() -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    published: dict[str, set[str]] = {}
    heard: dict[str, list[str]] = {}
    for path in files():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for event in re.findall(r"\bpublish\(\s*(\w+)\(", path.read_text()):
            published.setdefault(event, set()).add(module)
        for function, event in _receivers(tree_of(path)):
            heard.setdefault(event, []).append(f"{module}.{function}")
    return published, heard


def _receivers(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in RECEIVES:
                yield node.name, ast.unparse(decorator.args[0])


if __name__ == "__main__":
    PAGE.write_text(render(every_event()))
