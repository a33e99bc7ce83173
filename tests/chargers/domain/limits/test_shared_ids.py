"""Profiles under ids that connectors shared: counted until they are cleared, cleared when nothing relies on them (E21)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.limits.shared_ids import clear_shared, is_own_clearing, keep_doubts, note_own_clearing
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.exposure import Exposure, Span
from chargers.models import ChargePoint, ChargerCommand, Connector
from tests.factories.chargers import ChargePointFactory, ConnectorFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPANS = st.lists(st.builds(Span, st.integers(0, 32_000), st.floats(0, 1e9)), max_size=4)


@given(before=SPANS, after=SPANS)
def test_no_doubt_is_lost_by_an_answer_and_none_is_invented(before, after):
    kept = keep_doubts(
        Exposure(nameplate_ma=32_000, in_doubt=tuple(after)),
        Exposure(nameplate_ma=32_000, in_doubt=tuple(before)),
    )
    assert set(kept.in_doubt) == {*before, *after}
    assert kept.in_doubt[: len(after)] == tuple(after)


@pytest.fixture
def charge_point(db) -> ChargePoint:
    return ChargePointFactory(ocpp_version=OcppVersion.V16, shares_profile_ids=True)


def connector(charge_point, number=1, **more) -> Connector:
    known = {"confirmed_ma": 16_000, "fallback_ma": 6_000, "fallback_confirmed_at": NOW}
    return ConnectorFactory(charge_point=charge_point, number=number, **{**known, **more})


def default_of(connector: Connector) -> None:
    ChargerCommand.objects.create(
        community=connector.community,
        charge_point=connector.charge_point,
        connector=connector,
        kind=CommandKind.SET_FALLBACK,
        state=CommandState.ACCEPTED,
        idempotency_key=str(connector.pk),
        requested_by="x",
        queued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )


def clear(charge_point, *, after_s: float = 0) -> list[tuple[int, bool]]:
    """The numbers that are to be cleared by now, and whether each is the last."""
    clear_shared(charge_point, now=NOW + timedelta(seconds=after_s))
    rows = ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).order_by("pk")
    return [(row.arguments["profile_number"], row.arguments["is_last"]) for row in rows]


def shares(charge_point) -> bool:
    charge_point.refresh_from_db()
    return charge_point.shares_profile_ids


def test_where_nothing_runs_nothing_can_stand_under_them(charge_point):
    connector(charge_point)
    assert (clear(charge_point), shares(charge_point)) == ([], False)


def test_limits_are_cleared_when_each_is_confirmed_under_its_own(charge_point):
    connector(charge_point, in_transaction=True)
    doubtful = connector(charge_point, 2, in_transaction=True, confirmed_ma=None, doubts=[[9_000, None]])
    assert (clear(charge_point), shares(charge_point)) == ([], True)
    Connector.objects.filter(pk=doubtful.pk).update(confirmed_ma=9_000)
    assert (clear(charge_point), shares(charge_point)) == ([(1, True)], True)


def test_connector_that_obeys_nothing_is_not_waited_for(charge_point):
    silent = {"confirmed_ma": None, "doubts": [[9_000, None]], "uncontrollable_since": NOW}
    connector(charge_point, in_transaction=True, **silent)
    assert clear(charge_point) == [(1, True)]


def test_defaults_of_each_are_cleared_last_and_only_when_they_are_confirmed(charge_point):
    default_of(connector(charge_point))
    waiting = connector(charge_point, 2, fallback_confirmed_at=None)
    assert clear(charge_point) == []
    Connector.objects.filter(pk=waiting.pk).update(fallback_confirmed_at=NOW)
    assert clear(charge_point) == [(1, False), (2, True)]


def test_clearing_is_asked_for_once_in_half_a_minute(charge_point):
    connector(charge_point, in_transaction=True)
    assert [len(clear(charge_point, after_s=after_s)) for after_s in (0, 10, 29, 31)] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("state", "is_last", "still"),
    [
        (CommandState.ACCEPTED, True, False),
        (CommandState.REJECTED, True, False),
        (CommandState.ERROR, True, False),
        (CommandState.UNKNOWN, True, True),
        (CommandState.EXPIRED, True, True),
        (CommandState.ACCEPTED, False, True),
    ],
)
def test_only_an_answer_to_the_last_ends_it(charge_point, state, is_last, still):
    command = ChargerCommand(
        charge_point=charge_point,
        kind=CommandKind.CLEAR_LIMITS,
        state=state,
        arguments={"profile_number": 1, "is_last": is_last},
    )
    note_own_clearing(command)
    assert shares(charge_point) is still


def test_what_a_person_clears_is_no_tidying_of_ours():
    def is_ours(**arguments):
        return is_own_clearing(ChargerCommand(kind=CommandKind.CLEAR_LIMITS, arguments=arguments))

    assert not is_ours(profile_number=1)
    assert is_ours(profile_number=1, is_last=False)
