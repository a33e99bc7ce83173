"""The list of periodic work in docs/periodic.md: `python -m tests.architecture.periodic` writes it from the table."""

import os
from collections.abc import Iterator
from pathlib import Path

import django

PAGE = Path(__file__).resolve().parents[2] / "docs" / "periodic.md"
BEGIN, END = "<!-- rows: python -m tests.architecture.periodic -->", "<!-- end of rows -->"
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def render(page: str) -> str:
    """The page with its table written from the rows."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + "\n".join([BEGIN, "", *_lines(), "", END]) + after


def _lines() -> Iterator[str]:
    from evbalancer.ops.periodic import ROWS

    yield "| name | every | in process | with Celery | function |"
    yield "|---|---|---|---|---|"
    for row in ROWS:
        function = f"`{row.run.__module__}.{row.run.__name__}`"
        each = " (a task a cluster)" if row.over else ""
        yield (
            f"| {row.name} | {_every(row.every_s)} | thread `{row.lane.value}` "
            f"| queue `{row.lane.queue}`{each} | {function} |"
        )


def _every(seconds: int) -> str:
    for length, unit in UNITS:
        if seconds % length == 0:
            count = seconds // length
            return unit if count == 1 else f"{count} {unit}s"
    return f"{seconds} s"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings_test")
    django.setup()
    PAGE.write_text(render(PAGE.read_text()))
