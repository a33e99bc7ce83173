"""Celery's application as a worker runs it, with a task that kills its process, and a rebalance that dies in its first run."""

import os
import signal
from pathlib import Path
from typing import Any

import django

django.setup()

from chargers.domain.orders import commands  # noqa: E402
from evbalancer.celery import app  # noqa: E402

DEATHS = Path(os.environ["DEATHS"])
nudge_sockets = commands.nudge_sockets


def _die(name: str) -> None:
    with (DEATHS / name).open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="test.poison")
def poison() -> None:
    _die("poison")


def die_once(*charge_points: Any) -> None:
    """The limits are written, and not committed."""
    if not (DEATHS / "rebalance").exists():
        _die("rebalance")
    nudge_sockets(*charge_points)


commands.nudge_sockets = die_once
