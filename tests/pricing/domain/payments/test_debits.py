"""Direct debits: the file that a bank takes, each statement once, and what came back."""

from datetime import date
from xml.etree.ElementTree import fromstring

import pytest

from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from grid.domain.audit import SYSTEM
from pricing.domain.payments.debits import collect_open, return_debit, write_debit_file
from pricing.domain.payments.mandates import forget_mandates, sign_mandate
from pricing.domain.payments.receipts import open_minor
from pricing.models import BillingDetails, DebitRun

NS = "{urn:iso:std:iso:20022:tech:xsd:pain.008.001.08}"
DAY = date(2026, 12, 7)


@pytest.fixture
def mandate(driver, now):
    return sign_mandate(
        driver, holder="Ada <Example> & Co", iban="DE89370400440532013000", signed_on=date(2026, 11, 1), reference="M-1",
        actor=SYSTEM, now=now,
    )  # fmt: skip


def collect(community, now):
    return collect_open(community, collect_on=DAY, actor=SYSTEM, now=now)


def test_file_collects_what_is_open_from_the_account_of_the_mandate(community, issue, driver, mandate, now):
    statement = issue(1_234, driver=driver)
    assert statement.document["payment"] == {"way": "debit", "mandate": "M-1", "account": "DE… 3000"}
    root = fromstring(write_debit_file(collect(community, now)))
    told = {tag: [each.text for each in root.iter(f"{NS}{tag}")] for tag in
            ("InstdAmt", "IBAN", "MndtId", "SeqTp", "ReqdColltnDt", "Ustrd", "NbOfTxs", "CtrlSum")}  # fmt: skip
    assert told == {
        "InstdAmt": ["12.34"],
        "IBAN": ["DE02120300000000202051", "DE89370400440532013000"],
        "MndtId": ["M-1"],
        "SeqTp": ["FRST"],
        "ReqdColltnDt": ["2026-12-07"],
        "Ustrd": ["2026-0001"],
        "NbOfTxs": ["1", "1"],
        "CtrlSum": ["12.34", "12.34"],
    }
    assert open_minor(statement) == 0


def test_nothing_is_collected_twice_until_the_bank_returns_it(community, issue, driver, mandate, now):
    statement = issue(500, driver=driver)
    run = collect(community, now)
    with pytest.raises(NotFound):
        collect(community, now)
    debit = run.debits.get()
    return_debit(debit, actor=SYSTEM, now=now)
    assert open_minor(statement) == 500
    with pytest.raises(StateMoved):
        return_debit(debit, actor=SYSTEM, now=now)
    again = collect(community, now)
    assert b">RCUR<" in write_debit_file(again)


def test_run_without_creditor_day_or_mandate_is_refused(community, issue, driver, mandate, now):
    with pytest.raises(NotFound, match="No open statement"):
        collect(community, now)
    issue(500, driver=driver)
    with pytest.raises(InvalidInput, match="from tomorrow on"):
        collect_open(community, collect_on=now.date(), actor=SYSTEM, now=now)
    BillingDetails.objects.update(creditor_id="")
    with pytest.raises(InvalidInput, match="creditor identifier"):
        collect(community, now)
    assert not DebitRun.objects.exists()


def test_file_of_an_erased_account_is_refused(community, issue, driver, mandate, now):
    issue(500, driver=driver)
    run = collect(community, now)
    forget_mandates(driver, now=now)
    with pytest.raises(InvalidInput, match="was erased"):
        write_debit_file(run)
