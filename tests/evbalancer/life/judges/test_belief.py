import time
from datetime import UTC, datetime, timedelta

import pytest

from chargers.models import Connector
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Transaction
from evbalancer.life.judges.belief import LOOKED_AT_EVERY_S, Belief


@pytest.fixture
def look(bench, first, monkeypatch):
    """What the judge says after two looks at a connector that offers so much, and of which the product believes something."""
    monkeypatch.setattr(type(first), "online", True)

    def look_twice(offered_ma, **believed):
        now = datetime.now(UTC)
        columns = {"in_transaction": True, "confirmed_at": now - timedelta(minutes=1)} | believed
        Connector.objects.filter(charge_point__identity=first.spec.id).update(**columns)
        connector = first.connectors[1]
        connector.car, connector.offered_ma = Car(), offered_ma
        connector.transaction = Transaction(1, "TAGA1", time.time() - 600, 0)
        judge, said = bench(Belief)
        judge.see_change(now.timestamp())
        judge.see_change(now.timestamp() + 1)
        assert said == []
        judge.see_change(now.timestamp() + LOOKED_AT_EVERY_S + 1)
        return [each.sentence.split(", and ")[1] for each in said]

    return look_twice


def test_offer_that_is_reserved_and_confirmed_is_in_order(look):
    assert look(16_000, reservation_l1_ma=16_000, confirmed_ma=16_000) == []


def test_offer_above_what_is_reserved_is_found(look):
    assert look(16_000, reservation_l1_ma=6_000) == ["6000 mA are reserved"]


def test_confirmed_limit_that_is_not_in_force_is_found(look):
    assert look(0, reservation_l1_ma=16_000, confirmed_ma=16_000) == ["16000 mA count as confirmed"]


def test_limit_that_has_ended_is_no_longer_believed_in(look):
    ended = datetime.now(UTC) - timedelta(seconds=5)
    assert look(0, reservation_l1_ma=16_000, confirmed_ma=16_000, confirmed_end_at=ended) == []


def test_lease_that_is_over_by_a_wrong_clock_is_no_error_of_belief(look, world, first):
    world.clocks_wrong_until_s[first.spec.id] = time.monotonic() + 60
    assert look(0, reservation_l1_ma=16_000, confirmed_ma=16_000) == []
    world.clocks_wrong_until_s[first.spec.id] = time.monotonic() - 1
    assert look(0, reservation_l1_ma=16_000, confirmed_ma=16_000) == ["16000 mA count as confirmed"]


def test_charge_point_with_a_fault_offers_nothing_and_loses_no_limit(look, first):
    first.connectors[1].error_code = "GroundFailure"
    assert look(0, reservation_l1_ma=16_000, confirmed_ma=16_000) == []
