from datetime import UTC, datetime, timedelta

import pytest

from chargers.models import ChargerCommand, MeterValue, OcppMessage
from evbalancer.ops.doctor.growth import Growth, measure_database, measure_growth
from tests.factories.chargers import ConnectorFactory

pytestmark = pytest.mark.django_db


def log(connector, *hours_ago, now):
    for hours in hours_ago:
        OcppMessage.objects.create(
            charge_point=connector.charge_point, community=connector.community, at=now - timedelta(hours=hours),
            direction="in", action="x", unique_id="x",
        )  # fmt: skip


def test_rows_of_the_last_day_are_counted():
    connector, now = ConnectorFactory(), datetime.now(UTC)
    assert measure_growth(now=now).bytes_a_day == 0
    log(connector, *range(60, 0, -1), now=now - timedelta(minutes=30))
    OcppMessage.objects.filter(pk__in=list(OcppMessage.objects.values_list("pk", flat=True)[5:9])).delete()
    MeterValue.objects.create(
        community=connector.community, connector=connector, measured_at=now, received_at=now, energy_wh=1
    )
    ChargerCommand.objects.create(
        community=connector.community, charge_point=connector.charge_point, kind="trigger", idempotency_key="x",
        requested_by="x", queued_at=now, expires_at=now + timedelta(minutes=1),
    )  # fmt: skip
    rows = measure_growth(now=now).rows_a_day
    young = OcppMessage.objects.filter(at__gte=now - timedelta(days=1)).count()
    assert (rows["ocpp messages"], rows["meter values"], rows["charger commands"]) == (young, 1, 1)
    assert measure_growth(now=now + timedelta(days=2)).bytes_a_day == 0


@pytest.mark.parametrize(("bytes_a_day", "days"), [(0, None), (10, 100), (2_000, 0)])
def test_disk_lasts_as_long_as_it_grows(bytes_a_day, days):
    assert Growth(1, {}, bytes_a_day).days_left(1_000) == days


def test_database_has_a_size():
    assert measure_database() > 100_000
