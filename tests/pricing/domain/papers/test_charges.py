"""Charges in words, and those of documents from before charges were kept."""

from decimal import Decimal

import pytest

from pricing.domain.papers.charges import charge_cells, charge_name, charges_in, price_of, quantity_of
from tests.asserts.statements import LINE

OLD = {name: value for name, value in LINE.items() if name != "charges"}


def told(line):
    charges = charges_in(line)
    assert sum(each["amount_minor"] for each in charges) == line["amount_minor"]
    return [(charge_name(each), *charge_cells(each, "EUR")) for each in charges]


def test_document_of_before_has_its_prices_and_fees_as_charges():
    prices = [
        {"price_per_mwh_minor": 20_000, "energy_wh": 4_000},
        {"price_per_mwh_minor": 30_000, "energy_wh": 6_000},
    ]
    assert told(OLD | {"amount_minor": 310, "prices": prices, "fees": {"FLAT": 50}}) == [
        ("Energy", "4.00 kWh", "0.20 €/kWh", "0.80 €"),
        ("Energy", "6.00 kWh", "0.30 €/kWh", "1.80 €"),
        ("Per session", "", "", "0.50 €"),
    ]


@pytest.mark.parametrize(("kind", "name"), [("overstay", "Overstay"), ("energy", "Energy")])
def test_document_of_before_without_prices_has_one_charge(kind, name):
    assert told(OLD | {"kind": kind, "prices": [], "energy_wh": 0}) == [(name, "", "", "3.00 €")]


def test_credited_amount_is_one_charge():
    line = {"kind": "credit", "amount_minor": -300, "energy_wh": 0, "tax_bp": 0}
    assert told(line) == [("Credit", "", "", "-3.00 €")]


@pytest.mark.parametrize(
    ("unit", "quantity", "price", "said"),
    [
        ("Wh", 12_345, "0.41255", (Decimal("12.345"), "kWh", Decimal("0.41255"))),
        ("s", 60, "2", (Decimal("0.0167"), "h", Decimal("2.00"))),
        ("times", 1, "0.5", (1, "", Decimal("0.50"))),
        ("times", 1, None, (1, "", None)),
        ("days", 21, "0.166667", (21, "d", Decimal("0.166667"))),
    ],
)
def test_quantity_is_in_the_unit_of_its_price(unit, quantity, price, said):
    charge = {"kind": "FLAT", "unit": unit, "quantity": quantity, "price": price, "amount_minor": 0}
    assert (*quantity_of(charge), price_of(charge)) == said
