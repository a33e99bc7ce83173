from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from chargers.enums import ConnectorStatus
from chargers.models import ChargerCommand, MeterValue
from drivers.models import MailServer
from evbalancer.common.units import PhaseMilliamps
from grid.domain.readings import record_reading
from grid.models import RetentionMark
from scheduling.domain.alarms import judging
from scheduling.domain.balancing import attendance
from scheduling.enums import SlotState
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.factories.grid import CircuitFactory, ClusterFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house(now=datetime.now(UTC))


def scraped(client: Client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (
            sample.name,
            *(value for name, value in sorted(sample.labels.items()) if name != "cluster"),
        ): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_metrics_tell_load_limit_and_reservation_of_every_circuit(house: House, client: Client) -> None:
    house.charging("A-01", limit_ma=10_000, current_l2_ma=8_000)
    found = scraped(client)
    assert found["evb_limit_amperes", "Transformer", "L1"] == 100
    assert found["evb_building_amperes", "Transformer", "L1"] == 20
    assert found["evb_cars_amperes", "Panel A", "L2"] == 8
    assert found["evb_reserved_amperes", "Panel A", "L2"] == 2
    assert found["evb_connectors", "charging"] == 1


def test_metrics_tell_how_many_connectors_need_a_person(house: House, client: Client) -> None:
    house.charging("A-01")
    house.connector("A-02", fallback_ma=None)
    house.connector("A-03", status=ConnectorStatus.FAULTED)
    found = scraped(client)
    (needing,) = [count for key, count in found.items() if key[0] == "evb_connectors_need_a_person"]
    assert needing == 2


def test_metrics_tell_promises_kept_and_broken(house: House, client: Client) -> None:
    for state in (SlotState.FULFILLED, SlotState.FULFILLED, SlotState.UNMET):
        SlotRequestFactory(cluster=house.cluster, state=state, created_at=house.now - timedelta(hours=9))
    found = scraped(client)
    assert found["evb_promises_settled_30_days", "kept"] == 2
    assert found["evb_promises_settled_30_days", "broken"] == 1


def test_metrics_tell_sockets_commands_and_meter_values(house: House, client: Client) -> None:
    session = house.charging("A-01")
    house.connector("A-02", online=False)
    for number, (minutes_ago, state) in enumerate(((5, "accepted"), (6, "rejected"), (70, "accepted"))):
        at = house.now - timedelta(minutes=minutes_ago)
        ChargerCommand.objects.create(
            community=house.cluster.community,
            charge_point=session.connector.charge_point,
            kind="reset",
            state=state,
            idempotency_key=str(number),
            requested_by="test",
            queued_at=at,
            expires_at=at + timedelta(minutes=2),
        )
    for seconds_ago in (10, 70):
        at = house.now - timedelta(seconds=seconds_ago)
        MeterValue.objects.create(
            received_at=at,
            measured_at=at,
            community_id=session.community_id,
            connector_id=session.connector_id,
            session_id=session.pk,
        )
    found = scraped(client)
    assert (found["evb_charge_points",], found["evb_charge_points_online",]) == (2, 1)
    assert found["evb_commands_last_hour", "reset", "accepted"] == 1
    assert found["evb_commands_last_hour", "reset", "rejected"] == 1
    assert found["evb_meter_values_last_minute",] == 1
    assert ("evb_browser_sockets",) in found


@pytest.mark.promise("R6")
def test_metrics_tell_age_and_duration_of_the_last_rebalance(house: House, client: Client) -> None:
    house.ran(at=house.now - timedelta(minutes=9), duration_ms=900)
    house.ran(at=house.now - timedelta(seconds=30), duration_ms=12, safe_plan=True)
    found = scraped(client)
    assert 30 <= found["evb_rebalance_age_seconds",] < 40
    assert found["evb_rebalance_duration_seconds",] == 0.012
    assert found["evb_rebalance_safe_plan",] == 1
    assert ("evb_rebalance_stand_in",) not in found


def test_metrics_tell_that_a_web_process_stands_in(house: House, client: Client) -> None:
    house.ran(at=house.now - timedelta(seconds=60))
    attendance.note_run(house.cluster, stand_in="web-1 (process 7)", now=house.now)
    found = scraped(client)
    assert found["evb_rebalance_stand_in",] == 1
    assert found["evb_rebalance_age_seconds",] < 10


@pytest.mark.promise("E11")
def test_metrics_tell_how_long_each_meter_is_silent(client: Client) -> None:
    now = datetime.now(UTC)
    circuit = CircuitFactory(name="Root", has_meter=True)
    CircuitFactory(name="Panel", has_meter=True, cluster=circuit.cluster, parent=circuit)
    for ago_s in (300, 30):
        at = now - timedelta(seconds=ago_s)
        record_reading(circuit, base_load_ma=PhaseMilliamps(1, 1, 1), measured_at=at, now=at)
    found = scraped(client)
    assert 30 <= found["evb_meter_age_seconds", "Root"] < 60
    assert found["evb_meter_age_seconds", "Panel"] == 3600


def test_metrics_survive_a_cluster_that_is_not_set_up_yet(client: Client) -> None:
    ClusterFactory()
    assert ("evb_browser_sockets",) in scraped(client)


def test_metrics_are_refused_to_addresses_that_are_not_trusted(client: Client, settings) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 403
    settings.TRUSTED_ADDRESSES = ["203.0.113.0/24", "not an address"]
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="198.51.100.1").status_code == 403


def test_metrics_tell_open_alarms_by_kind_and_the_room_on_the_disk(house: House, client: Client) -> None:
    house.ran()
    house.connector("A-01", overdraw_ma=20_000, overdrawn_since=house.now)
    judging.judge_cluster(house.cluster.pk, now=house.now)
    found = scraped(client)
    assert (found["evb_alarms_open", "overdraw"], found["evb_alarms_open", "disk"]) == (1, 0)
    assert found["evb_disk_free_bytes",] > 0


def test_metrics_tell_that_mail_fails(house: House, client: Client) -> None:
    assert scraped(client)["evb_mail_failing",] == 0
    MailServer.objects.update_or_create(pk=1, defaults={"failing_since": house.now, "problem": "refused"})
    assert scraped(client)["evb_mail_failing",] == 1


def test_metrics_tell_how_the_clearing_keeps_up(client: Client) -> None:
    now = datetime.now(UTC)
    RetentionMark.objects.create(ledger="log", began_at=now, finished_at=now - timedelta(hours=2), kept=7)
    RetentionMark.objects.create(ledger="runs", began_at=now)
    found = scraped(client)
    assert found["evb_retention_lag_seconds", "log"] == pytest.approx(7_200, abs=60)
    assert found["evb_retention_kept_rows", "log"] == 7
    assert ("evb_retention_lag_seconds", "runs") not in found
    assert found["evb_database_bytes",] > 100_000
