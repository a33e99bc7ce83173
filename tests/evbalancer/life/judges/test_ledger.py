import time
from datetime import UTC, datetime

import pytest

from chargers.simulator.plant.battery import Car
from evbalancer.life.judges.ledger import Ledger
from evbalancer.life.truth import Stay
from scheduling.models import FairnessEntry


@pytest.fixture
def stay(world, first, taken, monkeypatch):
    """A stay of one transaction, that took 5 kWh, is over since ten minutes."""
    monkeypatch.setattr(type(first), "online", True)
    world.calm_since_s = time.monotonic() - 3_600
    stay = Stay(first.spec.id, 1, Car(), time.time() - 3_600, [taken], left_at=time.time() - 600)
    world.site.ended_at[taken.ref] = time.time() - 660
    world.site.stays.append(stay)
    return stay


@pytest.fixture
def judged(bench, world, first, store, stay):
    """What the judge says of a stay whose line in the ledger has so much; None: it has no line."""

    def judge_lines(*received_wh):
        for each_wh in received_wh:
            session = store(first, transaction_id=7 if each_wh == received_wh[0] else None)
            FairnessEntry.objects.create(
                community_id=session.community_id, cluster=world.place.cluster, driver=session.driver,
                session=session, stay_id=session.stay_id, at=datetime.now(UTC), wanted_wh=9_000,
                received_wh=each_wh,
            )  # fmt: skip
        if not received_wh:
            store(first)
        judge, said = bench(Ledger)
        judge.see_minute()
        judge.see_end()
        return [each.sentence.split("TAGA1 ")[1] for each in said]

    return judge_lines


def test_line_with_what_the_car_took_is_in_order(judged):
    assert judged(5_000) == []


def test_line_that_says_something_else_is_found(judged):
    assert judged(4_000) == ["took 5000 Wh, and its line says 4000 Wh"]


def test_stay_without_a_line_is_found(judged):
    assert judged() == ["has 0 lines"]


def test_stay_that_is_not_told_yet_is_not_judged(judged, stay):
    stay.left_at = time.time() - 60
    assert judged() == []
