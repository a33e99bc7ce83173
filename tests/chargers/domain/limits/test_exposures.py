"""What is known of a connector stands in its columns: a restart finds exactly the same again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.limits import exposures
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.exposure import ALWAYS_S, NEVER_S, Exposure, Piece, Span, Timing
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from grid.models import Cluster
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory, SessionFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_S = NOW.timestamp()
MOMENTS = st.integers(0, 4_000_000_000).map(float)
SPANS = st.builds(Span, st.integers(0, 80_000), MOMENTS | st.just(NEVER_S))
LATER = st.integers(int(NOW_S) + 1, 4_000_000_000).map(float)
PIECES = st.builds(
    Piece, st.integers(1, 80_000), st.just(ALWAYS_S), LATER, st.sampled_from([(0,), (1,), (2,), (0, 1, 2)])
)
EXPOSURES = st.builds(
    Exposure,
    nameplate_ma=st.just(32_000),
    wired=st.just((1, 2, 0)),
    fallback_ma=st.none() | st.integers(0, 32_000),
    contact_s=st.none() | MOMENTS,
    running=st.booleans(),
    fallback_from_s=MOMENTS | st.just(ALWAYS_S),
    confirmed=st.none() | SPANS,
    in_doubt=st.lists(SPANS, max_size=3).map(tuple),
    settling=st.lists(PIECES, max_size=3).map(tuple),
    overdraw_ma=st.none() | st.integers(1, 80_000),
    timing=st.just(Timing(settle_s=12, clock_error_s=Make().clock_error_s)),
)


def unsaved(**changes) -> Connector:
    station = ChargePoint(cluster=Cluster(settle_s=12), connected_at=NOW)
    return Connector(charge_point=station, max_current_ma=32_000, phase_rotation="STR", **changes)


@examples(100)
@given(exposure=EXPOSURES)
def test_exposure_is_read_back_as_it_was_written(exposure):
    connector = unsaved()
    exposures.write_exposure(connector, exposure, now=NOW)
    assert exposures.read_exposure(connector) == exposure
    assert tuple(connector.reservation_ma) == exposure.worst(NOW_S)


@pytest.mark.django_db
def test_columns_bring_every_fact_through_the_database():
    connector = ConnectorFactory(max_current_ma=32_000, charge_point__connected_at=NOW)
    exposure = replace(
        exposures.read_exposure(connector),
        fallback_ma=6_000, contact_s=NOW_S - 5, running=True, fallback_from_s=NOW_S + 60,
        confirmed=Span(16_000, NOW_S + 120), in_doubt=(Span(10_000, NOW_S + 30), Span(12_000)),
        settling=(Piece(20_000, ALWAYS_S, NOW_S + 12, (1,)),), overdraw_ma=17_500,
    )  # fmt: skip
    exposures.write_exposure(connector, exposure, now=NOW)
    connector.save(update_fields=exposures.FIELDS)
    (locked,) = exposures.lock_connectors(pk=connector.pk)
    assert exposures.read_exposure(locked) == exposure
    assert (locked.in_doubt_ma, locked.settling_ma, locked.sent_ma) == (12_000, 20_000, None)
    assert locked.settled_at == NOW + timedelta(seconds=12)


def test_what_has_settled_is_not_written_any_more():
    connector = unsaved()
    over, lingers = Piece(9_000, ALWAYS_S, NOW_S, (0,)), Piece(8_000, ALWAYS_S, NOW_S + 1, (0,))
    exposure = replace(exposures.read_exposure(connector), fallback_ma=0, settling=(over, lingers))
    exposures.write_exposure(connector, exposure, now=NOW)
    assert exposures.read_exposure(connector).settling == (lingers,)


def test_make_is_believed_only_what_it_has_shown():
    connector = unsaved(fallback_wait_s=300)
    assert (exposures.read_exposure(connector).wait_s, exposures.read_exposure(connector).lapses) == (0, None)
    make = connector.charge_point.make = Make(honours_duration=False, clock_error_s=7)
    assert (exposures.read_exposure(connector).wait_s, exposures.read_exposure(connector).lapses) == (
        0,
        False,
    )
    make.honours_relative = True
    assert exposures.read_exposure(connector).wait_s == 300
    for skew_s in (-40, 40):
        connector.charge_point.clock_skew_s = skew_s
        assert exposures.read_exposure(connector).timing.clock_error_s == 47


def test_phases_of_the_car_and_its_open_commands_come_from_outside():
    exposure = exposures.read_exposure(unsaved(), phases_seen="TR", open_spans=(Span(9_000),))
    assert (exposure.phases, exposure.wired, exposure.open) == ((2, 0), (1, 2, 0), (Span(9_000),))


@pytest.mark.django_db
def test_open_spans_are_limits_that_are_queued_or_sent_the_oldest_first(django_assert_num_queries):
    first, second, none = ConnectorFactory.create_batch(3)

    def limit(connector, after_s, limit_ma, **changes):
        at = NOW + timedelta(seconds=after_s)
        values = {
            "community": connector.community, "charge_point": connector.charge_point, "connector": connector,
            "kind": CommandKind.SET_LIMIT, "state": CommandState.QUEUED, "limit_ma": limit_ma, "queued_at": at,
            "expires_at": at + timedelta(minutes=1), "idempotency_key": uuid4().hex,
        }  # fmt: skip
        ChargerCommand.objects.create(**(values | changes))

    limit(first, 5, 8_000, ends_at=NOW)
    limit(first, 1, 16_000, state=CommandState.SENT)
    limit(first, 2, 9_000, state=CommandState.ACCEPTED)
    limit(first, 3, 9_000, kind=CommandKind.SET_FALLBACK)
    limit(second, 0, 0)
    with django_assert_num_queries(1):
        spans = exposures.open_spans([first.pk, second.pk, none.pk])
    assert spans == {first.pk: (Span(16_000), Span(8_000, NOW_S)), second.pk: (Span(0),)}


@pytest.mark.django_db
def test_phases_are_those_of_running_cars():
    running, over = ConnectorFactory.create_batch(2)
    SessionFactory(
        connector=running, plugged_at=NOW, started_at=NOW, state=SessionState.ACTIVE, phases_seen="S"
    )
    SessionFactory(connector=over, plugged_at=NOW, state=SessionState.FINISHED, phases_seen="R")
    assert exposures.phases_seen_on([running.pk, over.pk]) == {running.pk: "S"}
    assert (exposures.phases_seen(running), exposures.phases_seen(over)) == ("S", "")
