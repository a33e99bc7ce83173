"""Processes beside each other: started, started again, ended together. Real ones, which do nothing."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field

import pytest
from django.core.management import CommandError, call_command

from evbalancer.ops import stack
from evbalancer.ops.periodic import Lane
from tests.architecture.source import ROOT

SLEEP = ("-c", "import time; time.sleep(60)")


def test_plan_has_a_port_for_each_web_process_and_a_name_for_each_worker() -> None:
    planned = {each.name: " ".join(each.arguments) for each in stack.plan(web=3, workers=2, port=8100)}
    assert list(planned) == [
        "web-1", "web-2", "web-3", "worker-1", "worker-2", "worker-chores-1", "worker-prices-1", "worker-cars-1",
        "worker-mail-1", "worker-alarms-1", "worker-computing-1", "worker-clearing-1", "beat-1", "meters-1",
    ]  # fmt: skip
    assert planned["web-3"] == "manage.py serve --port 8102"
    assert "--hostname balance2@%h" in planned["worker-2"]


def test_plan_of_a_small_machine_serves_every_queue_by_two_workers() -> None:
    planned = {each.name: each.arguments for each in stack.plan(web=1, workers=1, port=8000, together=True)}
    assert list(planned) == ["web-1", "worker-1", "worker-others-1", "beat-1", "meters-1"]
    read = [words[words.index("--queues") + 1] for words in planned.values() if "--queues" in words]
    assert ",".join(read).split(",") == [lane.queue for lane in Lane]


@dataclass
class Told:
    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def processes_of(self, name: str) -> list[int]:
        started = [line for line in self.lines if line.startswith(f"{name}: process")]
        return [int(line.split()[2].rstrip(",")) for line in started]


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_process_that_is_killed_is_started_again_and_all_end_with_the_stack(monkeypatch) -> None:
    monkeypatch.setattr(stack, "REST_S", 0.0)
    told = Told()

    def tell(line: str) -> None:
        told(line)
        if line.startswith("two: process"):
            os.kill(told.processes_of("one")[0], signal.SIGKILL)
        if len(told.processes_of("one")) == 2:
            signal.raise_signal(signal.SIGTERM)

    stack.Stack([stack.Planned("one", SLEEP), stack.Planned("two", SLEEP)], tell).run()
    assert "one: ended with -9, is started again" in told.lines
    (first, second), (other,) = told.processes_of("one"), told.processes_of("two")
    assert not any(is_alive(process) for process in (first, second, other))


def test_process_that_ends_at_once_is_given_a_rest(monkeypatch) -> None:
    """It is looked at many times within the rest, and not started again."""
    told, looks = Told(), threading.Semaphore(0)
    running = stack.Stack([stack.Planned("one", ("-c", ""))], told)
    look = running._look

    def counted(each):
        looks.release()
        if looks._value >= 5:
            signal.raise_signal(signal.SIGTERM)
        return look(each)

    monkeypatch.setattr(stack, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(running, "_look", counted)
    running.run()
    assert len(told.lines) == 1


def test_stack_without_redis_says_what_is_missing(settings) -> None:
    settings.REDIS_URL = ""
    with pytest.raises(CommandError, match="set REDIS_URL"):
        call_command("stack")


def test_unknown_numbers_are_refused(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    with pytest.raises(CommandError, match="are the least"):
        call_command("stack", "--web", "0")


def test_help_tells_what_it_runs() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "stack", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--web" in done.stdout
