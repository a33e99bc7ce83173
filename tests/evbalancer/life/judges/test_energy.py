import time
from datetime import UTC, datetime

import pytest

from chargers.enums import SessionState
from chargers.simulator.plant.connector import Transaction
from drivers.models import Driver
from evbalancer.life.judges.energy import Energy


@pytest.fixture
def end(bench):
    """Whom the judge blames at the end."""

    def see_end():
        judge, said = bench(Energy)
        judge.see_end()
        return [each.judge for each in said]

    return see_end


def test_transaction_that_is_stored_and_billed_as_it_was_is_in_order(end, first, taken, store):
    store(first)
    assert end() == []


@pytest.mark.parametrize(
    ("fault", "judge"),
    [
        ({"energy_wh": 5_003, "billed_wh": 5_003}, "energy"),
        ({"billed_wh": 10_000}, "energy"),
        ({"billed_wh": 0}, "energy"),
        ({"stopped_at": None}, "acknowledged"),
        ({"driver": None}, "energy"),
    ],
)
def test_wrong_energy_bill_or_end_is_found(end, first, taken, store, fault, judge):
    store(first, **fault)
    assert end() == [judge]


def test_transaction_of_another_driver_is_found(end, first, taken, store):
    store(first, driver=Driver.objects.get(id_tags__token="TAGA2"))
    assert end() == ["energy"]


@pytest.mark.parametrize(("metered_wh", "judges"), [(4_500, []), (1_000, ["energy"])])
def test_energy_is_known_while_it_flows(world, bench, first, store, monkeypatch, metered_wh, judges):
    monkeypatch.setattr(type(first), "online", True)
    world.calm_since_s = time.monotonic() - 600
    first.connectors[1].register_wh = 5_000
    first.connectors[1].transaction = Transaction(1, "TAGA1", time.time() - 600, 0, server_id=7)
    store(
        first,
        state=SessionState.ACTIVE,
        started_at=datetime.now(UTC),
        stopped_at=None,
        energy_wh=metered_wh,
        billed_wh=0,
    )
    judge, said = bench(Energy)
    judge.see_minute()
    judge.see_minute()
    assert [each.judge for each in said] == judges


def test_transaction_that_is_not_stored_is_found(end, taken):
    assert end() == ["acknowledged"]


def test_transaction_that_never_was_is_found(end, first, store):
    store(first)
    assert end() == ["energy"]
