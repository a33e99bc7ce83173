import pytest

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
    ],
)
def test_wrong_energy_bill_or_end_is_found(end, first, taken, store, fault, judge):
    store(first, **fault)
    assert end() == [judge]


def test_transaction_that_is_not_stored_is_found(end, taken):
    assert end() == ["acknowledged"]


def test_transaction_that_never_was_is_found(end, first, store):
    store(first)
    assert end() == ["energy"]
