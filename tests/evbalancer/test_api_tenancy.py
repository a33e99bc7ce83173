"""Every address of the API, generated from its schema, against another community's and another driver's rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chargers.domain.commands import enqueue
from chargers.enums import CommandKind, SessionState
from drivers.enums import NotificationKind
from drivers.models import Notification, Strike
from fleet.models import SmartcarConnection
from grid.domain.audit import SYSTEM, record
from grid.domain.limits import impose
from pricing.models import BillLine
from scheduling.enums import EmergencyState, FindingKind
from scheduling.models import AbuseFinding, EmergencyRequest, FairnessEntry, RebalanceRun
from tests.asserts.http import client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, IdTagFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import TariffFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S7"), pytest.mark.promise("S4")]
CANARY = "SECRET-B"


def a_world(name):
    """One row of everything that the API shows. Returns the rows' ids by the prefix of their address."""
    now = timezone.now()
    root = CircuitFactory(
        name=f"{name} root", cluster__name=f"{name} cluster", cluster__community__name=f"{name} house"
    )
    cluster, community = root.cluster, root.community
    meter = CircuitFactory(cluster=cluster, parent=root, name=f"{name} meter", has_meter=True)
    connector = ConnectorFactory(circuit=root, charge_point__name=f"{name} A-01")
    driver = DriverFactory(community=community, name=f"{name} driver", user__username=f"{name}-driver")
    IdTagFactory(driver=driver, token=f"{name}TAG")
    vehicle = VehicleFactory(driver=driver, name=f"{name} car")
    session = SessionFactory(
        connector=connector,
        driver=driver,
        plugged_at=now,
        started_at=now,
        state=SessionState.ACTIVE,
        energy_wh=5_000,
    )
    rows = {"community": community, "created_at": now}
    slot = SlotRequestFactory(cluster=cluster, driver=driver, created_at=now, why=name)
    emergency = EmergencyRequest.objects.create(
        driver=driver,
        reason=name,
        energy_wh=1,
        needed_by=now,
        state=EmergencyState.PENDING,
        state_since=now,
        **rows,
    )
    notification = Notification.objects.create(
        driver=driver, kind=NotificationKind.CAR_FULL, text=name, **rows
    )
    lasting = {"given_at": now, "lapses_at": now + timedelta(days=9)}
    strike = Strike.objects.create(
        community=community, driver=driver, kind="x", evidence={"who": name}, **lasting
    )
    finding = AbuseFinding.objects.create(
        community=community, driver=driver, kind=FindingKind.NO_SHOW, subject=name, evidence={}, found_at=now
    )
    connection = SmartcarConnection.objects.create(
        community=community,
        driver=driver,
        smartcar_user_id=name,
        state_since=now,
        scopes=[name],
        refresh_token_encrypted=name,
    )
    bill = BillLine.objects.create(
        community=community, session=session, driver=driver, amount_minor=1, currency="EUR", started_at=now,
        ended_at=now, parts=[name],
    )  # fmt: skip
    run = RebalanceRun.objects.create(
        community=community,
        cluster=cluster,
        at=now,
        trigger="beat",
        duration_ms=1,
        inputs_digest="",
        decisions=[name],
    )
    FairnessEntry.objects.create(
        community=community,
        cluster=cluster,
        driver=driver,
        session=session,
        at=now,
        wanted_wh=9,
        received_wh=5,
    )
    limit = impose(root, pct=50, reason=name, actor=SYSTEM, now=now)
    command = enqueue(connector.charge_point, CommandKind.RESET, by=name, now=now)
    audit = record(actor=SYSTEM, action="x", target=connector, now=now, reason=name)
    return {
        "/chargers/connectors": connector.pk,
        "/chargers/commands": command.pk,
        "/chargers": connector.charge_point.pk,
        "/drivers/slot": slot.pk,
        "/drivers/emergency": emergency.pk,
        "/drivers/findings": finding.pk,
        "/drivers/notifications": notification.pk,
        "/drivers/sessions": session.pk,
        "/drivers/strikes": strike.pk,
        "/drivers": driver.pk,
        "/fleet/connections": connection.pk,
        "/fleet/vehicle": vehicle.pk,
        "/grid/audit": audit.pk,
        "/grid/circuits": meter.pk,
        "/grid/cluster": cluster.pk,
        "/grid/limits": limit.pk,
        "/grid/runs": run.pk,
        "/pricing/bills": bill.pk,
        "/pricing/tariffs": TariffFactory(community=community, name=name).pk,
    }, driver


