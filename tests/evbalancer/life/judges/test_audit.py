from datetime import UTC, datetime

import pytest

from evbalancer.life.judges.audit import Audit
from grid.domain import limits
from grid.domain.audit import Actor
from grid.models import Circuit


@pytest.fixture
def cut(world):
    """A manager cuts a circuit, and lifts the limit again."""
    circuit = Circuit.objects.get(pk=world.place.circuits["Panel A"])
    actor = Actor.of_user(world.place.manager)

    def cut_and_lift():
        limit = limits.impose_limit(circuit, reason="Life", actor=actor, now=datetime.now(UTC), pct=50)
        limits.lift_limit(limit, actor=actor, now=datetime.now(UTC))

    return cut_and_lift


def test_what_is_audited_is_in_order(bench, cut):
    cut()
    judge, said = bench(Audit)
    judge.see_minute()
    assert said == []


def test_act_without_an_entry_is_found(bench, cut, monkeypatch):
    monkeypatch.setattr(limits, "record_entry", lambda **_: None)
    cut()
    judge, said = bench(Audit)
    judge.see_end()
    judge.see_end()
    assert [each.sentence.split(" at ")[0] for each in said] == [
        "somebody cut a circuit",
        "somebody lifted a limit",
    ]
