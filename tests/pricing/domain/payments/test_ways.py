"""What a statement says about paying it."""

from decimal import Decimal

import pytest
from django.utils.translation import override
from segno.helpers import make_epc_qr

from pricing.domain.payments import ways
from tests.asserts.statements import a_document


def test_transfer_names_day_holder_account_and_reason():
    with override("en"):
        told = ways.payment_words(a_document())
    assert "DE02 1203 0000 0000 2020 51" in told[0]
    assert told[1] == "Name 2026-0001 as the reason."


def test_code_is_the_one_of_the_payments_council(monkeypatch):
    seen = {}
    monkeypatch.setattr(ways, "make_epc_qr", lambda **told: seen.update(told) or make_epc_qr(**told))
    assert ways.transfer_code(a_document(total_minor=123_456)).startswith("<svg")
    assert seen == {
        "name": "Maple Court e.V.",
        "iban": "DE02120300000000202051",
        "amount": Decimal("1234.56"),
        "text": "2026-0001",
        "bic": "BYLADEM1001",
        "encoding": "utf-8",
    }


@pytest.mark.parametrize(
    "changes",
    [{"currency": "CHF"}, {"total_minor": 0}, {"total_minor": -5}, {"number": ""}, {"kind": "credit"}],
)
def test_no_code_where_nothing_is_transferred_in_euros(changes):
    assert ways.transfer_code(a_document(**changes)) == ""


def test_no_code_without_an_account():
    document = a_document()
    document["issuer"]["iban"] = ""
    assert ways.transfer_code(document) == ""
    with override("en"):
        assert ways.payment_words(document)[0].startswith("Please pay by")


def test_sum_in_the_recipients_favour_asks_for_nothing():
    with override("en"):
        assert ways.payment_words(a_document(total_minor=-5)) == ["This sum is in your favour."]
        assert ways.payment_words(a_document(total_minor=0)) == []
