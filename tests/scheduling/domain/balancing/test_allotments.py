from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from drivers.enums import AuthorizationStatus
from evbalancer.common.beside import Beside
from grid.models import Cluster
from scheduling import solver
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.allotments import News, store_allotments
from scheduling.domain.balancing.gate import Move
from scheduling.models import Allotment
from scheduling.solver import Reason, ReasonKind
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def built() -> site.Built:
    """B1 charges; nobody is at the other nine."""
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1), connected_at=NOW)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    connector = connector_of("B1")
    Session.objects.create(
        community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE,
        state_since=NOW, plugged_at=NOW, started_at=NOW, transaction_id=1,
    )  # fmt: skip
    return built


def connector_of(identity: str) -> Connector:
    return Connector.objects.get(charge_point__identity=identity)


def row_of(identity: str) -> Allotment:
    return Allotment.objects.get(connector__charge_point__identity=identity)


def store(
    built: site.Built,
    decision: Reason | None,
    *,
    wanted_ma: int = 0,
    sent_ma: int | None = None,
    after: timedelta = timedelta(),
) -> News:
    cluster = Cluster.objects.select_related("community").get(pk=built.cluster.pk)
    seen = situation.read_situation(cluster, now=NOW + after, beside=Beside(cluster))
    pk = connector_of("B1").pk
    decided = {str(pk): solver.Allotment(str(pk), wanted_ma, 0.0, decision)} if decision else {}
    moves = [Move(pk, sent_ma, NOW.timestamp() + 120, "test")] if sent_ma is not None else []
    return store_allotments(seen, decided, moves)


def test_every_connector_has_a_row_with_the_reason_of_its_own(built: site.Built) -> None:
    ChargePoint.objects.filter(identity="A1").update(connected_at=None, online_until=None)
    ChargePoint.objects.filter(identity="A2").update(online_until=NOW - MINUTE)
    Connector.objects.filter(charge_point__identity="A3").update(uncontrollable_since=NOW)
    Connector.objects.filter(charge_point__identity="A4").update(fallback_ma=None, fallback_confirmed_at=None)
    assert store(built, Reason(ReasonKind.CAR_MAX), wanted_ma=16_000, sent_ma=16_000) == (True, True)
    reasons = dict(Allotment.objects.values_list("connector__charge_point__identity", "reason"))
    special = {"A1": "planned", "A2": "offline", "A3": "not_obeying", "A4": "unmanaged", "B1": "car_max"}
    assert reasons == {identity: "idle" for identity, *_ in site.PLACES} | special


def test_fact_beside_a_decision_is_news_for_screens_alone(built: site.Built) -> None:
    """When it changes next is a fact of the minute; what bounds it is a decision."""
    root = str(built.transformer.pk)

    def waiting(phase: int, change_s: int) -> News:
        return store(
            built,
            Reason(ReasonKind.WAITING_TURN, root, phase, change_s=change_s),
            wanted_ma=6_000,
            sent_ma=6_000,
        )

    assert waiting(1, 600) == (True, True)
    assert waiting(1, 900) == (True, False)
    assert waiting(2, 900) == (True, True)
    assert waiting(2, 900) == (False, False)


def test_car_whose_card_was_refused_is_said_so(built: site.Built) -> None:
    Session.objects.update(verdict=AuthorizationStatus.BLOCKED)
    store(built, Reason(ReasonKind.CAR_MAX), wanted_ma=16_000)
    assert (row_of("B1").reason, row_of("B1").wanted_ma) == ("refused", 16_000)


def test_nothing_is_written_where_nothing_new_is_said(built: site.Built) -> None:
    reason = Reason(ReasonKind.CAR_MAX)
    assert store(built, reason, wanted_ma=16_000, sent_ma=16_000) == (True, True)
    was = row_of("B1")
    assert store(built, reason, wanted_ma=16_000, sent_ma=16_000, after=MINUTE) == (False, False)
    assert row_of("B1").at == was.at


def test_clock_of_turns_begins_with_running_and_pausing_and_not_with_a_height(built: site.Built) -> None:
    reason, seen = Reason(ReasonKind.CAR_MAX), []
    for minutes, sent_ma in enumerate((10_000, 16_000, 0, 6_000)):
        store(built, reason, wanted_ma=sent_ma, sent_ma=sent_ma, after=minutes * MINUTE)
        row = row_of("B1")
        seen.append((row.running, row.starts, (row.since - NOW) // MINUTE))
    assert seen == [(True, 1, 0), (True, 1, 0), (False, 1, 2), (True, 2, 3)]


def test_full_circuit_is_named_with_what_is_kept_on_it_for_spaces_out_of_reach(built: site.Built) -> None:
    ChargePoint.objects.filter(identity="B2").update(online_until=NOW - MINUTE)
    Connector.objects.filter(charge_point__identity="B2").update(fallback_ma=7_000)
    root = str(built.transformer.pk)
    store(built, Reason(ReasonKind.CIRCUIT_FULL, root, 1, 3), wanted_ma=9_000, sent_ma=9_000)
    facts = row_of("B1").facts
    assert (facts["circuit"], facts["circuit_id"], facts["phase"], facts["sharing"]) == (
        "Transformer",
        root,
        1,
        3,
    )
    # B2 is wired to L2.
    assert (facts["absent"], facts["absent_ma"], facts["rising_to_ma"]) == (1, 7_000, None)
    store(built, Reason(ReasonKind.CIRCUIT_FULL, root, 0, 3), wanted_ma=9_000, sent_ma=9_000)
    assert "absent" not in row_of("B1").facts


def test_raise_that_waits_for_others_is_announced_and_a_change_in_whole_minutes(built: site.Built) -> None:
    store(built, Reason(ReasonKind.WAITING_TURN, change_s=600), wanted_ma=16_000, sent_ma=6_000)
    row = row_of("B1")
    assert row.facts["rising_to_ma"] == 16_000
    assert row.next_change_at == datetime(2026, 3, 2, 18, 10, tzinfo=UTC)
    assert row.facts["next_change_at"] == "2026-03-02T18:10:00+00:00"
