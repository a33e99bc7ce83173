import json
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import override

from chargers.enums import ConnectorStatus
from evbalancer.dashboard.live.snapshots import cluster_snapshot
from scheduling.domain.alarms import judging
from scheduling.models import Alarm, Attendance
from tests.evbalancer.dashboard.conftest import House


def judged(house: House) -> None:
    """Two visits, long enough apart for every delay but that of the offline."""
    for after_s in (0, 90):
        now = house.now + timedelta(seconds=after_s)
        Attendance.objects.update(regular_at=now)
        judging.judge_cluster(house.cluster.pk, now=now)


def test_manager_reads_what_and_where_and_a_way_to_act(house: House) -> None:
    house.ran()
    house.connector("A-01", status=ConnectorStatus.FAULTED, error_code="GroundFailure", vendor_error="E-17")
    judged(house)
    picture = cluster_snapshot(house.cluster, viewer=house.manager(), now=house.now)
    [line] = picture["banner"]
    assert (line["text"], line["count"]) == ("A-01/1 is faulted: GroundFailure (E-17).", 1)
    assert line["admin_url"] == "/admin/scheduling/alarm/?kind__exact=faulted&ended_at__isempty=1"
    # Nothing is said twice.
    assert [alert["id"] for alert in picture["alerts"]] == []


def test_residents_and_the_public_read_a_plain_sentence_without_names(house: House) -> None:
    house.ran()
    house.connector(
        "SECRET", status=ConnectorStatus.FAULTED, error_code="GroundFailure", vendor_error="SECRET"
    )
    judged(house)
    with override("de"):
        for viewer in (house.resident(), AnonymousUser()):
            lines = cluster_snapshot(house.cluster, viewer=viewer, now=house.now)["banner"]
            assert [line["text"] for line in lines] == ["Ein Ladepunkt ist gestört."]
            assert "SECRET" not in json.dumps(lines)
            assert lines[0].keys() == {"id", "text", "plain", "count", "since"}


def test_acknowledged_alarm_says_so_and_decisions_are_no_danger(house: House) -> None:
    house.ran()
    house.connector("A-01", overdraw_ma=20_000, overdrawn_since=house.now)
    judged(house)
    Alarm.objects.update(acknowledged_at=house.now)
    [line] = cluster_snapshot(house.cluster, viewer=house.manager(), now=house.now)["banner"]
    assert line["acknowledged"] is True


def test_banner_is_empty_where_all_is_well(house: House) -> None:
    house.ran()
    house.connector("A-01")
    judged(house)
    assert cluster_snapshot(house.cluster, viewer=house.manager(), now=house.now)["banner"] == []
