from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.reports.base import Source
from chargers.reports.charging import MeterReport, Sample, StartReport, StatusReport, StopReport
from evbalancer.common.clocks import clock_watch
from tests.factories.chargers import ConnectorFactory

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def connector(db):
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def source(connector) -> Source:
    charge_point = connector.charge_point
    return Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, uuid4())


@pytest.fixture
def set_clock(monkeypatch):
    """Set the clock of this machine, while somebody watches."""
    ahead_s = [0.0]
    monkeypatch.setattr(clock_watch, "_ahead_s", lambda: ahead_s[0])
    clock_watch.begin_watch()
    yield lambda seconds: ahead_s.append(ahead_s.pop() + seconds)
    clock_watch.end_watch()


@pytest.fixture
def say(source):
    """Reports of the charge point, with what a test does not care about filled in."""

    class Say:
        def start(self, at=NOW, *, charger_at="same", id_tag="TAG", meter_wh=1_000, number=1) -> StartReport:
            charger_at = at if charger_at == "same" else charger_at
            payload = {
                "idTag": id_tag,
                "meterStart": meter_wh,
                "connectorId": number,
                "timestamp": str(charger_at),
            }
            return StartReport(
                source=source,
                received_at=at,
                connector_number=number,
                id_tag=id_tag,
                meter_wh=meter_wh,
                charger_at=charger_at,
                payload=payload,
            )

        def stop(
            self, transaction_id, at=NOW + timedelta(hours=1), *, charger_at="same", meter_wh=8_000
        ) -> StopReport:
            charger_at = at if charger_at == "same" else charger_at
            payload = {"transactionId": transaction_id, "meterStop": meter_wh, "timestamp": str(charger_at)}
            return StopReport(
                source=source,
                received_at=at,
                transaction_id=transaction_id,
                meter_wh=meter_wh,
                charger_at=charger_at,
                payload=payload,
            )

        def status(self, status, at=NOW, *, number=1, charger_at=None) -> StatusReport:
            return StatusReport(
                source=source, received_at=at, connector_number=number, status=status, charger_at=charger_at
            )

        def meter(self, transaction_id, at=NOW, *samples, number=1) -> MeterReport:
            return MeterReport(
                source=source,
                received_at=at,
                connector_number=number,
                transaction_id=transaction_id,
                samples=samples,
                payload={"connectorId": number},
            )

        def register(self, register, at=NOW, *, is_kwh=False, **more) -> Sample:
            return Sample(measured_at=at, register=register, register_is_kwh=is_kwh, **more)

    return Say()
