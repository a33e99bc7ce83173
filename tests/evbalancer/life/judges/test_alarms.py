import time
from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus
from chargers.models import Connector
from chargers.simulator.station import Station
from evbalancer.life.judges.alarms import Alarms
from grid.models import TemporaryLimit
from scheduling.enums import AlarmKind
from scheduling.models import Alarm


@pytest.fixture
def row(first):
    return Connector.objects.select_related("charge_point").get(charge_point__identity=first.spec.id)


@pytest.fixture
def whole(monkeypatch):
    """All charge points are there, or those that are named are not."""
    away = set()
    monkeypatch.setattr(Station, "online", property(lambda each: each.spec.id not in away))
    return away


@pytest.fixture
def raise_alarm(world):
    def raised(kind, about, *, ago=timedelta(0), ended=None):
        now = datetime.now(UTC)
        return Alarm.objects.create(
            community_id=world.place.cluster.community_id, cluster=world.place.cluster, kind=kind, about=about,
            began_at=now - ago, seen_at=now - ago, kept_at=now, raised_at=now - ago, ended_at=ended,
        )  # fmt: skip

    return raised


@pytest.fixture
def look(bench, monkeypatch):
    """What the judge says at its looks, each so many seconds after the first."""
    judge, said = bench(Alarms)
    began_s = time.monotonic()

    def look_at(*moments_s):
        for moment_s in moments_s:
            monkeypatch.setattr(time, "monotonic", lambda moment_s=moment_s: began_s + moment_s)
            judge.see_minute()
        return [each.sentence for each in said]

    return look_at


def test_nothing_is_said_of_a_place_where_all_is_well(look, whole):
    assert look(0, 900, 1_800) == []


def test_charge_point_that_is_away_for_minutes_has_to_be_an_alarm(look, whole, first):
    whole.add(first.spec.id)
    assert look(0, 599) == []
    assert look(601, 700) == [f"{first.spec.id} is away for minutes, and there is no alarm"]


@pytest.mark.parametrize("of_circuit", [False, True])
def test_alarm_of_it_or_of_its_circuit_is_enough(look, whole, world, first, row, raise_alarm, of_circuit):
    whole.add(first.spec.id)
    if of_circuit:
        whole.update(each.spec.id for each in world.stations if each.spec.circuit == first.spec.circuit)
        raise_alarm(AlarmKind.CIRCUIT_GONE, f"circuit:{world.place.circuits[first.spec.circuit]}")
    else:
        raise_alarm(AlarmKind.OFFLINE, f"charge_point:{row.charge_point_id}")
    assert look(0, 601) == []


def test_time_in_which_the_server_was_ill_counts_for_nothing(look, whole, world, first):
    whole.add(first.spec.id)
    world.server_whole_since_s = time.monotonic() + 300
    assert look(0, 700) == []
    assert len(look(901)) == 1


def test_line_that_came_and_went_between_two_looks_begins_again(look, whole, first):
    whole.add(first.spec.id)
    assert look(0, 500) == []
    first.link.handshakes += 1
    assert look(550, 1_100) == []
    assert len(look(1_151)) == 1


@pytest.mark.parametrize("status", [ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED])
def test_nobody_has_to_hear_that_what_is_out_of_service_is_away(look, whole, first, status):
    whole.add(first.spec.id)
    Connector.objects.filter(charge_point__identity=first.spec.id).update(status=status)
    assert look(0, 700) == []


@pytest.mark.parametrize("kind", [AlarmKind.OFFLINE, AlarmKind.OVERDRAW, AlarmKind.LIMIT_REFUSED])
def test_alarm_about_a_charge_point_that_does_as_it_should_has_no_cause(
    look, whole, first, row, raise_alarm, kind
):
    raise_alarm(kind, f"charge_point:{row.charge_point_id}")
    assert look(0, 200) == []
    assert look(1_201, 1_300) == [f"there is an alarm {kind} about {first.spec.id} without a cause"]


def test_alarm_that_came_and_went_between_two_looks_is_seen(look, whole, row, raise_alarm):
    assert look(0) == []
    ago = timedelta(seconds=50)
    raise_alarm(AlarmKind.OFFLINE, f"charge_point:{row.charge_point_id}", ago=ago, ended=datetime.now(UTC))
    assert len(look(241)) == 1


def test_limit_that_was_refused_lately_is_a_cause(look, whole, first, row, raise_alarm):
    first.faults.profile_answer = "Rejected"
    assert look(0) == []
    first.faults.profile_answer = ""
    raise_alarm(AlarmKind.LIMIT_REFUSED, f"connector:{row.pk}")
    assert look(60, 600) == []
    assert len(look(1_261)) == 1


def test_fault_has_to_be_an_alarm_while_it_lasts_and_none_after_it(look, whole, first, row, raise_alarm):
    first.connectors[1].error_code = "GroundFailure"
    assert look(0, 400) == [], "what was not told is no alarm"
    Connector.objects.filter(pk=row.pk).update(status=ConnectorStatus.FAULTED)
    assert look(460) == []
    assert look(701) == [f"{row.pk} is faulted for minutes, and there is no alarm"]
    raise_alarm(AlarmKind.FAULTED, f"connector:{row.pk}")
    first.connectors[1].error_code = "NoError"
    Connector.objects.filter(pk=row.pk).update(status=ConnectorStatus.AVAILABLE)
    assert len(look(720, 900)) == 1
    assert look(961)[1:] == [f"there is an alarm faulted about {first.spec.id} without a cause"]


def test_meter_that_is_silent_has_to_be_an_alarm_until_it_speaks(look, whole, world, raise_alarm):
    world.meters_spoke_at_s["Panel A"] = time.monotonic()
    assert look(0, 61, 300) == []
    assert look(362) == ["Panel A is silent for minutes, and there is no alarm"]
    raise_alarm(AlarmKind.METER_SILENT, f"circuit:{world.place.circuits['Panel A']}")
    assert len(look(400)) == 1
    world.meters_spoke_at_s["Panel A"] = time.monotonic() + 10_000
    assert len(look(420, 650)) == 1
    assert len(look(661)) == 2


def test_limit_that_is_not_covered_has_to_be_an_alarm(look, whole, world, raise_alarm):
    now = datetime.now(UTC)
    limit = TemporaryLimit.objects.create(
        community=world.place.cluster.community, circuit_id=world.place.circuits["Panel A"], announced_at=now,
        effective_at=now, uncovered_ma=4_000, **{f"limit_l{phase}_ma": 25_000 for phase in (1, 2, 3)},
    )  # fmt: skip
    assert look(0, 200) == []
    assert len(look(241)) == 1
    raise_alarm(AlarmKind.NOT_COVERED, f"limit:{limit.pk}")
    TemporaryLimit.objects.filter(pk=limit.pk).update(uncovered_ma=0)
    assert len(look(300, 500)) == 1
    assert len(look(541)) == 2


def test_server_that_is_whole_balances(look, whole, world, raise_alarm):
    raise_alarm(AlarmKind.NOBODY_BALANCES, f"cluster:{world.place.cluster.pk}")
    world.server_whole_since_s = time.monotonic()
    assert look(0, 200) == []
    assert len(look(241)) == 1
