"""However many rows a driver or a manager has, a list asks the database as often as for one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chargers.enums import SessionState
from drivers.models import Invitation, Notification, Strike, Webhook
from pricing.domain.billing import bill_session
from scheduling.enums import SlotState
from scheduling.models import AbuseFinding, EmergencyRequest, FairnessEntry
from tests.asserts.http import client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.pricing import TariffFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
LISTS = (
    "/drivers/charging/status",
    "/drivers/slot",
    "/drivers/sessions",
    "/drivers/emergency",
    "/drivers/findings",
    "/drivers/strikes",
    "/drivers/notifications",
    "/drivers/webhooks",
    "/drivers",
    "/pricing/bills",
    "/fleet/vehicles",
    "/analytics/fairness",
)
OF_MANAGERS = ("/drivers/invitations",)


def add_rows(driver, connector, number):
    """One of everything that a list shows, the slots in the queue."""
    now, community = timezone.now(), driver.community
    base = {"community": community, "driver": driver}
    session = SessionFactory(
        connector=ConnectorFactory(circuit=connector.circuit),
        driver=driver,
        vehicle=VehicleFactory(driver=driver),
        plugged_at=now - timedelta(days=1),
        started_at=now - timedelta(days=1),
        stopped_at=now - timedelta(hours=20),
        state=SessionState.ENDED,
    )
    bill_session(session, now=now)
    SlotRequestFactory(
        cluster=connector.circuit.cluster,
        driver=driver,
        state=SlotState.QUEUED,
        promised_wh=0,
        created_at=now + timedelta(seconds=number),
    )
    EmergencyRequest.objects.create(
        **base,
        session=session,
        reason="x",
        energy_wh=1,
        needed_by=now,
        state="done",
        state_since=now,
        created_at=now,
    )
    FairnessEntry.objects.create(
        **base, cluster=connector.circuit.cluster, session=session, at=now, wanted_wh=1, received_wh=1
    )
    AbuseFinding.objects.create(
        **base, kind="no_show", subject=str(number), evidence={}, found_at=now, session=session
    )
    Strike.objects.create(
        **base, kind="no_show", evidence={}, given_at=now, lapses_at=now + timedelta(days=1)
    )
    Notification.objects.create(**base, kind="car_full", text="x", created_at=now)
    Webhook.objects.create(**base, url="https://hooks.example", created_at=now)
    Invitation.objects.create(
        community=community,
        name="Guest",
        email=f"guest{number}@example.org",
        token_digest=str(number),
        invited_by=driver.user,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )


def queries(caller, path):
    caller.get(path)
    with CaptureQueriesContext(connection) as asked:
        answer = caller.get(path)
    assert answer.status_code == 200, path
    return len(asked)


@pytest.mark.parametrize("role", ["driver", "manager"])
def test_lists_ask_as_often_for_many_rows_as_for_one(role):
    connector = ConnectorFactory()
    driver = DriverFactory(community=connector.community)
    TariffFactory(community=connector.community)
    caller = client_of(driver.user if role == "driver" else manager_of(connector.community))
    add_rows(driver, connector, 0)
    lists = LISTS if role == "driver" else (*LISTS, *OF_MANAGERS)
    few = {path: queries(caller, path) for path in lists}
    for number in range(1, 5):
        add_rows(driver, connector, number)
        add_rows(DriverFactory(community=connector.community), connector, 10 + number)
    assert {path: queries(caller, path) for path in lists} == few
    assert max(few.values()) <= 9


def test_list_tells_each_place_in_the_queue():
    connector = ConnectorFactory()
    drivers = DriverFactory.create_batch(2, community=connector.community)
    for number in range(4):
        add_rows(drivers[number % 2], connector, number)
    answer = client_of(drivers[1].user).get("/drivers/slot").json()
    assert sorted(row["position"] for row in answer["results"]) == [2, 4]
