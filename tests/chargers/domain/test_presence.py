from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain import presence
from chargers.models import ChargePoint, Connector
from tests.factories.chargers import ConnectorFactory

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("online_until", "was_there", "word"),
    [
        (NOW + SECOND, True, "online"),
        (NOW, True, "offline"),
        (NOW - SECOND, True, "offline"),
        (None, True, "offline"),
        (None, False, "planned"),
    ],
)
def test_presence_is_the_same_by_the_function_and_in_queries(online_until, was_there, word):
    charge_point = ConnectorFactory(
        charge_point__online_until=online_until,
        charge_point__connected_at=NOW - timedelta(days=1) if was_there else None,
    ).charge_point
    is_online = word == "online"
    rows, connectors = ChargePoint.objects, Connector.objects
    found = {
        "online": rows.filter(presence.match_online(now=NOW)).exists(),
        "offline": rows.filter(presence.match_offline(now=NOW)).exists(),
        "planned": charge_point.is_planned,
    }
    assert [each for each, is_so in found.items() if is_so] == [word]
    assert presence.is_online(charge_point, now=NOW) is is_online
    assert connectors.filter(presence.match_online("charge_point__", now=NOW)).exists() is is_online
    assert connectors.filter(presence.match_lapsed("charge_point__", now=NOW)).exists() is not is_online
