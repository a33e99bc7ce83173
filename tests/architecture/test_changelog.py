"""The changelog helps an upgrade only while each change is one line under its release and its group."""

import re
from pathlib import Path

import pytest

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
GROUPS = ["Added", "Changed", "Fixed", "Operations"]
RELEASE = re.compile(r"^## (Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2})$")
LONGEST = 160


def faults(text: str) -> list[str]:
    """Lines that stand outside a group of a release, continue another line, are too long, or stand twice."""
    found = []
    release = group = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            release, group = line if RELEASE.match(line) else None, None
            if release is None:
                found.append(f"{number}: no release: {line}")
        elif line.startswith("### "):
            group = line.removeprefix("### ")
            if release is None or group not in GROUPS:
                found.append(f"{number}: no group: {line}")
        elif line.startswith("- ") and group is None:
            found.append(f"{number}: outside a group: {line}")
        elif line.startswith(" "):
            found.append(f"{number}: more than one line: {line}")
        if line.startswith("- ") and len(line) > LONGEST:
            found.append(f"{number}: longer than {LONGEST} characters: {line}")
    changes = [line for line in text.splitlines() if line.startswith("- ")]
    return found + [f"twice: {line}" for line in sorted(set(changes)) if changes.count(line) > 1]


def test_changelog_has_one_line_a_change_under_release_and_group() -> None:
    assert faults(CHANGELOG.read_text()) == []


def test_changelog_begins_with_the_unreleased_changes_in_every_group() -> None:
    headings = [line for line in CHANGELOG.read_text().splitlines() if line.startswith("##")]
    assert headings[:5] == ["## Unreleased", *(f"### {group}" for group in GROUPS)]


@pytest.mark.parametrize(
    "text",
    [
        "## Unreleased\n\n- Straight below the release.",
        "## Unreleased\n### Fixed\n- Goes on\n  in a second line.",
        "## Unreleased\n### Mended\n",
        "## Soon\n",
        "## Unreleased\n### Fixed\n- Once.\n- Once.",
        "## Unreleased\n### Fixed\n- " + "x" * 160,
    ],
)
def test_changelog_check_notices_each_fault(text: str) -> None:
    assert faults(text) != []
