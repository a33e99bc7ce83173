"""Who balances a cluster, and who should because nobody does."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from scheduling.domain.balancing.attendance import Absence, clusters_to_stand_in_for, find_absences, note_run
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import Attendance, BalanceTrouble
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
US, THEM = "web-1 (process 7)", "web-2 (process 8)"


def ago(seconds: int) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.fixture
def cluster():
    return ClusterFactory()


def left_to(name: str) -> list[object]:
    return list(clusters_to_stand_in_for(stand_in=name, now=NOW))


def absent(cluster: object, *, now: datetime = NOW) -> list[Absence]:
    return find_absences([cluster.pk], now=now)


def test_every_run_is_noted_even_if_none_is_stored():
    cluster = CircuitFactory().cluster
    assert share_power(cluster.pk, now=NOW) is not None
    later = NOW + timedelta(seconds=3)
    assert share_power(cluster.pk, now=later) is None
    row = Attendance.objects.get()
    assert (row.regular_at, row.stood_in_at, row.at) == (later, None, later)
    latest = NOW + timedelta(seconds=6)
    share_power(cluster.pk, now=latest, stand_in=US)
    row.refresh_from_db()
    assert (row.regular_at, row.stood_in_at, row.stand_in, row.at) == (later, latest, US, latest)


@pytest.mark.parametrize(("seconds", "left"), [(0, False), (14, False), (15, True), (600, True)])
def test_cluster_is_left_alone_fifteen_seconds_after_its_last_regular_run(cluster, seconds, left):
    note_run(cluster, stand_in="", now=ago(seconds))
    assert left_to(US) == ([cluster] if left else [])


def test_cluster_that_nobody_ever_balanced_is_left_alone_unless_it_is_retired(cluster):
    ClusterFactory(retired_at=NOW)
    assert left_to(US) == [cluster]


def test_stand_in_goes_on_until_a_regular_run(cluster):
    note_run(cluster, stand_in="", now=ago(60))
    note_run(cluster, stand_in=US, now=ago(3))
    assert left_to(US) == [cluster]
    note_run(cluster, stand_in="", now=ago(1))
    assert left_to(US) == []


@pytest.mark.parametrize(("seconds", "left"), [(3, False), (9, False), (10, True)])
def test_another_process_takes_over_when_the_stand_in_has_gone(cluster, seconds, left):
    note_run(cluster, stand_in=THEM, now=ago(seconds))
    assert left_to(US) == ([cluster] if left else [])


def test_absence_names_the_stand_in_and_since_when_no_worker_balances(cluster):
    note_run(cluster, stand_in="", now=ago(50))
    note_run(cluster, stand_in=US, now=ago(3))
    assert absent(cluster) == [Absence(cluster.pk, since=ago(50), stand_in=US)]
    assert find_absences([uuid4()], now=NOW) == []


def test_absence_of_everybody_is_told_after_half_a_minute(cluster):
    note_run(cluster, stand_in="", now=ago(29))
    assert absent(cluster) == []
    assert absent(cluster, now=NOW + timedelta(seconds=1)) == [Absence(cluster.pk, since=ago(29))]


def test_absence_after_a_stand_in_has_gone_counts_from_its_last_run(cluster):
    note_run(cluster, stand_in="", now=ago(100))
    note_run(cluster, stand_in=US, now=ago(40))
    assert absent(cluster) == [Absence(cluster.pk, since=ago(40))]


def test_absence_of_a_cluster_that_nobody_ever_balanced_has_no_beginning(cluster):
    assert absent(cluster) == [Absence(cluster.pk, since=None)]


def test_longest_absence_comes_first(cluster):
    never, other = ClusterFactory(), ClusterFactory()
    note_run(cluster, stand_in="", now=ago(100))
    note_run(other, stand_in="", now=ago(200))
    found = find_absences([cluster.pk, never.pk, other.pk], now=NOW)
    assert [each.cluster_id for each in found] == [never.pk, other.pk, cluster.pk]


def test_run_that_could_not_be_recorded_was_one(cluster):
    BalanceTrouble.objects.create(
        community=cluster.community, cluster=cluster, step="record", error="Error", since=ago(90), at=ago(3)
    )
    assert absent(cluster) == []
    assert absent(cluster, now=NOW + timedelta(seconds=27)) == [Absence(cluster.pk, since=None)]
