"""Alarms begin, are raised and end with their causes, whoever judges and how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from evbalancer.common.errors import InvalidInput, StateMoved
from evbalancer.common.words.said import Said
from grid.models import AuditEntry
from scheduling.domain.alarms import ledger
from scheduling.domain.alarms.causes import Cause
from scheduling.domain.alarms.kinds import OFFLINE_FOR, RULES
from scheduling.enums import AlarmKind
from scheduling.models import Alarm
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.examples import examples
from tests.factories.drivers import manager_of

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
KINDS = frozenset({AlarmKind.OFFLINE, AlarmKind.OVERDRAW})
VISIT = timedelta(seconds=20)


def cause(name: str = "A-01", kind: AlarmKind = AlarmKind.OFFLINE, *, since: datetime = NOW) -> Cause:
    facts = {"charge_point": name, "since_at": NOW.isoformat()}
    return Cause(kind, f"charge_point:{name}", name, Said("alarm.offline", facts), since)


def settle(house: House, causes: list[Cause], *, after: timedelta = timedelta(0)) -> None:
    ledger.settle_alarms(KINDS, causes, cluster=house.cluster, now=NOW + after)


def visits(house: House, causes: list[Cause], *, since: timedelta, until: timedelta) -> None:
    while since <= until:
        settle(house, causes, after=since)
        since += VISIT


def open_names(**filters: object) -> list[str]:
    return sorted(Alarm.objects.filter(ended_at=None, **filters).values_list("name", flat=True))


def test_alarm_is_raised_when_its_cause_has_lasted(house: House) -> None:
    visits(house, [cause()], since=timedelta(0), until=OFFLINE_FOR - VISIT)
    assert open_names(raised_at=None) == ["A-01"]
    settle(house, [cause()], after=OFFLINE_FOR)
    alarm = Alarm.objects.get()
    assert (alarm.raised_at, alarm.began_at, alarm.community) == (
        NOW + OFFLINE_FOR,
        NOW,
        house.cluster.community,
    )


def test_cause_that_goes_before_leaves_nothing(house: House) -> None:
    visits(house, [cause()], since=timedelta(0), until=OFFLINE_FOR - VISIT)
    settle(house, [], after=OFFLINE_FOR)
    assert not Alarm.objects.exists()


def test_flapping_neither_raises_nor_ends(house: House) -> None:
    for number in range(40):
        settle(house, [cause()] if number % 3 else [], after=number * VISIT)
    assert not Alarm.objects.filter(raised_at__isnull=False).exists()
    visits(house, [cause()], since=timedelta(hours=1), until=timedelta(hours=1) + OFFLINE_FOR)
    for number in range(40):
        settle(
            house, [cause()] if number % 2 else [], after=timedelta(hours=1) + OFFLINE_FOR + number * VISIT
        )
    assert Alarm.objects.get(raised_at__isnull=False).ended_at is None


def test_delay_begins_again_after_a_time_in_which_nobody_judged(house: House) -> None:
    settle(house, [cause()])
    settle(house, [cause()], after=timedelta(hours=2))
    assert open_names(raised_at=None) == ["A-01"]


def test_alarm_ends_when_its_cause_is_gone_for_long_enough(house: House) -> None:
    over = cause(kind=AlarmKind.OVERDRAW)
    settle(house, [over])
    settle(house, [], after=VISIT)
    assert open_names() == ["A-01"]
    settle(house, [], after=3 * VISIT)
    assert Alarm.objects.get().ended_at == NOW + 3 * VISIT
    # The next one is another alarm.
    settle(house, [over], after=4 * VISIT)
    assert Alarm.objects.count() == 2


def test_judge_ends_nothing_of_other_kinds_and_clusters(house: House) -> None:
    settle(house, [cause(kind=AlarmKind.OVERDRAW)])
    other = make_house(name="Other")
    ledger.settle_alarms(KINDS, [], cluster=other.cluster, now=NOW + timedelta(hours=1))
    ledger.settle_alarms(KINDS, [], cluster=None, now=NOW + timedelta(hours=1))
    ledger.settle_alarms({AlarmKind.DISK}, [], cluster=house.cluster, now=NOW + timedelta(hours=1))
    assert open_names() == ["A-01"]


def test_number_of_queries_does_not_grow_with_the_alarms(house: House) -> None:
    def count(names: range, *, after: timedelta) -> int:
        with CaptureQueriesContext(connection) as queries:
            settle(house, [cause(f"B-{number}", AlarmKind.OVERDRAW) for number in names], after=after)
        return len(queries)

    assert count(range(1), after=VISIT) == count(range(1, 30), after=3 * VISIT)


@pytest.mark.property
@pytest.mark.promise("R13")
@examples(40, suppress=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(["A", "B", "C"])), st.integers(1, 400), st.integers(1, 3)),
        min_size=1,
        max_size=12,
    )
)
def test_judging_is_idempotent_and_nothing_stays_open_without_its_cause(db, steps) -> None:
    """At each visit some causes are there, and it is made one to three times at once."""
    house = make_house()
    after = timedelta(0)
    for names, wait_s, times in steps:
        after += timedelta(seconds=wait_s)
        causes = [cause(name, AlarmKind.OVERDRAW) for name in sorted(names)]
        settle(house, causes, after=after)
        first = list(Alarm.objects.filter(cluster=house.cluster).order_by("pk").values())
        for _ in range(times - 1):
            settle(house, causes, after=after)
        assert list(Alarm.objects.filter(cluster=house.cluster).order_by("pk").values()) == first
        mine = Alarm.objects.filter(cluster=house.cluster, ended_at=None, raised_at__isnull=False)
        assert names <= set(mine.values_list("name", flat=True))
        for alarm in mine.exclude(name__in=names):
            assert NOW + after - alarm.kept_at < RULES[AlarmKind.OVERDRAW].end_after
    for wait_s in (0, 60):
        settle(house, [], after=after + timedelta(seconds=wait_s))
    assert not Alarm.objects.filter(cluster=house.cluster, ended_at=None).exists()
    Alarm.objects.filter(cluster=house.cluster).delete()


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_at_once_raise_and_end_each_alarm_once() -> None:
    house = make_house()
    causes = [cause(f"A-{number:02}", AlarmKind.OVERDRAW) for number in range(5)]

    def both(found: list[Cause], after: timedelta) -> None:
        def run(_: int) -> None:
            try:
                settle(house, found, after=after)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, range(2)))

    both(causes, timedelta(0))
    assert Alarm.objects.filter(raised_at=NOW, ended_at=None).count() == Alarm.objects.count() == 5
    both([], timedelta(minutes=5))
    assert Alarm.objects.filter(ended_at=NOW + timedelta(minutes=5)).count() == Alarm.objects.count() == 5


def test_acknowledgement_is_audited_and_given_once(house: House) -> None:
    settle(house, [cause(kind=AlarmKind.OVERDRAW)])
    alarm, manager = Alarm.objects.get(), manager_of(house.cluster.community)
    with pytest.raises(InvalidInput):
        ledger.acknowledge_alarm(alarm, by=manager, note=" ", now=NOW)
    done = ledger.acknowledge_alarm(alarm, by=manager, note="The electrician comes", now=NOW)
    assert (done.acknowledged_by, done.note, done.ended_at) == (manager, "The electrician comes", None)
    entry = AuditEntry.objects.get(action="alarm.acknowledged")
    assert (entry.reason, entry.community) == ("The electrician comes", house.cluster.community)
    with pytest.raises(StateMoved):
        ledger.acknowledge_alarm(alarm, by=manager, note="Twice", now=NOW)


def test_pending_alarm_can_not_be_acknowledged(house: House) -> None:
    settle(house, [cause()])
    with pytest.raises(StateMoved):
        ledger.acknowledge_alarm(
            Alarm.objects.get(), by=manager_of(house.cluster.community), note="x", now=NOW
        )


def test_alarms_of_a_cluster_that_is_no_longer_in_use_end(house: House) -> None:
    settle(house, [cause(), cause("A-02", AlarmKind.OVERDRAW)])
    ledger.end_orphans(now=NOW)
    assert open_names() == ["A-01", "A-02"]
    house.cluster.retired_at = NOW
    house.cluster.save()
    ledger.end_orphans(now=NOW)
    assert (open_names(), Alarm.objects.get().name) == ([], "A-02")
