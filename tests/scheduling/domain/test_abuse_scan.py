from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from scheduling.domain.abuse import scan
from scheduling.models import AbuseFinding
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
START = NOW - timedelta(hours=1)


def test_scan_finds_a_shared_tag_once():
    first = ConnectorFactory()
    driver = DriverFactory(community=first.community)
    for connector in (first, ConnectorFactory(circuit=first.circuit)):
        last = SessionFactory(
            connector=connector,
            driver=driver,
            id_tag="TAG",
            plugged_at=START,
            started_at=START + timedelta(minutes=connector.number),
            state=SessionState.ACTIVE,
        )
    assert [scan(now=NOW), scan(now=NOW)] == [1, 0]
    finding = AbuseFinding.objects.get()
    assert (finding.kind, finding.driver, finding.evidence["together_s"]) == ("tag_sharing", driver, 3_540)
    assert str(last.pk) in finding.evidence["sessions"]
