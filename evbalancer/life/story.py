"""A failing seed as a story: no more than it takes to fail, in words, and in a file that is a test from then on."""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evbalancer.life.plan import Plan
from evbalancer.life.play import Report
from evbalancer.life.sites.catalogue import begin_of

# A shorter life goes on beyond the moment of the violation, to be judged in the same minute.
AFTER_S = 120.0
MINUTES = 60
Live = Callable[[Plan], Report]


@dataclass(frozen=True, slots=True)
class Tale:
    """A story as its file has it: a plan, and for people what was found and what had happened."""

    plan: Plan
    found: str
    timeline: tuple[str, ...]


def shrink(found: Report, live: Live, *, tell: Callable[[str], None] = lambda _: None) -> Report:
    """The least of a failing life that fails in the eyes of the same judge.

    Charge points with all that they do are left out first, then single happenings: half of what is there at a time, then less.
    """
    judge, best = found.violations[0].judge, found

    def still_fails(names: Sequence[str]) -> bool:
        nonlocal best
        plan = replace(best.plan, only=frozenset(names), hours=_hours_needed(best))
        report = live(plan)
        fails = bool(report.violations) and report.violations[0].judge == judge
        if fails:
            best = report
            tell(f"{len(report.happened)} happenings in {_hours_needed(report):.2f} h fail as well")
        return fails

    actors = sorted({_actor(name) for name in best.happened})
    actors = _fewest(actors, lambda kept: still_fails([n for n in best.happened if _actor(n) in kept]))
    fixed = [name for name in best.happened if name.endswith(": charge point 1")]
    loose = [name for name in best.happened if name not in fixed]
    _fewest(loose, lambda kept: still_fails([*fixed, *kept]))
    return replace(best, plan=replace(best.plan, only=frozenset(best.happened), hours=_hours_needed(best)))


def tale_of(report: Report) -> Tale:
    first = report.violations[0]
    timeline = tuple(report.timeline(since=begin_of(report.plan).timestamp(), until=first.at))
    return Tale(report.plan, str(first), timeline)


def write_tale(tale: Tale, path: Path) -> None:
    plan = tale.plan
    only = "".join(f"    {json.dumps(name)},\n" for name in sorted(plan.only or ()))
    timeline = "".join(f"    {json.dumps(line)},\n" for line in tale.timeline)
    path.write_text(
        f"found = {json.dumps(tale.found)}\n"
        f"seed = {plan.seed}\nsite = {json.dumps(plan.site)}\nfaults = {json.dumps(plan.faults)}\n"
        f"hours = {plan.hours:.4f}\n"
        f"only = [\n{only}]\n"
        f"timeline = [\n{timeline}]\n"
    )


def read_tale(path: Path) -> Tale:
    told = tomllib.loads(path.read_text())
    plan = Plan(
        seed=told["seed"],
        hours=told["hours"],
        site=told["site"],
        faults=told["faults"],
        only=frozenset(told["only"]),
    )
    return Tale(plan, told["found"], tuple(told["timeline"]))


def _hours_needed(report: Report) -> float:
    lasted_s = report.violations[0].at + AFTER_S - begin_of(report.plan).timestamp()
    return min(report.plan.hours, round(lasted_s / MINUTES) / MINUTES)


def _actor(name: str) -> str:
    return name.split(": ", 1)[0]


def _fewest(names: Sequence[str], holds: Callable[[Sequence[str]], bool]) -> list[str]:
    """Leave out as many as can be while it `holds` of the others: in halves, then in smaller parts."""
    kept, size = list(names), (len(names) + 1) // 2
    while size and kept:
        for part in list(_parts(kept, size)):
            rest = [name for name in kept if name not in part]
            if holds(rest):
                kept = rest
        size //= 2
    return kept


def _parts(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
