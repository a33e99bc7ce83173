"""The code that tests of the architecture read: its packages, from the lowest up, and their files."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Apps know only the apps below them; `evbalancer` puts them together.
APPS = ("grid", "drivers", "fleet", "chargers", "pricing", "scheduling")
PACKAGES = (*APPS, "evbalancer")


def files(*folders: str, with_migrations: bool = False) -> Iterator[Path]:
    """The Python files below these folders, sorted; of all packages where none is named."""
    for folder in folders or PACKAGES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if with_migrations or "migrations" not in path.parts:
                yield path


def domain_files() -> list[Path]:
    """Modules with code of their own in any app's domain; packages are their modules."""
    return [path for path in sorted(ROOT.glob("*/domain/**/*.py")) if path.name != "__init__.py"]


def name_of(path: Path) -> str:
    """As a person names a file: from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The file, parsed once however many tests read it."""
    return ast.parse(path.read_text())
