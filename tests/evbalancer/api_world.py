"""One row of everything that the API shows."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from chargers.domain.orders.commands import queue_command
from chargers.enums import SessionState
from chargers.models import ConnectorGroup, PendingChargePoint, RefusedCard, SignedMeterValue
from chargers.orders.upkeep import Reset
from chargers.orders.words import ResetKind
from drivers.enums import NotificationKind
from drivers.models import Invitation, Notification, PushSubscription, Strike, Webhook
from evbalancer.common.security.encryption import encrypt
from evbalancer.common.words.said import Said
from fleet.models import SmartcarConnection, Stay
from grid.domain.audit import SYSTEM, record_entry
from grid.domain.limits import impose_limit
from pricing.domain.statements.documents import Composer
from pricing.models import (
    BillingDetails,
    BillingMonth,
    BillLine,
    DemandCharge,
    LoadProfile,
    PriceChoice,
    Statement,
)
from scheduling.enums import AlarmKind, ChannelKind, EmergencyState, FindingKind
from scheduling.models import (
    AbuseFinding,
    Alarm,
    AlarmChannel,
    EmergencyRequest,
    FairnessEntry,
    Habit,
    RebalanceRun,
)
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, DriverGroupFactory, FlatFactory, IdTagFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import EnergySignalFactory, TariffAssignmentFactory, TariffFactory
from tests.factories.scheduling import SlotRequestFactory
from tests.fakepush import Browser


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
    stands = {
        "/drivers/sessions": session.pk,
        "/drivers": driver.pk,
        "/fleet/vehicle": vehicle.pk,
        "/grid/circuits": meter.pk,
        "/grid/cluster": cluster.pk,
        "/grid/retention": community.pk,
        "/pricing/tariffs": TariffFactory(community=community, name=name).pk,
        "/pricing/signals": EnergySignalFactory(community=community, name=name).pk,
    }
    told = _of_driver(name, driver, now=now)
    driven = _of_session(name, session, vehicle, now=now)
    return stands | told | driven | _of_cluster(name, session, cluster, now=now), driver


def _of_driver(name, driver, *, now):
    community = driver.community
    rows = {"community": community, "created_at": now}
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
    habit = Habit.objects.create(
        community=community, driver=driver, bookings=[{"came": True}], objection=name, updated_at=now
    )
    invitation = Invitation.objects.create(
        name=name, email=f"{name}@example.org", token_digest=name, expires_at=now + timedelta(days=9), **rows
    )
    webhook = Webhook.objects.create(driver=driver, url=f"https://{name}/", secret_encrypted=name, **rows)
    channel = AlarmChannel.objects.create(user=driver.user, kind=ChannelKind.MAIL, created_at=now)
    shown = Browser(f"https://{name}/").target
    browser = PushSubscription.objects.create(
        user=driver.user, digest=name, host=name, is_for_news=True, created_at=now,
        address_encrypted=encrypt(shown.endpoint), secret_encrypted=encrypt(shown.keys),
    )  # fmt: skip
    return {
        "/drivers/push": browser.pk,
        "/alarms/channels": channel.pk,
        "/drivers/emergency": emergency.pk,
        "/drivers/findings": finding.pk,
        "/drivers/cards": driver.id_tags.get().pk,
        "/drivers/groups": DriverGroupFactory(community=community, name=name, drivers=[driver]).pk,
        "/drivers/flats": FlatFactory(community=community, name=name).pk,
        "/drivers/habits": habit.pk,
        "/drivers/invitations": invitation.pk,
        "/drivers/webhooks": webhook.pk,
        "/drivers/notifications": notification.pk,
        "/drivers/strikes": strike.pk,
    }


def _of_session(name, session, vehicle, *, now):
    community, driver = session.community, session.driver
    SignedMeterValue.objects.create(
        community=community, session=session, received_at=now, data=f"OCMF|{name}", digest=name
    )
    connection = SmartcarConnection.objects.create(
        community=community,
        driver=driver,
        smartcar_user_id=name,
        state_since=now,
        scopes=[name],
        refresh_token_encrypted=name,
    )
    stay = Stay.objects.create(
        community=community, session_id=uuid4(), driver=driver, vehicle=vehicle, began_at=now, why=[name]
    )
    bill = BillLine.objects.create(
        community=community, session=session, driver=driver, amount_minor=1, currency="EUR", started_at=now,
        ended_at=now, parts=[name],
    )  # fmt: skip
    LoadProfile.objects.create(
        community=community, session=session, cluster=session.connector.charge_point.cluster, begins_at=now, ended_at=now,
        energies_wh=[1], at_once_from=now, at_once_w=1, cost_minor=1, at_once_minor=2,
    )  # fmt: skip
    PriceChoice.objects.create(
        community=community, session=session, driver=driver, basis="standing", chosen_at=now
    )
    month = BillingMonth.objects.create(community=community, first_day=now.date().replace(day=1))
    statement = Statement(
        community=community, month=month, driver=driver, currency="EUR", state="issued", year=now.year, number=1,
        label=name, issued_at=now, due_on=now.date(),
    )  # fmt: skip
    statement.document = Composer(community, BillingDetails(name=name), [statement]).compose(statement)
    statement.save()
    return {
        "/fleet/connections": connection.pk,
        "/fleet/stays": stay.pk,
        "/pricing/assignments": TariffAssignmentFactory(
            tariff=TariffFactory(community=community, name=name, is_standing=False)
        ).pk,
        "/pricing/demand-charges": DemandCharge.objects.create(
            community=community,
            cluster=session.connector.charge_point.cluster,
            first_day=now.date().replace(day=1),
            per_kw_minor=1,
        ).pk,
        "/pricing/bills": bill.pk,
        "/pricing/months": month.pk,
        "/pricing/statements": statement.pk,
    }


def _of_cluster(name, session, cluster, *, now):
    community, driver, connector = cluster.community, session.driver, session.connector
    slot = SlotRequestFactory(cluster=cluster, driver=driver, created_at=now, why=name)
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
    limit = impose_limit(connector.circuit, pct=50, reason=name, actor=SYSTEM, now=now)
    command = queue_command(connector.charge_point, Reset(reset_kind=ResetKind.SOFT), by=name, now=now)
    group = ConnectorGroup.objects.create(community=community, name=name)
    held = PendingChargePoint.objects.create(
        community=community, identity=name, address="192.0.2.1", first_seen_at=now, last_seen_at=now
    )
    alarm = Alarm.objects.create(
        community=community, cluster=cluster, kind=AlarmKind.OFFLINE, about=name, name=name, began_at=now, seen_at=now,
        kept_at=now, raised_at=now, said=Said("alarm.limit_refused", {"connector": name}),
    )  # fmt: skip
    audit = record_entry(actor=SYSTEM, action="x", target=connector, now=now, reason=name)
    return {
        "/alarms": alarm.pk,
        "/chargers/connectors": connector.pk,
        "/chargers/commands": command.pk,
        "/chargers/groups": group.pk,
        "/chargers/pending": held.pk,
        "/chargers/refused-cards": RefusedCard.objects.create(
            community=cluster.community,
            charge_point=session.connector.charge_point,
            token=f"{name}CARD",
            status="Invalid",
            first_at=now,
            last_at=now,
        ).pk,
        "/chargers": connector.charge_point.pk,
        "/drivers/slot": slot.pk,
        "/grid/audit": audit.pk,
        "/grid/limits": limit.pk,
        "/grid/runs": run.pk,
    }
