"""The map of docs/architecture.md has every room and no other, and its walks lead through functions that exist."""

import ast
import re
from fnmatch import fnmatch
from typing import NamedTuple

import pytest

from tests.architecture.source import PACKAGES, ROOT, files, name_of

PAGE = ROOT / "docs" / "architecture.md"

ROOM = re.compile(r"`([a-z0-9_/<>]+)/`")
WALK = re.compile(r"^\*\*(?P<name>.+)\*\* crosses (?P<rooms>\d+) rooms\.$")
STEP = re.compile(r"^\d+\. `(?P<path>[\w/]+\.py)` (?P<names>`[\w.]+`(?:, `[\w.]+`)*): .+\.$")


class Step(NamedTuple):
    path: str
    names: tuple[str, ...]


class Walk(NamedTuple):
    name: str
    rooms: int
    steps: list[Step]


def rooms_of(page: str) -> set[str]:
    """The rooms of the map's table; `<app>` stands for any app."""
    chart = page.partition("## The map\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in chart.splitlines() if line.startswith("| `")]
    return {room for cell in cells for room in ROOM.findall(cell)}


def walks_of(page: str) -> list[Walk]:
    walks: list[Walk] = []
    for line in page.partition("## Three walks\n")[2].partition("\n## ")[0].splitlines():
        if found := WALK.match(line):
            walks.append(Walk(found["name"], int(found["rooms"]), []))
        elif re.match(r"\d+\. ", line):
            step = STEP.match(line)
            assert step is not None, f"not a file, its functions and what they do: {line}"
            walks[-1].steps.append(Step(step["path"], tuple(re.findall(r"[\w.]+", step["names"]))))
    return walks


def folders() -> set[str]:
    return {name_of(path.parent) for path in files(*PACKAGES, "benchmarks")}


def names_in(source: str) -> set[str]:
    """Functions and classes of a module, and methods as Class.method."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{each.name}" for each in inner}
    return found


def is_missing(step: Step) -> bool:
    path = ROOT / step.path
    return not path.is_file() or not set(step.names) <= names_in(path.read_text())


WALKS = walks_of(PAGE.read_text())


def test_map_has_every_room() -> None:
    patterns = [room.replace("<app>", "*") for room in rooms_of(PAGE.read_text())]
    unlisted = {
        folder
        for folder in folders()
        if not any(
            fnmatch(folder, pattern) and folder.count("/") == pattern.count("/") for pattern in patterns
        )
    }
    assert unlisted == set(), "give each a line of docs/architecture.md"


def test_map_has_no_room_that_does_not_exist() -> None:
    named = {room for room in rooms_of(PAGE.read_text()) if "<app>" not in room}
    assert named - folders() == set()


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_walk_leads_through_functions_that_exist(walk: Walk) -> None:
    assert [step for step in walk.steps if is_missing(step)] == []


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_walk_counts_its_rooms(walk: Walk) -> None:
    assert walk.rooms == len({step.path.rpartition("/")[0] for step in walk.steps})


def test_three_walks_are_on_the_page() -> None:
    assert [len(walk.steps) > 10 for walk in WALKS] == [True, True, True]


def test_map_check_notices_what_is_missing() -> None:
    page = "## The map\n\n| `grid/attic/` | old things |\n\n## Three walks\n\n**A fall** crosses 2 rooms.\n\n1. `grid/apps.py` `fall`: falls.\n"
    assert rooms_of(page) - folders() == {"grid/attic"}
    (walk,) = walks_of(page)
    assert [is_missing(step) for step in walk.steps] == [True]
    assert names_in("class A:\n    def b(self): ...\n\ndef c(): ...") == {"A", "A.b", "c"}
