from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.errors import InvalidInput, StateMoved
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.said import Said
from grid.domain import limits
from grid.domain.audit import SYSTEM, Actor
from grid.models import AuditEntry, Circuit, TemporaryLimit
from tests.factories.drivers import UserFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOTICE = timedelta(seconds=45)


@pytest.fixture
def circuit():
    return CircuitFactory()


def impose(circuit, now=NOW, **fields):
    given = {"pct": 50} if "limit_ma" not in fields else {}
    return limits.impose_limit(circuit, reason="Heat", actor=SYSTEM, now=now, **(given | fields))


def test_limit_is_open_from_its_announcement_to_its_end(circuit):
    imposed = impose(circuit, until=NOW + HOUR)
    moments = [NOW - MINUTE, NOW, NOW + HOUR - MINUTE, NOW + HOUR]
    found = [limits.open_limits(circuit.cluster, now=moment) for moment in moments]
    assert found == [[], [imposed], [imposed], []]


def test_limits_of_other_clusters_and_lifted_ones_are_not_open(circuit):
    impose(CircuitFactory())
    limits.lift_limit(impose(circuit), actor=SYSTEM, now=NOW)
    assert limits.open_limits(circuit.cluster, now=NOW + MINUTE) == []


def test_limit_of_a_circuit_that_was_retired_since_is_not_open(circuit):
    impose(circuit)
    Circuit.objects.update(retired_at=NOW)
    assert limits.open_limits(circuit.cluster, now=NOW) == []


def test_lowest_of_all_limits_counts_on_each_phase_at_once(circuit):
    imposed = [
        impose(circuit, limit_ma=PhaseMilliamps(40_000, 10_000, 48_000)),
        impose(circuit, limit_ma=PhaseMilliamps(20_000, 30_000, 48_000), until=NOW + HOUR),
        impose(CircuitFactory(), pct=0),
    ]
    assert limits.aimed_limits_ma([circuit], imposed) == {circuit.pk: (20_000, 10_000, 48_000)}


def test_announced_limit_judges_nobody_before_its_notice_is_over(circuit):
    imposed = [impose(circuit, pct=25)]
    moments = (NOW + NOTICE - timedelta(seconds=1), NOW + NOTICE)
    assert [limits.limit_in_force_ma(circuit, imposed, now=moment) for moment in moments] == [
        (48_000, 48_000, 48_000),
        (12_000, 12_000, 12_000),
    ]


@pytest.mark.parametrize(("pct", "limit_ma"), [(0, 0), (33, 15_840), (100, 48_000)])
def test_percentage_is_of_the_permanent_limit(circuit, pct, limit_ma):
    assert impose(circuit, pct=pct).limit_ma == (limit_ma,) * 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"pct": None}, "limit"),
        ({"pct": 50, "limit_ma": PhaseMilliamps(1, 1, 1)}, "limit"),
        ({"pct": -1}, "pct"),
        ({"pct": 101}, "pct"),
        ({"pct": None, "limit_ma": PhaseMilliamps(1, 1, 48_001)}, "limit_ma"),
        ({"pct": None, "limit_ma": PhaseMilliamps(-1, 1, 1)}, "limit_ma"),
        ({"until": NOW + NOTICE}, "until"),
        ({"until": NOW + limits.LONGEST + MINUTE}, "until"),
    ],
)
def test_limit_that_makes_no_sense_is_refused_and_not_stored(circuit, fields, field):
    given = {"reason": "Heat", "pct": 50} | fields
    with pytest.raises(InvalidInput) as refused:
        limits.impose_limit(circuit, actor=SYSTEM, now=NOW, **given)
    assert refused.value.field == field
    assert not TemporaryLimit.objects.exists()
    assert not AuditEntry.objects.exists()


def test_limit_by_a_person_keeps_who_it_was_and_their_words(circuit):
    user = UserFactory()
    imposed = limits.impose_limit(
        circuit, reason="  Heat  ", pct=50, actor=Actor.of_user(user), now=NOW, until=NOW + HOUR
    )
    assert (imposed.imposed_by_id, imposed.reason, imposed.reason_said) == (user.pk, "Heat", None)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_label, entry.reason) == ("limit.imposed", user.username, "Heat")
    assert entry.before == {"limit_ma": [48_000] * 3}
    assert (entry.after["limit_ma"], entry.after["uncovered_ma"]) == ([24_000] * 3, 0)


def test_limit_by_the_system_keeps_a_code_that_is_read_in_every_language(circuit):
    said = Said.in_words("Grid")
    imposed = limits.impose_limit(circuit, reason=said, pct=50, actor=SYSTEM, now=NOW)
    imposed.refresh_from_db()
    assert (imposed.imposed_by_id, imposed.reason, imposed.reason_said) == (None, "", said)
    assert AuditEntry.objects.get().reason == "Grid"


def test_limit_is_lifted_once_and_not_after_its_end(circuit):
    imposed, over = impose(circuit), impose(circuit, until=NOW + HOUR)
    limits.lift_limit(imposed, actor=SYSTEM, now=NOW + MINUTE, reason="Cooler")
    for limit, now in ((imposed, NOW + 2 * MINUTE), (over, NOW + HOUR)):
        with pytest.raises(StateMoved):
            limits.lift_limit(limit, actor=SYSTEM, now=now)
    cancelled = TemporaryLimit.objects.order_by("until").values_list("cancelled_at", flat=True)
    assert set(cancelled) == {NOW + MINUTE, None}
    entry = AuditEntry.objects.get(action="limit.lifted")
    assert (entry.after, entry.reason) == ({"limit_ma": [48_000] * 3}, "Cooler")


def test_cover_is_noted_where_it_changed(circuit, django_assert_num_queries):
    imposed = impose(circuit)
    later = NOW + 2 * MINUTE
    limits.note_cover(imposed, effective_at=later, uncovered_ma=6_000)
    with django_assert_num_queries(0):
        limits.note_cover(imposed, effective_at=later, uncovered_ma=6_000)
    imposed.refresh_from_db()
    assert (imposed.effective_at, imposed.uncovered_ma) == (later, 6_000)


def test_change_of_the_permanent_limit_bounds_what_may_be_imposed_next(circuit):
    Circuit.objects.update(limit_l1_ma=10_000)
    circuit.refresh_from_db()
    assert impose(circuit, pct=50).limit_ma == (5_000, 24_000, 24_000)
