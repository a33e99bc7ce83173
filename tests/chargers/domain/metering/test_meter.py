from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chargers.domain.metering import meter
from chargers.domain.metering.meter_book import MeterBook
from chargers.domain.sessions import sessions
from chargers.enums import PhaseRotation, SessionState
from chargers.models import MeterValue, OrphanMessage, Session
from chargers.reports.base import Source
from tests.factories.chargers import ConnectorFactory, SessionFactory


@pytest.fixture
def transaction_id(say, connector, now) -> int:
    return sessions.start_session(say.start(meter_wh=10_000), now=now).transaction_id


def take(*reports):
    """In a book of its own, as after a restart: what is metered is written at once."""
    with transaction.atomic():
        meter.take_meter_values(reports, MeterBook())


def test_meter_values_are_stored_and_update_the_session(say, transaction_id, connector, now):
    at = now + timedelta(minutes=6)
    sample = say.register(
        10_800,
        at,
        context="Sample.Periodic",
        power_w=8_000,
        currents_ma=(11_000, 12_000, 13_000),
        voltages_mv=(230_000, 231_000, 229_000),
        offered_ma=16_000,
        charge_pct=41,
    )
    take(say.meter(transaction_id, at, sample))
    session = Session.objects.get()
    row = MeterValue.objects.get()
    assert (session.energy_wh, session.power_w, session.charge_pct, session.metered_at) == (
        800,
        8_000,
        41,
        at,
    )
    assert session.current_ma == (11_000, 12_000, 13_000)
    assert session.phases_seen == "RST"
    assert (row.session_id, row.connector_id, row.energy_wh, row.quarantine) == (
        session.pk,
        connector.pk,
        10_800,
        "",
    )
    assert (row.current_l2_ma, row.voltage_l3_mv, row.offered_ma, row.charge_pct) == (
        12_000,
        229_000,
        16_000,
        41,
    )
    assert (row.measured_at, row.received_at, row.context) == (at, at, "Sample.Periodic")


def test_what_a_message_leaves_out_stays_as_it_was(say, transaction_id, now):
    take(say.meter(transaction_id, now, say.register(10_000, now, power_w=5_000, charge_pct=30)))
    take(say.meter(transaction_id, now, say.register(10_010, now)))
    session = Session.objects.get()
    assert (session.power_w, session.charge_pct, session.energy_wh) == (5_000, 30, 10)


@pytest.mark.parametrize(
    ("rotation", "sample", "expected"),
    [
        ("RST", {"currents_ma": (1_000, 2_000, 3_000)}, (1_000, 2_000, 3_000)),
        ("STR", {"currents_ma": (1_000, 2_000, 3_000)}, (3_000, 1_000, 2_000)),
        ("T", {"currents_ma": (9_000, None, None)}, (0, 0, 9_000)),
        ("S", {"current_ma": 9_000}, (0, 9_000, 0)),
        ("", {"current_ma": 9_000}, (9_000, 9_000, 9_000)),
        ("", {"currents_ma": (9_000, None, None)}, (9_000, 0, 0)),
    ],
)
def test_currents_are_kept_on_the_grids_phases(
    say, transaction_id, connector, now, rotation, sample, expected
):
    connector.phase_rotation = PhaseRotation(rotation)
    connector.save()
    take(say.meter(transaction_id, now, say.register(10_000, now, **sample)))
    assert Session.objects.get().current_ma == expected


def test_phases_seen_grow_and_never_shrink(say, transaction_id, now):
    for currents in ((0, 0, 8_000), (8_000, 500, 0), (0, 0, 0)):
        take(say.meter(transaction_id, now, say.register(10_000, now, currents_ma=currents)))
    assert Session.objects.get().phases_seen == "RT"


@pytest.mark.promise("O4")
def test_history_counts_as_energy_and_not_as_load(say, transaction_id, now):
    later = now + timedelta(hours=3)
    old = say.register(12_000, now + timedelta(minutes=30), power_w=4_000, currents_ma=(6_000, 6_000, 6_000))
    take(say.meter(transaction_id, later, old))
    session = Session.objects.get()
    assert (session.energy_wh, session.power_w, session.metered_at) == (2_000, None, None)
    assert session.current_ma == (0, 0, 0)


