"""Behaviours as JSON files, one each: what is there, and what every car must get."""

import json
from pathlib import Path

import pytest

from scheduling.solver import (
    Aim,
    Circuit,
    Demand,
    Policy,
    Problem,
    Reservation,
    ShortageRule,
    solve,
    violations,
)

FOLDER = Path(__file__).parent / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))


def amps(values):
    return tuple(round(value * 1000) for value in values)


def policy_of(raw):
    raw = dict(raw)
    return Policy(rule=ShortageRule(raw.pop("rule", "fair")), aim=Aim(raw.pop("aim", "none")), **raw)


class Site:
    """Plays a file's steps: each car keeps what it was sent until the next step."""

    def __init__(self, data):
        self.data = data
        self.sent = {}
        self.since = {}
        self.starts = {}

    def decide(self, cars, *, after_s=0, limits_a=None, shift=0):
        for key in self.since:
            self.since[key] += after_s
        circuits = tuple(
            Circuit(
                raw["id"],
                raw.get("parent"),
                limit_ma=amps((limits_a or {}).get(raw["id"], raw["limit_a"])),
                base_load_ma=amps(raw.get("base_a", (0, 0, 0))),
            )
            for raw in self.data["circuits"]
        )
        problem = Problem(
            circuits,
            tuple(self.demand(raw) for raw in cars),
            tuple(
                Reservation(raw["circuit"], amps(raw["load_a"])) for raw in self.data.get("reservations", ())
            ),
            policy=policy_of(self.data.get("policy", {})),
            period_s=self.data.get("period_s", 300),
            price=tuple(self.data.get("price", ()))[shift:],
        )
        solution = solve(problem)
        assert violations(problem, solution.limits_ma()) == []
        for key, limit_ma in solution.limits_ma().items():
            if (limit_ma > 0) != (self.sent.get(key, 0) > 0):
                self.since[key] = 0
                self.starts[key] = self.starts.get(key, 0) + (limit_ma > 0)
            self.sent[key] = limit_ma
        return solution

    def demand(self, raw):
        known = {"since_s": self.since[raw["id"]]} if raw["id"] in self.since else {}
        return Demand(
            raw["id"],
            raw["circuit"],
            tuple(raw.get("phases", (0, 1, 2))),
            max_ma=raw["max_a"] * 1000,
            energy_wh=raw.get("energy_wh"),
            remaining_wh=raw.get("energy_wh"),
            depart_s=raw.get("depart_s"),
            priority=raw.get("priority", 1),
            emergency_min_ma=raw.get("emergency_a", 0) * 1000,
            current_ma=self.sent.get(raw["id"], 0),
            starts=self.starts.get(raw["id"], 0),
            **known,
        )


@pytest.mark.parametrize(
    "path", [path for path in FILES if "steps" in json.loads(path.read_text())], ids=lambda p: p.stem
)
def test_behaviour_holds_step_by_step(path):
    data = json.loads(path.read_text())
    site = Site(data)
    for step in data["steps"]:
        solution = site.decide(
            step["cars"],
            after_s=step.get("after_s", 0),
            limits_a=step.get("limits_a"),
            shift=step.get("shift", 0),
        )
        limits = solution.limits_ma()
        if "expect_a" in step:
            assert limits == {key: value * 1000 for key, value in step["expect_a"].items()}, data["behaviour"]
        if "expect_sum_a" in step:
            assert sum(limits.values()) == step["expect_sum_a"] * 1000, data["behaviour"]
        for key, kind in step.get("reasons", {}).items():
            assert solution.allotments[key].reason.kind.value == kind
        for key, (circuit, phase) in step.get("binding", {}).items():
            reason = solution.allotments[key].reason
            assert (reason.circuit_id, reason.phase) == (circuit, phase)


@pytest.mark.promise("E15")
def test_twenty_cars_under_sixty_amperes_rotate():
    data = json.loads((FOLDER / "twenty_cars_rotate.json").read_text())
    plan = data["repeat"]
    site = Site(data)
    had_turn = set()
    for number in range(plan["steps"]):
        limits = site.decide(plan["cars"], after_s=plan["after_s"]).limits_ma()
        running = {key for key, limit_ma in limits.items() if limit_ma}
        assert len(running) == plan["running"]
        had_turn |= running
        if number + 1 == plan["everybody_within"]:
            assert len(had_turn) == len(plan["cars"])
