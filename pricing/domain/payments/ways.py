"""How a statement is paid: what its paper says about it, and the code that a bank's app can scan. No way knows a card's number."""

import io
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

import segno
from django.utils.formats import date_format
from django.utils.translation import gettext
from segno.helpers import make_epc_qr

from pricing.enums import PaymentKind, StatementKind

# The European Payments Council's own bounds of a transfer's code (EPC069-12).
MOST_MINOR: Final = 99_999_999_999
LONGEST_NAME, LONGEST_TEXT = 70, 140


class PaymentWay(Protocol):
    """One way to pay. `document` is a statement's, with what was agreed when it was issued under `payment`."""

    kind: PaymentKind

    def words(self, document: Mapping[str, Any]) -> list[str]:
        """Sentences in the active language."""

    def code(self, document: Mapping[str, Any]) -> str:
        """A picture (SVG) that starts the payment; empty where there is none."""


class OnAccount:
    """The recipient transfers the sum."""

    kind = PaymentKind.ACCOUNT

    def words(self, document: Mapping[str, Any]) -> list[str]:
        issuer = document["issuer"]
        if not issuer["iban"]:
            return [gettext("Please pay by %(day)s.") % {"day": _due(document)}]
        values = {
            "day": _due(document),
            "holder": issuer["account_holder"],
            "iban": group_iban(issuer["iban"]),
        }
        return [
            gettext("Please transfer the sum by %(day)s to %(holder)s, IBAN %(iban)s.") % values,
            gettext("Name %(number)s as the reason.") % {"number": document["number"]},
        ]

    def code(self, document: Mapping[str, Any]) -> str:
        """The EPC's quick response code, for euros alone."""
        issuer, total_minor = document["issuer"], document["total_minor"]
        is_payable = document["currency"] == "EUR" and 0 < total_minor <= MOST_MINOR
        if not issuer["iban"] or not document["number"] or not is_payable:
            return ""
        code = make_epc_qr(
            name=issuer["account_holder"][:LONGEST_NAME],
            iban=issuer["iban"],
            amount=Decimal(total_minor) / 100,
            text=document["number"][:LONGEST_TEXT],
            bic=issuer["bic"] or None,
            encoding="utf-8",
        )
        return _svg(code)


class DirectDebit:
    """The community collects the sum by the driver's mandate."""

    kind = PaymentKind.DEBIT

    def words(self, document: Mapping[str, Any]) -> list[str]:
        values = {"account": document["payment"]["account"], "mandate": document["payment"]["mandate"]}
        return [gettext("The sum is collected from account %(account)s by mandate %(mandate)s.") % values]

    def code(self, document: Mapping[str, Any]) -> str:
        return ""


class FromWallet:
    """The sum is drawn from the driver's wallet; what is short is transferred."""

    kind = PaymentKind.WALLET

    def words(self, document: Mapping[str, Any]) -> list[str]:
        return [
            gettext("The sum is taken from your wallet."),
            gettext("Transfer only what the wallet is short of:"),
            *OnAccount().words(document),
        ]

    def code(self, document: Mapping[str, Any]) -> str:
        return ""


WAYS: dict[str, PaymentWay] = {way.kind: way for way in (OnAccount(), DirectDebit(), FromWallet())}


def payment_words(document: Mapping[str, Any]) -> list[str]:
    """What the paper says about paying; a credit note and a sum in the recipient's favour ask for nothing."""
    if document["kind"] == StatementKind.CREDIT:
        return [gettext("It reduces what is owed for %(number)s.") % {"number": document["corrects"]}]
    if document["total_minor"] < 0:
        return [gettext("This sum is in your favour.")]
    if document["total_minor"] == 0 or not document["number"]:
        return []
    return _way(document).words(document)


def transfer_code(document: Mapping[str, Any]) -> str:
    return "" if document["kind"] == StatementKind.CREDIT else _way(document).code(document)


def group_iban(iban: str) -> str:
    """In groups of four, as people read it."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _way(document: Mapping[str, Any]) -> PaymentWay:
    return WAYS[document["payment"]["way"]]


def _due(document: Mapping[str, Any]) -> str:
    return date_format(date.fromisoformat(document["due_on"]), "SHORT_DATE_FORMAT")


def _svg(code: segno.QRCode) -> str:
    told = io.BytesIO()
    code.save(told, kind="svg", xmldecl=False, border=0)
    return told.getvalue().decode()