def test_negative_delta_is_quarantined(say, transaction_id, now):
    later = now + timedelta(hours=1)
    take(say.meter(transaction_id, later, say.register(13_000, later)))
    take(say.meter(transaction_id, later, say.register(12_000, later, power_w=7_000)))
    assert Session.objects.get().energy_wh == 3_000
    assert MeterValue.objects.get(energy_wh=12_000).quarantine == "register went back"
    assert Session.objects.get().power_w == 7_000


def test_kwh_labelled_wh_is_seen_through(say, transaction_id, now):
    later = now + timedelta(minutes=30)
    take(say.meter(transaction_id, later, say.register(12.25, later)))
    assert Session.objects.get().energy_wh == 2_250
    assert MeterValue.objects.get().energy_wh == 12_250


def test_values_without_a_transaction_belong_to_the_one_that_runs(say, transaction_id, now):
    take(say.meter(None, now, say.register(10_100, now)))
    assert MeterValue.objects.get().session_id == Session.objects.get().pk


def test_values_of_an_unknown_transaction_are_kept_in_quarantine(say, connector, now):
    take(say.meter(4_711, now, say.register(10_100, now)))
    row = MeterValue.objects.get()
    assert (row.session_id, row.quarantine) == (None, "unknown transaction")


def test_values_of_an_older_transaction_reach_it(say, transaction_id, now):
    sessions.start_session(
        say.start(now + timedelta(minutes=5), meter_wh=11_000), now=now + timedelta(minutes=5)
    )
    take(
        say.meter(
            transaction_id, now + timedelta(minutes=6), say.register(10_500, now + timedelta(minutes=4))
        )
    )
    old = Session.objects.get(transaction_id=transaction_id)
    assert (MeterValue.objects.get().session_id, old.energy_wh, old.power_w) == (old.pk, 500, 0)


def test_values_after_the_stop_change_nothing(say, transaction_id, now):
    later = now + timedelta(hours=1)
    sessions.stop_session(say.stop(transaction_id, later, meter_wh=12_000), now=later)
    take(say.meter(transaction_id, later, say.register(12_500, later, power_w=9_000)))
    session = Session.objects.get()
    assert (session.energy_wh, session.power_w) == (2_000, 0)


def test_values_of_an_unknown_connector_are_kept_aside(say, connector, now):
    take(say.meter(1, now, say.register(1, now), number=8))
    assert OrphanMessage.objects.get().action == "MeterValues"
    assert MeterValue.objects.count() == 0


def test_values_of_the_stations_main_meter_are_ignored(say, connector, now):
    take(say.meter(None, now, say.register(1, now), number=0))
    assert MeterValue.objects.count() == OrphanMessage.objects.count() == 0


def test_many_sockets_cost_one_look_at_the_database_and_one_lock_of_their_sessions(say, now, db):
    reports = [_report_of_another_station(say, number, now) for number in range(1, 21)]
    with CaptureQueriesContext(connection) as queries:
        take(*reports)
    selects = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    locks = [sql for sql in selects if "SKIP LOCKED" in sql]
    bounds = [sql for sql in selects if "lock_timeout" in sql]
    on_postgres = connection.vendor == "postgresql"  # on SQLite every transaction is the only writer
    # Rows that are locked already are not waited for: no bound of the wait has to be set.
    assert (len(locks), len(bounds), len(selects) - len(locks)) == (int(on_postgres), 0, 1)
    assert list(Session.objects.values_list("energy_wh", flat=True)) == [50] * 20
    assert MeterValue.objects.count() == 20


def _report_of_another_station(say, transaction_id, now):
    connector = ConnectorFactory()
    SessionFactory(
        connector=connector,
        state=SessionState.ACTIVE,
        transaction_id=transaction_id,
        started_at=now,
        plugged_at=now,
        meter_start_wh=0,
    )
    station = connector.charge_point
    source = Source(station.pk, station.cluster_id, station.community_id, uuid4())
    return replace(say.meter(transaction_id, now, say.register(50, now)), source=source)
