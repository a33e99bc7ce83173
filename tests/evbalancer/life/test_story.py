from dataclasses import replace
from pathlib import Path

import pytest

from evbalancer.life.judges.judge import Violation
from evbalancer.life.plan import Plan
from evbalancer.life.play import Report, live
from evbalancer.life.sites.catalogue import begin_of
from evbalancer.life.story import Tale, read_tale, shrink, tale_of, write_tale
from evbalancer.life.truth import Happening

STORIES = Path(__file__).parent / "stories"
HAPPENED = [
    *(f"{place}: charge point 1" for place in ("A1", "A2", "A3", "B1")),
    *(f"{place}: car {number}" for place in ("A1", "A2", "A3", "B1") for number in (1, 2, 3)),
    "manager: cut 1",
    "server: kill 1",
]
NEEDED = {"A2: charge point 1", "A2: car 2", "server: kill 1"}


def report_of(plan, *, needed=NEEDED, judge="energy", at_s=1_800.0):
    """A life that fails when all that is needed happens."""
    happened = [name for name in HAPPENED if plan.only is None or name in plan.only]
    at = begin_of(plan).timestamp() + at_s
    violations = [Violation(at, judge, "5 Wh are missing")] if needed <= set(happened) else []
    return Report(
        plan=plan,
        violations=violations,
        story=[Happening(at - 60, "A2", "a car comes"), Happening(at + 60, "A2", "the car leaves")],
        digest="",
        simulated_s=1,
        took_s=1,
        happened=happened,
    )


def test_least_that_fails_is_left_over():
    lives = []

    def play(plan):
        lives.append(plan)
        return report_of(plan)

    least = shrink(report_of(Plan(seed=7, hours=24)), play)
    assert set(least.happened) == NEEDED
    assert least.plan == Plan(seed=7, hours=32 / 60, only=frozenset(NEEDED))
    assert len(lives) < 40


def test_life_that_fails_for_another_judge_is_not_the_same_story():
    def play(plan):
        return report_of(plan, needed=set(), judge="limits")

    found = report_of(Plan(hours=24))
    assert set(shrink(found, play).happened) == set(HAPPENED)


def test_file_says_what_was_found_and_plays_the_same_plan(tmp_path):
    plan = Plan(seed=7, hours=0.5333, faults="hard", only=frozenset(NEEDED))
    tale = tale_of(report_of(plan))
    assert tale.found == "17 Jun 15:30:00 energy: 5 Wh are missing"
    assert tale.timeline == ("17 Jun 15:29:00 A2: a car comes",)
    write_tale(tale, tmp_path / "story.toml")
    assert read_tale(tmp_path / "story.toml") == tale


@pytest.mark.parametrize("found", ['a "quoted" word', "a back\\slash", "Zoë"])
def test_words_of_a_story_are_kept(tmp_path, found):
    tale = Tale(replace(Plan(), only=frozenset()), found, (found,))
    write_tale(tale, tmp_path / "story.toml")
    assert read_tale(tmp_path / "story.toml").found == found


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", sorted(STORIES.glob("*.toml")), ids=lambda path: path.stem)
def test_story_happens_as_it_is_told_and_no_judge_objects(path):
    tale = read_tale(path)
    report = live(tale.plan)
    assert set(report.happened) == tale.plan.only, "hollow: the world draws otherwise now"
    assert list(report.tell()) == []
