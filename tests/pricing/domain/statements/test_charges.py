"""What a line is made of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.domain.billing import minor_of, words_of
from pricing.domain.papers.charges import price_of, quantity_of
from pricing.domain.statements.charges import Unit, charges_of
from pricing.enums import LineKind
from pricing.models import BillLine
from pricing.rating.ocpi.tariffs import tariff_of
from pricing.rating.rate import Rater
from pricing.rating.register import Register, Sample
from pricing.rating.tariff import TaxIncluded
from tests.examples import examples
from tests.pricing.rating.test_properties import sessions, tariffs

START = datetime(2026, 11, 10, 18, 0, tzinfo=UTC)
DUTCH = {
    "id": "dutch",
    "currency": "EUR",
    "tax_included": "NO",
    "elements": [
        {"price_components": [{"type": "FLAT", "price": 0.35, "vat": 21, "step_size": 1}]},
        {"price_components": [{"type": "ENERGY", "price": 0.29, "vat": 21, "step_size": 1}]},
        {"price_components": [{"type": "PARKING_TIME", "price": 1.5, "vat": 21, "step_size": 60}]},
    ],
    "max_price": {"before_taxes": 8},
}


def line_of(parts, amount_minor, *, kind=LineKind.ENERGY, energy_wh=0):
    return BillLine(kind=kind, parts=parts, amount_minor=amount_minor, energy_wh=energy_wh)


def rated(body, energy_wh, *, hours=2, parked=timedelta(hours=1)):
    rater = Rater(tariff_of(body), ZoneInfo("Europe/Amsterdam"), 2)
    end = START + timedelta(hours=hours)
    register = Register([Sample(START, 0), Sample(end, energy_wh), Sample(end + parked, energy_wh)])
    return rater.rate(register.session(rater.bounds, rater.zone, is_sated=True))


def told(line, **more):
    options = {"tax_bp": 0, "tax_included": TaxIncluded.NO} | more
    charges = charges_of(line, **options)
    assert sum(each.amount_minor for each in charges) == line.amount_minor
    return [
        (each.kind, each.unit, each.quantity, each.price, each.tax_bp, each.amount_minor) for each in charges
    ]


def test_start_energy_parking_and_bound_are_named_with_quantity_and_price_with_tax():
    found = rated(DUTCH, 20_000)
    # 0.35 + 20 x 0.29 + 1 h x 1.50 = 7.65 before taxes, which is below the bound: x 1.21 = 0.42 + 7.02 + 1.82 (1.815).
    assert told(line_of(words_of(found), minor_of(found.total))) == [
        ("FLAT", Unit.TIMES, 1, Decimal("0.4235"), 2100, 42),
        ("ENERGY", Unit.WH, 20_000, Decimal("0.3509"), 2100, 702),
        ("PARKING_TIME", Unit.SECONDS, 3_600, Decimal("1.815"), 2100, 182),
    ]
    found = rated(DUTCH, 22_000)
    # 0.35 + 6.38 + 1.50 = 8.23 is 0.23 above the bound of 8.00; with taxes 9.68 instead of 0.42 + 7.72 + 1.82 = 9.96.
    assert told(line_of(words_of(found), minor_of(found.total)))[-1] == ("LIMIT", Unit.TIMES, 1, None, 0, -28)


def test_energy_by_published_prices_shares_the_line_as_its_prices_say():
    parts = [
        {"energy_wh": 333, "price_per_mwh_minor": 30_001},
        {"energy_wh": 333, "price_per_mwh_minor": 20_000},
        {"energy_wh": 333, "price_per_mwh_minor": 30_001},
    ]
    # 19.98 and 6.66 cents, 26.64 in all: the line is 27, shared 20.25 to 6.75.
    assert told(line_of(parts, 27, energy_wh=999), tax_bp=1900) == [
        ("ENERGY", Unit.WH, 333, Decimal("0.2"), 1900, 7),
        ("ENERGY", Unit.WH, 666, Decimal("0.30001"), 1900, 20),
    ]


def test_surcharge_names_its_energy_and_price():
    parts = [{"energy_wh": 5_250, "price_per_mwh_minor": 10_000}]
    line = line_of(parts, 53, kind=LineKind.EMERGENCY, energy_wh=5_250)
    assert told(line) == [("EMERGENCY", Unit.WH, 5_250, Decimal("0.1"), 0, 53)]


def test_energy_without_a_price_is_named_too():
    assert told(line_of([], 0, energy_wh=4_000)) == [("ENERGY", Unit.WH, 4_000, None, 0, 0)]
    assert told(line_of([], 120, energy_wh=4_000)) == [("ENERGY", Unit.WH, 4_000, None, 0, 120)]


def test_amount_that_no_part_explains_is_a_charge_of_its_own():
    parts = [{"kind": "FLAT", "price": "1", "amount_minor": 100}]
    assert told(line_of(parts, 130))[-1] == ("REST", Unit.TIMES, 1, None, 0, 30)


def test_correction_is_what_its_parts_differ_by():
    first, second = rated(DUTCH, 20_000), rated(DUTCH, 19_000)
    billed = line_of(words_of(first), minor_of(first.total), energy_wh=20_000)
    owed_minor = minor_of(second.total)
    line = line_of(
        words_of(second), owed_minor - billed.amount_minor, kind=LineKind.ADJUSTMENT, energy_wh=-1_000
    )
    # 19 x 0.29 x 1.21 = 6.67 instead of 7.02; the fee and the parking stay.
    assert told(line, before=[billed]) == [("ENERGY", Unit.WH, -1_000, Decimal("0.3509"), 2100, -35)]


@pytest.mark.property
@examples(150)
@given(tariffs, st.lists(sessions(), min_size=1, max_size=3))
def test_charges_of_a_line_and_of_its_corrections_add_up(tariff, versions):
    rater = Rater(tariff, ZoneInfo("Europe/Berlin"), 2)
    lines = []
    for session in versions:
        found = rater.rate(session)
        due_minor = minor_of(found.total) - sum(line.amount_minor for line in lines)
        kind = LineKind.ADJUSTMENT if lines else LineKind.ENERGY
        line = line_of(words_of(found), due_minor, kind=kind)
        charges = charges_of(line, tax_bp=1900, tax_included=tariff.tax_included, before=lines)
        assert sum(charge.amount_minor for charge in charges) == due_minor
        assert "REST" not in [charge.kind for charge in charges]
        lines.append(line)


@pytest.mark.property
@examples(150)
@given(tariffs, sessions())
def test_quantity_times_unit_price_is_the_amount_to_a_cent_for_each_piece(tariff, session):
    found = Rater(tariff, ZoneInfo("Europe/Berlin"), 2).rate(session)
    parts = words_of(found)
    line = line_of(parts, minor_of(found.total))
    for charge in charges_of(line, tax_bp=0, tax_included=tariff.tax_included):
        price, (quantity, _) = price_of(charge.stored), quantity_of(charge.stored)
        if price is not None:
            # Whole Wh and seconds of each piece, and one rounding for each.
            assert abs(quantity * price * 100 - charge.amount_minor) <= 1 + len(parts)
