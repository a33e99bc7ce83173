import pytest

from chargers.domain.orders import commands, delivery
from chargers.enums import CommandKind
from chargers.models import ChargePoint

TOLD = {
    CommandKind.RESET: {"kind": "soft"},
    CommandKind.CHANGE_CONFIGURATION: {"key": "HeartbeatInterval", "value": "60"},
}


@pytest.fixture
def charge_point(connector, source, now):
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(
        connection_id=source.connection_id, connected_at=now
    )
    return ChargePoint.objects.get(pk=connector.charge_point_id)


@pytest.fixture
def queue(charge_point, now):
    def queue(kind=CommandKind.CLEAR_CACHE, at=now, **more):
        return commands.queue_command(
            charge_point, kind, by="test", now=at, **{"arguments": TOLD.get(kind), **more}
        )

    return queue


@pytest.fixture
def claim(charge_point, now):
    def claim(at=now):
        return delivery.claim_all({charge_point.connection_id: charge_point.pk}, now=at).get(
            charge_point.connection_id
        )

    return claim
