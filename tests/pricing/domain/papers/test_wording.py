"""What the paper says, in the reader's language."""

import pytest

from pricing.domain.papers.wording import BREAK, paper_of
from tests.asserts.statements import a_document


def test_paper_is_in_the_language_that_it_was_issued_in():
    paper = paper_of(a_document(language="de"))
    assert (paper["heading"], paper["total"]) == ("Abrechnung · November 2026", ["Summe", "3,00 €"])
    assert paper["sums"] == [["Netto zu 19 %", "2,52 €"], ["Enthaltene USt. 19 %", "0,48 €"]]
    assert paper["facts"][0] == ["Nummer", "2026-0001"]
    assert paper_of(a_document(language="de"), language="en")["total"] == ["Total", "3.00 €"]


def test_row_says_when_where_meter_energy_price_and_amount():
    [row] = paper_of(a_document())["rows"]
    assert row[0].endswith("19:00\n– 21:00")  # noqa: RUF001  # the dash of a span
    assert row[1:] == ["A-01 1 · Blue one", "100.00\n110.00", "10.00 kWh", "0.30 €/kWh", "3.00 €"]


def test_each_of_several_charges_has_a_row_that_names_it():
    document = a_document()
    document["lines"][0]["charges"] = [
        {"kind": "ENERGY", "unit": "Wh", "quantity": 4_000, "price": "0.2", "tax_bp": 1900, "amount_minor": 80},
        {"kind": "ENERGY", "unit": "Wh", "quantity": 6_000, "price": "0.4125", "tax_bp": 1900, "amount_minor": 248},
        {"kind": "TIME", "unit": "s", "quantity": 5_400, "price": "1", "tax_bp": 1900, "amount_minor": 150},
        {"kind": "FLAT", "unit": "times", "quantity": 1, "price": "0.35", "tax_bp": 1900, "amount_minor": 35},
        {"kind": "LIMIT", "unit": "times", "quantity": 1, "price": None, "tax_bp": 1900, "amount_minor": -13},
    ]  # fmt: skip
    paper = paper_of(document)
    assert [row[1:] for row in paper["rows"]] == [
        ["A-01 1 · Blue one", "100.00\n110.00", "", "", ""],
        ["Energy", "", "4.00 kWh", "0.20 €/kWh", "0.80 €"],
        ["Energy", "", "6.00 kWh", "0.4125 €/kWh", "2.48 €"],
        ["Charging time", "", "1.50 h", "1.00 €/h", "1.50 €"],
        ["Per session", "", "1", "0.35 €", "0.35 €"],
        ["Least or most of a session", "", "", "", "-0.13 €"],
    ]
    assert paper["joined"] == [True, True, True, True, True, False]


def test_late_line_says_that_it_is_of_a_month_before():
    document = a_document()
    document["lines"][0]["is_late"] = True
    assert "of a month before" in paper_of(document)["rows"][0][1]


def test_credit_note_names_its_statement_and_asks_for_no_money():
    document = a_document(kind="credit", corrects="2026-0001", number="2026-0002", total_minor=-300)
    document["lines"] = [{"kind": "credit", "amount_minor": -300, "energy_wh": 0, "tax_bp": 0}]
    paper = paper_of(document)
    assert paper["heading"].startswith("Credit note")
    assert (paper["qr"], paper["payment"]) == ("", ["It reduces what is owed for 2026-0001."])
    assert paper["rows"] == [["", "Credit", "", "", "", "-3.00 €"]]


def test_draft_has_neither_number_nor_code():
    paper = paper_of(a_document(number="", issued_on=None, due_on=None))
    assert (paper["is_draft"], paper["qr"], paper["payment"]) == (True, "", [])


@pytest.mark.parametrize("length", [29, 300])
def test_long_word_can_be_broken(length):
    name = paper_of(a_document(recipient={"name": "x" * length, "unit": "", "address": ""}))["recipient"][
        "name"
    ]
    assert max(map(len, name.split(BREAK))) <= 28
    assert name.replace(BREAK, "") == "x" * length


@pytest.mark.parametrize(
    ("saved_minor", "unknown", "words"),
    [
        (132, 0, "Charging at once would have cost 1.32 € more."),
        (-40, 0, "Charging at once would have cost 0.40 € less."),
        (0, 0, "Charging at once would have cost the same."),
        (
            132,
            2,
            "Charging at once would have cost 1.32 € more. This compares 3 of 5 sessions; of the others a price is not known.",
        ),
    ],
)
def test_introduction_compares_with_charging_at_once(saved_minor, unknown, words):
    saving = {"saved_minor": saved_minor, "compared": 3, "unknown": unknown}
    said = paper_of(a_document(saving=saving))["introduction"].replace(BREAK, "")
    assert said == f"Charging at Maple Court, 10.00 kWh in total. {words}"


def test_introduction_of_a_paper_of_before_compares_nothing():
    assert "at once" not in paper_of(a_document())["introduction"]


def test_sum_of_each_tariff_is_told_where_there_are_several():
    document = a_document()
    [line] = document["lines"]
    document["lines"] = [
        line | {"tariff": "Staff, version 2"},
        line | {"tariff": "House, version 1", "amount_minor": 450, "energy_wh": 15_000},
        line | {"tariff": "Staff, version 2"},
        line | {"tariff": ""},
    ]
    assert paper_of(document)["sums"][:3] == [
        ["House, version 1, 15.00 kWh", "4.50 €"],
        ["Staff, version 2, 20.00 kWh", "6.00 €"],
        ["By other prices, 10.00 kWh", "3.00 €"],
    ]