def addresses(client, ids):
    """(method, address) for every operation of the schema, with foreign ids where it takes one."""
    paths = client.get("/api/schema", headers={"Accept": "application/json"}).json()["paths"]
    for path, methods in paths.items():
        prefix = path.split("/{id}")[0]
        address = path.replace("{id}", str(ids[prefix])) if "{id}" in path else path
        for method in methods:
            if not address.startswith("/auth/"):
                yield method, address, "{id}" in path


BODIES = {"energy_wh": 1000, "ready_by": "2099-01-01T00:00:00Z", "reason": "x", "accept": True, "name": "x"}


@pytest.mark.parametrize("role", ["driver", "manager", "neighbour"])
def test_foreign_rows_do_not_exist_anywhere(client, role):
    _, own_driver = a_world("OWN")
    foreign, _ = a_world(CANARY)
    user = own_driver.user if role == "driver" else manager_of(own_driver.community)
    if role == "neighbour":
        user = DriverFactory(community=own_driver.community).user
    caller = client_of(user)
    wrong = {}
    for method, address, is_detail in addresses(client, foreign):
        response = getattr(caller, method)(address, BODIES if method != "get" else None, format="json")
        body = b"".join(response) if response.streaming else response.content
        if CANARY.encode() in body or (is_detail and response.status_code not in (403, 404)):
            wrong[method, address] = response.status_code
        if is_detail and response.status_code == 403 and role == "manager":
            wrong[method, address] = 403
    assert wrong == {}


def test_rows_of_another_driver_of_the_same_house_do_not_exist(client):
    ids, driver = a_world("OWN")
    neighbour = client_of(DriverFactory(community=driver.community).user)
    private = {
        "/drivers/slot", "/drivers/emergency", "/drivers/findings", "/drivers/notifications", "/drivers/sessions",
        "/drivers/strikes", "/drivers", "/fleet/connections", "/fleet/vehicle", "/pricing/bills", "/chargers/commands",
    }  # fmt: skip
    statuses = {prefix: neighbour.get(f"{prefix}/{ids[prefix]}").status_code for prefix in private}
    assert statuses == dict.fromkeys(private, 404)


def test_own_rows_are_all_there(client):
    ids, driver = a_world("OWN")
    managers_only = {"/grid/audit", "/grid/runs"}
    caller, manager = client_of(driver.user), client_of(manager_of(driver.community))
    no_get = {"/grid/circuits"}
    for prefix in ids.keys() - no_get:
        expected = 403 if prefix in managers_only else 404 if prefix == "/chargers/commands" else 200
        assert caller.get(f"{prefix}/{ids[prefix]}").status_code == expected, prefix
        private = {"/drivers/notifications", "/fleet/connections"}
        assert manager.get(f"{prefix}/{ids[prefix]}").status_code == (404 if prefix in private else 200), (
            prefix
        )


def test_driver_sees_no_technical_side_of_a_charger(client):
    ids, driver = a_world("OWN")
    plain = client_of(driver.user).get(f"/chargers/{ids['/chargers']}").json()
    assert set(plain) == {"id", "cluster_id", "name", "online", "connectors"}
    managed = client_of(manager_of(driver.community)).get(f"/chargers/{ids['/chargers']}").json()
    assert "identity" in managed
    assert not any("key" in name for name in managed)


@pytest.mark.promise("S11")
def test_driver_sees_own_tags_masked(client):
    ids, driver = a_world("OWN")
    tags = client_of(driver.user).get(f"/drivers/{ids['/drivers']}").json()["id_tags"]
    assert [tag["token"] for tag in tags] == ["…AG"]
