"""The partitioned tables of the product, as the migrations and the periodic work leave them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from chargers.models import MeterValue, OcppMessage
from evbalancer.common.db.partitions import is_partitioned, read_partitions
from evbalancer.ops.doctor import install
from evbalancer.ops.partitions import TABLES, find_unprepared, keep_partitions
from evbalancer.ops.retention import clear_old_rows
from grid.models import Community
from tests.factories.chargers import ConnectorFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="Other databases have none."),
]
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def connector():
    return ConnectorFactory()


def log(connector, at):
    return OcppMessage.objects.create(
        charge_point=connector.charge_point, community_id=connector.community_id, at=at, direction="in",
        action="Heartbeat", unique_id="1", payload={},
    )  # fmt: skip


def names(model):
    return [each.name for each in read_partitions(model._meta.db_table)]


def test_migrations_partition_them_and_the_periodic_work_makes_days_ahead(connector):
    assert all(is_partitioned(each.table) for each in TABLES)
    later = NOW + 20 * DAY
    assert find_unprepared(now=later) == ["chargers_ocppmessage", "chargers_metervalue"]
    assert "partitions" in {each.part for each in install.look_at_clearing(later)}
    clear_old_rows(now=later)
    assert find_unprepared(now=later) == []
    assert f"chargers_ocppmessage_p{later:%Y%m%d}" in names(OcppMessage)


def test_parts_of_a_long_time_are_wider(connector):
    Community.objects.update(log_days=365)
    # Tests that commit may have left days behind.
    after_all = read_partitions("chargers_ocppmessage")[-1].end
    keep_partitions(now=after_all)
    [first, *_, last] = read_partitions("chargers_ocppmessage")
    assert (first.begin, last.end - last.begin) == (None, 12 * DAY)


def test_log_leaves_with_its_partition_and_the_first_one_row_by_row(connector):
    keep_partitions(now=NOW)
    day = read_partitions("chargers_ocppmessage")[1]
    old, kept = log(connector, NOW - 31 * DAY), log(connector, day.begin + DAY / 2)
    clear_old_rows(now=NOW)
    assert set(OcppMessage.objects.values_list("pk", flat=True)) == {kept.pk}
    assert old.pk < kept.pk
    # Over its time by an hour: its partition is not over, and it waits for that.
    clear_old_rows(now=day.begin + DAY / 2 + 30 * DAY + timedelta(hours=2))
    assert OcppMessage.objects.count() == 1
    clear_old_rows(now=day.end + 30 * DAY)
    assert OcppMessage.objects.count() == 0
    assert day.name not in names(OcppMessage)
    assert "chargers_ocppmessage_first" not in names(OcppMessage)


def test_log_of_a_community_that_keeps_it_shorter_goes_row_by_row(connector):
    other = ConnectorFactory()
    Community.objects.filter(pk=other.community_id).update(log_days=2)
    keep_partitions(now=NOW)
    day = read_partitions("chargers_ocppmessage")[1]
    mine = log(connector, day.begin)
    log(other, day.begin)
    clear_old_rows(now=day.begin + 3 * DAY)
    assert [each.pk for each in OcppMessage.objects.all()] == [mine.pk]


def test_partition_of_values_stays_while_one_of_them_is_needed(connector):
    keep_partitions(now=NOW)
    day = read_partitions("chargers_metervalue")[1]
    MeterValue.objects.create(
        community_id=connector.community_id, connector=connector, received_at=day.begin, measured_at=day.begin
    )
    late = day.end + 30 * DAY
    keep_partitions(now=late)
    assert day.name in names(MeterValue)
    clear_old_rows(now=late)
    assert MeterValue.objects.count() == 0
    keep_partitions(now=late)
    assert day.name not in names(MeterValue)


def test_empty_tables_of_the_product_are_emptied_with_their_partitions(connector):
    keep_partitions(now=NOW)
    day = read_partitions("chargers_ocppmessage")[1]
    log(connector, day.begin)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE chargers_ocppmessage")
    assert not OcppMessage.objects.exists()
