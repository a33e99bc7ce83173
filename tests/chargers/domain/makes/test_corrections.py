from datetime import UTC, datetime

import pytest

from chargers.domain.makes import corrections
from chargers.domain.makes.corrections import Noted, count_corrections
from chargers.models import MakeCorrection
from chargers.reports.log import Correction
from tests.factories.chargers import ConnectorFactory

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def charge_point(db):
    return ConnectorFactory(charge_point__vendor="V", charge_point__model="M").charge_point


def test_corrections_of_a_make_are_counted_together(charge_point):
    other = ConnectorFactory(charge_point__vendor="V", charge_point__model="M").charge_point
    cut = Correction("serial", "cut", times=2)
    count_corrections([Noted(one.pk, "Boot", (cut,)) for one in (charge_point, other)], now=NOW)
    count_corrections([Noted(other.pk, "Boot", (Correction("reason", "unknown word", "Odd"),))], now=NOW)
    rows = MakeCorrection.objects.order_by("place").values_list("place", "count", "word", "make__vendor")
    assert list(rows) == [("reason", 1, "Odd", "V"), ("serial", 4, "", "V")]


def test_kinds_beyond_the_bound_are_counted_together(charge_point, monkeypatch):
    monkeypatch.setattr(corrections, "MOST_KINDS", 3)
    many = tuple(Correction(f"p{n}", "left out") for n in range(10))
    for _ in range(2):
        count_corrections([Noted(charge_point.pk, "A", many)], now=NOW)
    assert MakeCorrection.objects.count() == 4
    assert MakeCorrection.objects.get(how="others").count == 14
