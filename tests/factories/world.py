"""Two communities with a row of every kind each, every text of the second one marked: it must never reach the first."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Model

from chargers.domain.sockets.keys import hash_key
from chargers.enums import SessionState
from chargers.models import (
    AccessRule,
    ChargePointCertificate,
    ChargerCommand,
    ConnectorGroup,
    DeviceVariable,
    LocalList,
    MeterMean,
    OcppMessage,
    OrphanMessage,
    PendingChargePoint,
    RefusedCard,
    SecurityRule,
    SignedMeterValue,
    StrayDraw,
    TransactionNumber,
    WaitingStart,
)
from drivers.enums import Role
from drivers.models import (
    Invitation,
    MailServer,
    Notification,
    Preference,
    PushNotice,
    PushSubscription,
    SignIn,
    SignInRule,
    Strike,
    User,
    Webhook,
    WebhookDelivery,
)
from evbalancer.common.words.said import Said
from fleet.models import ConnectState, Place, SmartcarConnection, Stay, VehicleLesson, VehicleReading
from grid.domain.audit import SYSTEM, record_entry
from grid.models import (
    AuditEntry,
    Community,
    DemandInterval,
    DemandProgram,
    DemandTarget,
    GridKey,
    LoadCurve,
    Meter,
    MeterReading,
    ProgramLimit,
    RetentionMark,
    TemporaryLimit,
)
from pricing.models import (
    BillingDetails,
    BillingMonth,
    BillLine,
    Debit,
    DebitRun,
    DemandCharge,
    LoadProfile,
    Mandate,
    Payment,
    PriceChoice,
    PricePublication,
    Reminder,
    SignalPublication,
    Statement,
    StatementItem,
    TaxRate,
    Waiver,
    Wallet,
    WalletEntry,
)
from scheduling.models import (
    AbuseFinding,
    AimSeason,
    AimTrial,
    Alarm,
    AlarmChannel,
    AlarmNotice,
    Allotment,
    ArrivalForecast,
    Attendance,
    BalanceTrouble,
    CalendarFeed,
    EmergencyRequest,
    FairnessEntry,
    Habit,
    HouseRules,
    RebalanceRun,
    SharingPrice,
)
from tests.factories.chargers import ChargePointFactory, ConnectorFactory, SessionFactory
from tests.factories.drivers import (
    DriverFactory,
    DriverGroupFactory,
    FlatFactory,
    IdTagFactory,
    MembershipFactory,
    UserFactory,
)
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory, ClusterFactory, CommunityFactory
from tests.factories.pricing import (
    DynamicPriceFactory,
    EnergySignalFactory,
    TariffAssignmentFactory,
    TariffFactory,
    TariffWindowFactory,
)
from tests.factories.scheduling import SlotRequestFactory

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "gAAAA-TOKEN-CANARY"


@dataclass
class World:
    """Rows by model label, and the people of one community."""

    mark: str
    community: Community
    manager: User
    driver_user: User
    resident: User
    rows: dict[str, Model] = field(default_factory=dict)

    def __getitem__(self, label: str) -> Any:
        return self.rows[label]

    def add(self, row: Model) -> Any:
        self.rows[row._meta.label] = row
        return row


def populate(mark: str) -> World:
    """A community in which every text contains `mark`."""
    low = mark.lower()
    community = CommunityFactory(name=f"{mark} House", slug=low)
    people = [
        UserFactory(username=f"{mark}-{role}", email=f"{low}-{role}@example.org") for role in Role.values
    ]
    for user, role in zip(people, Role.values, strict=True):
        membership = MembershipFactory(user=user, community=community, role=role)
    manager, driver_user, resident = people
    User.objects.filter(pk=manager.pk).update(is_staff=True)
    world = World(mark, community, User.objects.get(pk=manager.pk), driver_user, resident)
    for row in (community, membership, driver_user):
        world.add(row)
    _grid(world)
    _people(world)
    _cars(world)
    _telling(world)
    _browsers(world)
    _charging(world)
    _access(world)
    _metering(world)
    _prices(world)
    _wire(world)
    _scheduling(world)
    _money(world)
    _balancing(world)
    world.add(
        record_entry(
            actor=SYSTEM,
            action="cluster.changed",
            target=world["grid.Cluster"],
            now=NOW,
            reason=f"{mark} why",
        )
    )
    assert AuditEntry.objects.filter(community=community).exists()
    return world


def _grid(world: World) -> None:
    mark, community = world.mark, world.community
    cluster = world.add(ClusterFactory(community=community, name=f"{mark} Garage"))
    circuit = world.add(CircuitFactory(cluster=cluster, name=f"{mark} Main"))
    base = {"community": community, "circuit": circuit}
    world.add(
        TemporaryLimit.objects.create(
            **base,
            limit_l1_ma=1000,
            limit_l2_ma=1000,
            limit_l3_ma=1000,
            reason=f"{mark} works",
            announced_at=NOW,
            effective_at=NOW,
            imposed_by=world.manager,
        )
    )
    world.add(
        MeterReading.objects.create(
            **base, measured_at=NOW, received_at=NOW, base_load_l1_ma=1, base_load_l2_ma=1, base_load_l3_ma=1
        )
    )
    world.add(
        GridKey.objects.create(**base, purpose="meter", label=f"{mark} cellar", key_hash=f"{TOKEN}{mark}")
    )
    world.add(LoadCurve.objects.create(**base, l1_ma=[1] * 96, l2_ma=[1] * 96, l3_ma=[1] * 96))
    world.add(DemandTarget.objects.create(**base, target_w=30_000))
    program = world.add(
        DemandProgram.objects.create(
            **base, name=f"{mark} grid", vtn_url="https://vtn.example", token_url="https://vtn.example/token",
            client_id=mark, client_secret_encrypted=TOKEN, program_id=mark,
        )
    )  # fmt: skip
    world.add(
        ProgramLimit.objects.create(
            community=community, program=program, event_id=mark, key=mark, limit=world["grid.TemporaryLimit"]
        )
    )
    world.add(
        Meter.objects.create(
            **base, source="p1", host=f"{mark.lower()}.local", error=mark, password_encrypted=TOKEN
        )
    )
    world.add(
        DemandInterval.objects.create(**base, begin=NOW, length_s=900, target_w=30_000, counted_until=NOW)
    )


def _people(world: World) -> None:
    mark, community = world.mark, world.community
    world.add(SignInRule.objects.create(community=community))
    world.add(
        SignIn.objects.create(
            user=world.driver_user,
            kind="app",
            key_digest=f"{TOKEN}{mark}",
            device=mark,
            begun_at=NOW,
            seen_at=NOW,
        )
    )
    world.add(MailServer.objects.get_or_create(pk=1)[0])
    world.add(RetentionMark.objects.get_or_create(pk="meter values", defaults={"began_at": NOW})[0])
    driver = world.add(
        DriverFactory(community=community, user=world.driver_user, membership=None, name=f"{mark} Ada")
    )
    base = {"community": community, "driver": driver}
    world.add(FlatFactory(community=community, name=f"{mark} flat"))
    world.add(DriverGroupFactory(community=community, name=f"{mark} staff", drivers=[driver]))
    world.add(IdTagFactory(driver=driver, token=f"{mark}TAG"))
    world.add(Notification.objects.create(**base, kind="car_full", text=f"{mark} full", created_at=NOW))
    world.add(
        Strike.objects.create(
            **base,
            kind="overstay",
            evidence={"at": mark},
            given_at=NOW,
            lapses_at=NOW + HOUR,
            appeal=f"{mark} sorry",
        )
    )
    tariff = world.add(TariffFactory(community=community, name=f"{mark} tariff"))
    world.add(TariffWindowFactory(tariff=tariff))
    world.add(TariffAssignmentFactory(tariff=tariff, driver_group=world["drivers.DriverGroup"]))


def _cars(world: World) -> None:
    mark, community, driver = world.mark, world.community, world["drivers.Driver"]
    connection = world.add(
        SmartcarConnection.objects.create(
            community=community,
            driver=driver,
            smartcar_user_id=f"{mark}-sc",
            state_since=NOW,
            access_token_encrypted=TOKEN,
            refresh_token_encrypted=TOKEN,
        )
    )
    vehicle = world.add(VehicleFactory(driver=driver, name=f"{mark} Zoe", connection=connection))
    world.add(
        VehicleReading.objects.create(
            community=community, vehicle=vehicle, measured_at=NOW, received_at=NOW, source="smartcar"
        )
    )
    world.add(
        Stay.objects.create(
            community=community,
            session_id=uuid4(),
            driver=driver,
            vehicle=vehicle,
            began_at=NOW,
            why=[mark],
        )
    )
    world.add(
        VehicleLesson.objects.create(
            community=community,
            vehicle=vehicle,
            session_id=uuid4(),
            learned_at=NOW,
            energy_wh=9_000,
            from_pct=50,
            to_pct=70,
            battery_wh=40_000,
        )
    )
    world.add(Place.objects.create(community=community, latitude=52.5, longitude=13.4))
    world.add(
        ConnectState.objects.create(driver=driver, user=world.driver_user, nonce_digest=TOKEN, expires_at=NOW)
    )


def _telling(world: World) -> None:
    mark, community, driver = world.mark, world.community, world["drivers.Driver"]
    world.add(
        Invitation.objects.create(
            community=community,
            name=f"{mark} Guest",
            email=f"{mark.lower()}-guest@example.org",
            token_digest=f"{TOKEN}{mark}",
            invited_by=world.manager,
            created_at=NOW,
            expires_at=NOW + HOUR,
        )
    )
    world.add(Preference.objects.create(community=community, driver=driver))
    webhook = world.add(
        Webhook.objects.create(
            community=community,
            driver=driver,
            url=f"https://{mark.lower()}.example/hook/{mark}",
            secret_encrypted=TOKEN,
            created_at=NOW,
        )
    )
    world.add(
        WebhookDelivery.objects.create(
            community=community, webhook=webhook, notification=world["drivers.Notification"], outcome=mark
        )
    )


def _browsers(world: World) -> None:
    browser = world.add(
        PushSubscription.objects.create(
            user=world["drivers.Driver"].user, digest=world.mark, address_encrypted=TOKEN, secret_encrypted=TOKEN, host=world.mark,
            device=world.mark, is_for_news=True, created_at=NOW,
        )
    )  # fmt: skip
    notification = world["drivers.Notification"]
    world.add(PushNotice.objects.create(subscription=browser, notification=notification, due_at=NOW))


def _charging(world: World) -> None:
    mark, community = world.mark, world.community
    charge_point = world.add(
        ChargePointFactory(
            circuit=world["grid.Circuit"],
            identity=f"{mark}-CP",
            name=f"{mark} A-01",
            vendor=f"{mark} Wallbox",
            key_hash=hash_key(mark.encode() * 3),
        )
    )
    group = world.add(ConnectorGroup.objects.create(community=community, name=f"{mark} visitors"))
    world.add(SecurityRule.objects.create(community=community))
    world.add(
        PendingChargePoint.objects.create(
            community=community,
            identity=f"{mark}-NEW",
            address="192.0.2.1",
            vendor=f"{mark} Wallbox",
            first_seen_at=NOW,
            last_seen_at=NOW,
        )
    )
    world.add(
        ChargePointCertificate.objects.create(
            community=community,
            charge_point=charge_point,
            fingerprint=mark,
            serial_number="1",
            issuer=f"{mark} authority",
            not_before_at=NOW,
            not_after_at=NOW + HOUR,
            created_at=NOW,
        )
    )
    connector = world.add(ConnectorFactory(charge_point=charge_point, circuit=world["grid.Circuit"]))
    group.connectors.add(connector)
    world.add(
        SessionFactory(
            connector=connector,
            driver=world["drivers.Driver"],
            vehicle=world["fleet.Vehicle"],
            plugged_at=NOW,
            started_at=NOW,
            state=SessionState.ACTIVE,
            id_tag=f"{mark}TAG",
            transaction_id=TransactionNumber.objects.create().pk,
        )
    )
    world.add(
        StrayDraw.objects.create(community=community, connector=connector, source="current", drawn_at=NOW)
    )


def _access(world: World) -> None:
    world.add(
        RefusedCard.objects.create(
            community=world.community,
            charge_point=world["chargers.ChargePoint"],
            token=f"{world.mark}CARD",
            status="Invalid",
            first_at=NOW,
            last_at=NOW,
        )
    )
    world.add(
        AccessRule.objects.create(
            community=world.community,
            connector=world["chargers.Connector"],
            audience="group",
            group=world["drivers.DriverGroup"],
        )
    )


def _metering(world: World) -> None:
    mark, community, session = world.mark, world.community, world["chargers.Session"]
    world.add(
        SignedMeterValue.objects.create(
            community=community, session=session, received_at=NOW, data=f"OCMF|{mark}", digest=mark
        )
    )
    world.add(
        MeterMean.objects.create(
            id=uuid4(), community=community, connector=session.connector, session=session, begins_at=NOW, span_s=300,
            values=5,
        )
    )  # fmt: skip
    world.add(
        BillLine.objects.create(
            community=community,
            session=session,
            driver=world["drivers.Driver"],
            tariff=world["pricing.Tariff"],
            amount_minor=123,
            currency="EUR",
            started_at=NOW,
            ended_at=NOW,
        )
    )
    world.add(
        LoadProfile.objects.create(
            community=community, session=session, cluster=world["grid.Cluster"], begins_at=NOW, ended_at=NOW + HOUR,
            energies_wh=[1, 2, 3, 4], at_once_from=NOW, at_once_w=11_000, cost_minor=5, at_once_minor=7,
        )
    )  # fmt: skip


def _prices(world: World) -> None:
    mark, community = world.mark, world.community
    world.add(
        PriceChoice.objects.create(
            community=community, session=world["chargers.Session"], driver=world["drivers.Driver"],
            version=world["pricing.Tariff"].versions.get(), basis="driver_group", chosen_at=NOW,
        )
    )  # fmt: skip
    signal = world.add(
        EnergySignalFactory(
            community=community, name=f"{mark} market", area=mark, error=mark, token_encrypted=TOKEN
        )
    )
    world.add(
        SignalPublication.objects.create(
            community=community, signal=signal, begins_at=NOW, ends_at=NOW + HOUR, values=[1, 2, 3, 4],
            published_at=NOW, received_at=NOW, origin=mark,
        )
    )  # fmt: skip
    cluster = world["grid.Cluster"]
    world.add(DynamicPriceFactory(cluster=cluster, community=community, market=signal))
    world.add(
        PricePublication.objects.create(
            community=community, cluster=cluster, published_at=NOW, begins_at=NOW, ends_at=NOW + HOUR,
            per_mwh_minor=[1], terms={"grid": 9_500, "levies": 2_500, "mark": mark}, inputs={},
        )
    )  # fmt: skip
    world.add(AimSeason.objects.create(community=community, cluster=cluster, aim="price"))
    world.add(
        AimTrial.objects.create(community=community, cluster=cluster, measured_at=NOW, day=NOW.date(), days=0)
    )


def _wire(world: World) -> None:
    mark, connector = world.mark, world["chargers.Connector"]
    base = {"community": world.community, "charge_point": world["chargers.ChargePoint"]}
    world.add(
        ChargerCommand.objects.create(
            **base,
            connector=connector,
            kind="reset",
            idempotency_key=mark,
            requested_by=f"{mark} boss",
            queued_at=NOW,
            expires_at=NOW + HOUR,
        )
    )
    world.add(
        OcppMessage.objects.create(
            **base, at=NOW, direction="in", action="DataTransfer", unique_id="1", payload={"data": mark}
        )
    )
    world.add(
        OrphanMessage.objects.create(
            **base, received_at=NOW, action="StopTransaction", why=f"{mark} unknown", payload={}, digest=TOKEN
        )
    )
    world.add(
        DeviceVariable.objects.create(
            **base, component=f"{mark} EVSE", variable="Power", value=mark, told_at=NOW
        )
    )
    world.add(
        WaitingStart.objects.create(
            **base, uid=f"{mark}-uid", received_at=NOW, id_tag=f"{mark}TAG", payload={"data": mark}
        )
    )
    world.add(LocalList.objects.create(**base, listed={mark: ""}, told_at=NOW))


def _scheduling(world: World) -> None:
    mark, community = world.mark, world.community
    cluster, driver = world["grid.Cluster"], world["drivers.Driver"]
    session, connector = world["chargers.Session"], world["chargers.Connector"]
    world.add(
        SlotRequestFactory(
            cluster=cluster,
            driver=driver,
            connector=connector,
            created_at=NOW,
            session=session,
            why=f"{mark} why",
        )
    )
    world.add(
        EmergencyRequest.objects.create(
            community=community,
            driver=driver,
            reason=f"{mark} hospital",
            energy_wh=5000,
            needed_by=NOW + 400 * 24 * HOUR,
            until=NOW + 400 * 24 * HOUR,
            state="pending",
            state_since=NOW,
            created_at=NOW,
        )
    )
    world.add(
        CalendarFeed.objects.create(community=community, driver=driver, token_digest=mark, created_at=NOW)
    )
    world.add(
        Habit.objects.create(
            community=community, driver=driver, takes_share=0.5, objection="Not so", updated_at=NOW
        )
    )
    world.add(
        AbuseFinding.objects.create(
            community=community,
            driver=driver,
            kind="no_show",
            subject=mark,
            evidence={"at": mark},
            found_at=NOW,
        )
    )


def _money(world: World) -> None:
    mark, base = world.mark, {"community": world.community}
    month = world.add(BillingMonth.objects.create(**base, first_day=NOW.date().replace(day=1)))
    statement = world.add(
        Statement.objects.create(
            **base,
            month=month,
            driver=world["drivers.Driver"],
            currency="EUR",
            label=f"{mark}-1",
            reason=mark,
        )
    )
    world.add(
        StatementItem.objects.create(
            **base, statement=statement, bill_line=world["pricing.BillLine"], amount_minor=5
        )
    )
    world.add(
        Waiver.objects.create(
            **base, line=world["pricing.BillLine"], reason=mark, waived_by=f"{mark} waiver", waived_at=NOW
        )
    )
    world.add(BillingDetails.objects.create(**base, name=f"{mark} biller"))
    world.add(TaxRate.objects.create(**base, valid_from=NOW.date(), rate_bp=1900))
    world.add(
        DemandCharge.objects.create(
            **base, cluster=world["grid.Cluster"], first_day=NOW.date().replace(day=1), per_kw_minor=5
        )
    )
    driver, of = world["drivers.Driver"], {**base, "statement": statement}
    world.add(Payment.objects.create(**of, way="account", amount_minor=5, paid_on=NOW.date(), created_at=NOW))
    world.add(Reminder.objects.create(**of, level=1, open_minor=5, sent_at=NOW))
    mandate = Mandate.objects.create(
        **base, driver=driver, reference=f"{mark} M", holder=mark, iban_encrypted=TOKEN, iban_end="DE… 2051",
        signed_on=NOW.date(), created_at=NOW,
    )  # fmt: skip
    world.add(mandate)
    run = world.add(
        DebitRun.objects.create(**base, message=f"{mark} run", collect_on=NOW.date(), created_at=NOW)
    )
    world.add(Debit.objects.create(**of, run=run, mandate=mandate, amount_minor=5))
    wallet = world.add(Wallet.objects.create(**base, driver=driver, currency="EUR", created_at=NOW))
    world.add(
        WalletEntry.objects.create(
            **base,
            wallet=wallet,
            sequence=1,
            kind="filled",
            amount_minor=5,
            balance_minor=5,
            floor_minor=0,
            note=mark,
            at=NOW,
        )
    )


def _alarms(world: World, mark: str, cluster: Any) -> None:
    alarm = Alarm.objects.create(
        community=cluster.community, cluster=cluster, kind="offline", about=mark, name=mark, began_at=NOW, seen_at=NOW, kept_at=NOW, raised_at=NOW,
        said=Said("alarm.limit_refused", {"connector": mark}),
    )  # fmt: skip
    channel = AlarmChannel.objects.create(user=world.manager, kind="mail", outcome=mark, created_at=NOW)
    world.add(alarm)
    world.add(channel)
    world.add(AlarmNotice.objects.create(channel=channel, alarm=alarm, is_end=False, due_at=NOW))


def _balancing(world: World) -> None:
    mark, community = world.mark, world.community
    cluster, session = world["grid.Cluster"], world["chargers.Session"]
    world.add(
        ArrivalForecast.objects.create(
            community=community, cluster=cluster, learned_at=NOW, day=NOW.date(), days=1, flows=[]
        )
    )
    world.add(
        SharingPrice.objects.create(
            community=community, cluster=cluster, measured_at=NOW, day=NOW.date(), days=0
        )
    )
    world.add(HouseRules.objects.create(community=community))
    world.add(
        Attendance.objects.create(
            community=community, cluster=cluster, stood_in_at=NOW, stand_in=f"{mark} web"
        )
    )
    _alarms(world, mark, cluster)
    world.add(
        BalanceTrouble.objects.create(
            community=community, cluster=cluster, step="weights", error=f"{mark}Error", since=NOW, at=NOW
        )
    )
    world.add(
        FairnessEntry.objects.create(
            community=community,
            cluster=cluster,
            driver=world["drivers.Driver"],
            session=session,
            at=NOW,
            wanted_wh=9,
            received_wh=8,
        )
    )
    world.add(
        RebalanceRun.objects.create(
            community=community,
            cluster=cluster,
            at=NOW,
            trigger="beat",
            duration_ms=3,
            inputs_digest="x",
            decisions={"note": mark},
        )
    )
    world.add(
        Allotment.objects.create(
            community=community,
            connector=world["chargers.Connector"],
            session=session,
            reason="idle",
            facts={},
            since=NOW,
            at=NOW,
        )
    )
