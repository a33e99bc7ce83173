import math
from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.archive.messages import MB, first_id_within, log_ledger
from chargers.models import OcppMessage
from evbalancer.common.db.batches import FIRST_ROWS
from grid.domain.retention.periods import Kept, read_periods
from grid.domain.retention.rounds import clear_ledger
from grid.models import RetentionMark
from tests.factories.chargers import ChargePointFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def charge_point():
    return ChargePointFactory()


def log(charge_point, *days_ago, payload=None):
    for days in days_ago:
        OcppMessage.objects.create(
            charge_point=charge_point, community=charge_point.community, at=NOW - timedelta(days=days), direction="in",
            action="StatusNotification", unique_id=str(days), payload=payload or {},
        )  # fmt: skip


def clear():
    RetentionMark.objects.all().delete()
    return clear_ledger(log_ledger(read_periods(Kept.LOG, now=NOW)), now=NOW, ends_s=math.inf)


def left():
    return [row.unique_id for row in OcppMessage.objects.order_by("pk")]


def test_messages_go_when_they_are_over_their_time(charge_point):
    log(charge_point, 90, 31, 29, 0)
    assert clear() == 2
    assert left() == ["29", "0"]


def test_community_may_keep_its_log_longer_than_others(charge_point):
    other = ChargePointFactory(circuit__cluster__community__log_days=60)
    for days in (90, 40, 31, 1):
        log(charge_point, days)
        log(other, days)
    assert clear() == 4
    assert list(OcppMessage.objects.filter(charge_point=other).values_list("unique_id", flat=True)) == [
        "1", "31", "40"
    ]  # fmt: skip
    assert RetentionMark.objects.get().kept == 0


def test_log_that_is_too_large_loses_its_oldest_whoever_wants_them(charge_point, settings):
    log(charge_point, *range(29, -1, -1), payload={"text": "x" * 200_000})
    settings.OCPP_LOG_MAX_MB = 1
    assert clear() == 25
    assert left() == ["4", "3", "2", "1", "0"]
    settings.OCPP_LOG_MAX_MB = 0
    assert clear() == 0


def test_room_counts_by_the_length_of_the_newest_messages(charge_point):
    assert first_id_within(MB) == 0
    log(charge_point, 3, 2, 1)
    assert first_id_within(MB) == 0
    last = OcppMessage.objects.order_by("pk").last()
    assert first_id_within(2 * 260) == last.pk - 1


def test_message_of_a_clock_that_was_years_ahead_ends_no_round(charge_point):
    log(charge_point, *[40] * FIRST_ROWS, -4_000, *[40] * FIRST_ROWS)
    assert clear() == 2 * FIRST_ROWS
    assert left() == ["-4000"]


def test_round_ends_where_all_are_young(charge_point):
    """Of a log of years only what is over is read."""
    log(charge_point, *[40] * 3, *[1] * (5 * FIRST_ROWS))
    ledger = log_ledger(read_periods(Kept.LOG, now=NOW))
    first = ledger.find(None, FIRST_ROWS)
    assert (len(first.rows), first.place is None) == (3, False)
    assert ledger.find(first.place, FIRST_ROWS).place is None
