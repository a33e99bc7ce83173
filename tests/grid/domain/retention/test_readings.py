import math
from datetime import UTC, datetime, timedelta

import pytest

from grid.domain.retention.periods import Kept, read_periods
from grid.domain.retention.readings import readings_ledger
from grid.domain.retention.rounds import clear_ledger
from grid.models import MeterReading
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def read(circuit, *days_ago):
    MeterReading.objects.bulk_create(
        MeterReading(
            community=circuit.cluster.community, circuit=circuit, measured_at=NOW - timedelta(days=days),
            received_at=NOW - timedelta(days=days), base_load_l1_ma=days, base_load_l2_ma=0, base_load_l3_ma=0,
        )
        for days in days_ago
    )  # fmt: skip


def test_readings_of_each_circuit_go_when_they_are_over_their_time():
    usual = [CircuitFactory(), CircuitFactory(), CircuitFactory()]
    long = CircuitFactory(cluster__community__meter_values_days=90)
    for circuit in (*usual, long):
        read(circuit, *[100] * 60, 31, 29)
    ledger = readings_ledger(read_periods(Kept.METER_VALUES, now=NOW))
    assert clear_ledger(ledger, now=NOW, ends_s=math.inf) == 3 * 61 + 60
    assert sorted(MeterReading.objects.values_list("base_load_l1_ma", flat=True)) == [29] * 4 + [31]
