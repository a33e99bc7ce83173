"""A wallet's ledger: in order, never edited, never drawn below its floor."""

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from drivers.models import Notification
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models.audit import AppendOnlyError
from pricing.domain.payments.receipts import open_minor
from pricing.domain.payments.wallets import balance_of, fill_wallet, open_wallet
from pricing.models import Wallet, WalletEntry
from tests.examples import examples
from tests.factories.drivers import DriverFactory
from tests.pricing.domain.payments.conftest import NOW


@pytest.fixture
def wallet(driver, now):
    return open_wallet(driver, floor_minor=0, actor=SYSTEM, now=now)


def fill(wallet, amount_minor, now=NOW):
    return fill_wallet(wallet, amount_minor=amount_minor, note="cash", actor=SYSTEM, now=now)


def test_issued_statement_is_taken_from_the_wallet(wallet, issue, driver):
    fill(wallet, 2_000)
    statement = issue(1_200, driver=driver)
    assert (statement.document["payment"], open_minor(statement), balance_of(wallet)) == (
        {"way": "wallet"},
        0,
        800,
    )
    codes = [each.said.code for each in Notification.objects.all()]
    assert codes == ["statement.issued"]


def test_wallet_that_is_short_pays_to_its_floor_and_says_so(wallet, issue, driver):
    fill(wallet, 500)
    statement = issue(1_200, driver=driver)
    assert (open_minor(statement), balance_of(wallet)) == (700, 0)
    said = Notification.objects.get(said__code="wallet.short").said
    assert said.facts == {"number": "2026-0001", "left": "7.00 EUR"}


def test_negative_floor_is_credit(driver, issue):
    wallet = open_wallet(driver, floor_minor=-1_000, actor=SYSTEM, now=NOW)
    statement = issue(1_200, driver=driver)
    assert (balance_of(wallet), open_minor(statement)) == (-1_000, 200)


def test_more_than_there_is_is_not_paid_out(wallet):
    fill(wallet, 500)
    with pytest.raises(InvalidInput, match=r"At most 5.00"):
        fill(wallet, -501)
    fill(wallet, -500)
    with pytest.raises(InvalidInput):
        fill(wallet, 0)
    assert balance_of(wallet) == 0


def test_driver_has_one_wallet(wallet, driver):
    with pytest.raises(InvalidInput, match="has a wallet already"):
        open_wallet(driver, floor_minor=0, actor=SYSTEM, now=NOW)
    assert Wallet.objects.count() == 1


def test_database_refuses_an_entry_below_the_floor_and_nobody_edits_one(wallet):
    entry = fill(wallet, 500)
    with pytest.raises(IntegrityError), transaction.atomic():
        WalletEntry.objects.create(
            community=wallet.community, wallet=wallet, sequence=2, kind="drawn", amount_minor=-501, balance_minor=-1,
            floor_minor=0, at=NOW,
        )  # fmt: skip
    for act in (entry.save, entry.delete):
        with pytest.raises(AppendOnlyError):
            act()


@pytest.mark.property
@examples(20, suppress=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-3_000, 3_000), max_size=12), st.integers(-1_000, 1_000))
def test_balance_is_the_sum_of_the_entries_and_never_drawn_below_the_floor(db, amounts, floor_minor):
    wallet = open_wallet(DriverFactory(), floor_minor=floor_minor, actor=SYSTEM, now=NOW)
    for amount_minor in amounts:
        try:
            fill(wallet, amount_minor)
        except InvalidInput:
            continue
    entries = list(WalletEntry.objects.filter(wallet=wallet).order_by("sequence"))
    assert [each.sequence for each in entries] == list(range(1, len(entries) + 1))
    assert balance_of(wallet) == sum(each.amount_minor for each in entries)
    assert all(each.balance_minor >= floor_minor for each in entries if each.amount_minor < 0)
