from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chargers.enums import ConnectorStatus
from chargers.models import Connector
from evbalancer.common.disk import Disk
from scheduling.domain.alarms import causes, judging, site_causes
from scheduling.enums import AlarmKind
from scheduling.models import Alarm, Attendance
from tests.evbalancer.dashboard.conftest import House


def judge(house: House, *, after_s: int) -> None:
    now = house.now + timedelta(seconds=after_s)
    Attendance.objects.update(regular_at=now)
    judging.judge_cluster(house.cluster.pk, now=now)


def test_fault_is_an_alarm_from_its_beginning_to_its_end(house: House) -> None:
    house.connector("A-01", status=ConnectorStatus.FAULTED, error_code="GroundFailure")
    for after_s in (0, 30, 60):
        judge(house, after_s=after_s)
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.told) == ("faulted", "A-01/1 is faulted: GroundFailure.")
    assert alarm.raised_at == house.now + timedelta(seconds=60)
    Connector.objects.update(status=ConnectorStatus.AVAILABLE)
    for after_s in (70, 110):
        judge(house, after_s=after_s)
    assert Alarm.objects.get().ended_at == house.now + timedelta(seconds=110)


def test_judge_that_fails_ends_nothing_and_holds_up_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.connector("A-01", overdraw_ma=20_000, overdrawn_since=house.now)
    judge(house, after_s=0)

    def fails(cluster: object, *, now: object) -> list[object]:
        raise RuntimeError("no")

    kinds, _ = causes.JUDGES[0]
    monkeypatch.setattr(judging, "JUDGES", ((kinds, fails), *causes.JUDGES[1:]))
    later = house.now + timedelta(minutes=10)
    judging.judge_cluster(house.cluster.pk, now=later)
    assert set(Alarm.objects.filter(ended_at=None).values_list("kind", flat=True)) == {
        "overdraw",
        "nobody_balances",
    }
    assert "are judged the next time" in caplog.text


def test_what_belongs_to_no_cluster_is_judged_beside_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [Disk(free_bytes=1, total_bytes=100)]
    monkeypatch.setattr(site_causes, "read_disk", lambda: full[0])
    judging.judge_site(now=house.now)
    alarm = Alarm.objects.get(kind=AlarmKind.DISK)
    assert (alarm.community, alarm.cluster, alarm.told) == (
        None,
        None,
        "The disk of the server is 99 % full: soon nothing can be stored.",
    )
    full[0] = Disk(free_bytes=99, total_bytes=100)
    judging.judge_site(now=house.now + timedelta(minutes=1))
    assert not Alarm.objects.filter(kind=AlarmKind.DISK, ended_at=None).exists()


def test_retired_cluster_is_not_judged(house: House) -> None:
    house.connector("A-01", overdraw_ma=20_000, overdrawn_since=house.now)
    house.cluster.retired_at = house.now
    house.cluster.save()
    judging.judge_cluster(house.cluster.pk, now=house.now)
    assert not Alarm.objects.exists()


def test_where_all_is_well_nothing_is_locked_or_written(house: House) -> None:
    house.connector("A-01")
    judge(house, after_s=0)
    with CaptureQueriesContext(connection) as queries:
        judging.judge_cluster(house.cluster.pk, now=house.now + timedelta(seconds=20))
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert len(queries) <= 9
