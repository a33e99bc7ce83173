import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from chargers.enums import CommandKind, CommandState
from chargers.models import ChargerCommand, Connector
from chargers.simulator.plant.connector import Transaction
from evbalancer.life.judges.rest import MOST_FALLBACKS, Rest


@pytest.fixture
def order(first):
    """Queue a command each half minute for the last minutes."""
    connector = Connector.objects.get(charge_point__identity=first.spec.id)

    def order_each(limits_ma, *, kind=CommandKind.SET_LIMIT):
        now = datetime.now(UTC)
        for number, limit_ma in enumerate(limits_ma):
            ChargerCommand.objects.create(
                community_id=connector.community_id, charge_point=connector.charge_point, connector=connector,
                kind=kind, limit_ma=limit_ma, state=CommandState.ACCEPTED, idempotency_key=f"{kind}{number}",
                queued_at=now - timedelta(seconds=30 * number), expires_at=now + timedelta(minutes=1),
            )  # fmt: skip

    return order_each


def sat(judge, minutes):
    with time_machine.travel(time.time(), tick=False) as travel:
        for _ in range(minutes):
            judge.see_minute()
            travel.shift(60)


def test_limit_that_goes_up_and_down_while_nothing_moves_is_found(bench, world, order):
    world.calm_since_s = time.monotonic() - 600
    judge, said = bench(Rest)
    order([16_000, 18_000] * 8)
    sat(judge, 2)
    assert said == []
    judge._still_since -= 720
    sat(judge, 1)
    assert [each.judge for each in said] == ["rest"]


def test_renewals_and_a_few_changes_are_rest(bench, world, order):
    judge, said = bench(Rest)
    judge._still_since -= 720
    order([16_000] * 12 + [18_000, 16_000])
    sat(judge, 1)
    assert said == []


def test_fallback_that_is_written_at_each_boot_is_found(bench, order):
    judge, said = bench(Rest)
    order([0] * MOST_FALLBACKS, kind=CommandKind.SET_FALLBACK)
    judge.see_minute()
    assert said == []
    ChargerCommand.objects.all().delete()
    order([0] * (MOST_FALLBACKS + 1), kind=CommandKind.SET_FALLBACK)
    judge.see_minute()
    assert len(said) == 1


def test_car_that_is_stopped_and_started_all_the_time_is_found(bench, world, first):
    world.calm_since_s = time.monotonic() - 3_600
    connector = first.connectors[1]
    connector.transaction = Transaction(1, "TAGA1", time.time(), 0)
    judge, said = bench(Rest)
    for step in range(12):
        connector.offered_ma = 6_000 * (step % 2)
        judge.see_change(time.time() + step)
    judge.see_minute()
    assert [each.sentence for each in said] == ["a car was started 6 times in ten minutes"]
