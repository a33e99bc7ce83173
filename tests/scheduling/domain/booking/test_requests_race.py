"""Fifty drivers want the same connector at the same time, on whatever database the tests run on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from scheduling.domain.booking import requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import SlotState
from scheduling.errors import SlotTaken
from scheduling.models import SlotRequest
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
RIVALS = 50


@pytest.mark.promise("R9")
@pytest.mark.django_db(transaction=True)
def test_slot_booked_by_fifty_at_once_has_one_winner():
    root = CircuitFactory()
    connector = ConnectorFactory(circuit=root)
    drivers = DriverFactory.create_batch(RIVALS, community=root.community)
    wish = SlotWish(energy_wh=10_000, not_before=NOW, ready_by=NOW + timedelta(hours=8), connector=connector)
    barrier = Barrier(RIVALS)

    def book(driver):
        barrier.wait()
        try:
            requests.request_slot(driver, root.cluster, wish, now=NOW)
        except SlotTaken:
            return "taken"
        finally:
            connection.close()
        return "won"

    with ThreadPoolExecutor(RIVALS) as pool:
        outcomes = sorted(pool.map(book, drivers))
    assert outcomes == ["taken"] * (RIVALS - 1) + ["won"]
    assert SlotRequest.objects.count() == 1


@pytest.mark.promise("R9")
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="Only PostgreSQL has exclusion constraints")
def test_slot_overlap_is_refused_by_the_database_itself():
    root = CircuitFactory()
    connector = ConnectorFactory(circuit=root)
    taken = SlotRequestFactory(cluster=root.cluster, connector=connector, created_at=NOW)
    with pytest.raises(IntegrityError, match="slot_no_overlap_on_connector"), transaction.atomic():
        SlotRequestFactory(cluster=root.cluster, connector=connector, created_at=NOW + timedelta(hours=1))
    SlotRequestFactory(cluster=root.cluster, connector=connector, created_at=taken.ready_by)
    SlotRequestFactory(cluster=root.cluster, connector=connector, created_at=NOW, state=SlotState.CANCELLED)
    assert SlotRequest.objects.count() == 3
