import pytest

from chargers.domain.orders import commands, delivery
from chargers.models import ChargePoint
from chargers.orders.trust import ClearCache

CLEAR_CACHE = ClearCache()


@pytest.fixture
def charge_point(connector, source, now):
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(
        connection_id=source.connection_id, connected_at=now
    )
    return ChargePoint.objects.get(pk=connector.charge_point_id)


@pytest.fixture
def queue(charge_point, now):
    def queue(order=CLEAR_CACHE, at=now, **more):
        return commands.queue_command(charge_point, order, by="test", now=at, **more)

    return queue


@pytest.fixture
def claim(charge_point, now):
    def claim(at=now):
        return delivery.claim_all({charge_point.connection_id: charge_point.pk}, now=at).get(
            charge_point.connection_id
        )

    return claim
