from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chargers.domain.intake import Desk
from chargers.enums import SessionState
from chargers.models import Connector, Session
from chargers.reports.base import Source
from chargers.reports.charging import TokenReport
from fleet.models import Stay
from pricing.models import BillLine
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory
from tests.factories.fleet import VehicleFactory


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def stations(db):
    """Sockets of this many charge points, each with a driver who has a card."""

    def stations(count):
        found = []
        for number in range(count):
            station = ConnectorFactory(max_current_ma=32_000).charge_point
            driver = DriverFactory(community=station.community)
            IdTagFactory(driver=driver, token=f"Card{number}")
            socket = Source(station.pk, station.cluster_id, station.community_id, uuid4())
            found.append((socket, f"CARD{number}", driver))
        return found

    return stations


def test_many_starts_and_stops_are_each_of_their_own_driver(desk, stations, say, now):
    sockets = stations(5)
    cars = [VehicleFactory(driver=driver) for _, _, driver in sockets[:2]]
    starts = [replace(say.start(id_tag=tag), source=socket) for socket, tag, _ in sockets]
    outcomes = desk.take(starts)
    assert [outcome.status for outcome in outcomes] == ["Accepted"] * 5
    assert len({outcome.transaction_id for outcome in outcomes}) == 5
    begun = {session.transaction_id: session for session in Session.objects.all()}
    for outcome, (socket, _, driver) in zip(outcomes, sockets, strict=True):
        session = begun[outcome.transaction_id]
        assert (session.connector.charge_point_id, session.driver) == (socket.charge_point_id, driver)
        assert session.connector.in_transaction
    assert {session.vehicle for session in begun.values()} == {*cars, None}
    stops = [
        replace(say.stop(outcome.transaction_id, meter_wh=2_000 + at), source=socket)
        for at, (outcome, (socket, _, _)) in enumerate(zip(outcomes, sockets, strict=True))
    ]
    desk.take(stops)
    ended = Session.objects.order_by("transaction_id")
    assert [session.energy_wh for session in ended] == [1_000, 1_001, 1_002, 1_003, 1_004]
    assert {session.state for session in ended} == {SessionState.FINISHED}
    assert not Connector.objects.filter(in_transaction=True).exists()
    assert BillLine.objects.count() == Stay.objects.count() == 5


def test_unknown_card_and_unknown_connector_among_many(desk, stations, say):
    (first, tag, _), (second, _, _), (third, other_tag, _) = stations(3)
    outcomes = desk.take(
        [
            replace(say.start(id_tag=tag), source=first),
            replace(say.start(id_tag="Nobody's"), source=second),
            replace(say.start(id_tag=other_tag, number=7), source=third),
        ]
    )
    assert [outcome.status for outcome in outcomes] == ["Accepted", "Invalid", "Invalid"]
    assert [outcome.transaction_id > 0 for outcome in outcomes] == [True, True, False]


def test_two_sockets_of_one_charge_point_are_taken_one_after_the_other(desk, stations, say, now):
    ((socket, tag, _),) = stations(1)
    (first,) = desk.take([replace(say.start(id_tag=tag), source=socket)])
    newer = replace(socket, connection_id=uuid4())
    stop = replace(say.stop(first.transaction_id), source=socket)
    _, second = desk.take([stop, replace(say.start(now + timedelta(hours=2), id_tag=tag), source=newer)])
    states = dict(Session.objects.values_list("transaction_id", "state"))
    assert states[first.transaction_id] == SessionState.ENDED
    assert states[second.transaction_id] == SessionState.ACTIVE
    assert Connector.objects.get(charge_point=socket.charge_point_id).in_transaction


def test_many_cards_are_judged_in_one_query(desk, stations, say, now):
    shown = [
        TokenReport(source=socket, received_at=now, id_tag=f"  {tag.lower()}")
        for socket, tag, _ in stations(20)
    ]
    with CaptureQueriesContext(connection) as asked:
        outcomes = desk.take(shown)
    assert {outcome.status for outcome in outcomes} == {"Accepted"}
    assert sum('"drivers_idtag"' in query["sql"] for query in asked) == 1


@pytest.mark.parametrize(("kind", "most_each"), [("start", 3), ("stop", 2)])
def test_another_start_or_stop_costs_a_few_statements_more(desk, stations, say, now, kind, most_each):
    """A car that a driver shows a card for: its session, its stay's energy; all else is asked once for all."""
    counts = []
    for count in (5, 15):
        sockets = stations(count)
        reports = [replace(say.start(id_tag=tag), source=socket) for socket, tag, _ in sockets]
        if kind == "stop":
            numbers = [outcome.transaction_id for outcome in desk.take(reports)]
            reports = [
                replace(say.stop(number), source=socket)
                for number, (socket, _, _) in zip(numbers, sockets, strict=True)
            ]
        with CaptureQueriesContext(connection) as asked:
            desk.take(reports)
        # On SQLite rows of many connectors are written one by one.
        counts.append(sum('UPDATE "chargers_connector"' not in query["sql"] for query in asked))
    assert counts[1] - counts[0] <= most_each * 10
