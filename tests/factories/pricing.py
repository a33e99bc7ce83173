from datetime import UTC, datetime, timedelta

import factory

from chargers.enums import SessionState
from chargers.models import Connector
from grid.domain.audit import SYSTEM
from pricing.domain.versions import publish_version
from pricing.enums import LineKind
from pricing.models import (
    BillLine,
    DynamicPrice,
    EnergySignal,
    Tariff,
    TariffAssignment,
    TariffVersion,
    TariffWindow,
)
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import ClusterFactory, CommunityFactory


def session_of(line):
    """At the community's one connector, so that a thousand lines need no thousand chargers."""
    connector = Connector.objects.filter(community=line.community).first()
    return SessionFactory(
        connector=connector or ConnectorFactory(circuit__cluster__community=line.community),
        driver=line.driver,
        plugged_at=line.started_at,
        started_at=line.started_at,
        stopped_at=line.ended_at,
        meter_start_wh=100_000,
        meter_stop_wh=100_000 + line.energy_wh,
        energy_wh=line.energy_wh,
        state=SessionState.ENDED,
    )


def publish(tariff):
    """The tariff as it is now, as its only version."""
    if not BillLine.objects.filter(tariff=tariff).exists():
        TariffVersion.objects.filter(tariff=tariff).delete()
    return publish_version(tariff, by=SYSTEM, now=tariff.valid_from)


class TariffFactory(factory.django.DjangoModelFactory):
    """30 cents a kWh, always."""

    class Meta:
        model = Tariff
        skip_postgeneration_save = True

    community = factory.SubFactory(CommunityFactory)
    name = "House tariff"
    valid_from = datetime(2026, 1, 1, tzinfo=UTC)
    base_price_per_mwh_minor = 30_000

    @factory.post_generation
    def published(self, create, extracted, **kwargs):
        publish(self)


class TariffWindowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TariffWindow
        skip_postgeneration_save = True

    tariff = factory.SubFactory(TariffFactory)
    community = factory.SelfAttribute("tariff.community")
    start_min = 0
    end_min = 360
    price_per_mwh_minor = 20_000

    @factory.post_generation
    def published(self, create, extracted, **kwargs):
        publish(self.tariff)


class TariffAssignmentFactory(factory.django.DjangoModelFactory):
    """For everybody, from the tariff's begin on."""

    class Meta:
        model = TariffAssignment

    tariff = factory.SubFactory(TariffFactory, is_standing=False)
    community = factory.SelfAttribute("tariff.community")
    begins_at = factory.SelfAttribute("tariff.valid_from")


class EnergySignalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EnergySignal

    community = factory.SubFactory(CommunityFactory)
    name = factory.Sequence(lambda number: f"Market {number}")


class BillLineFactory(factory.django.DjangoModelFactory):
    """The energy of an ended session of the driver: 10 kWh for 3.00, in the evening of 10 November 2026."""

    class Meta:
        model = BillLine

    driver = factory.SubFactory(DriverFactory)
    community = factory.SelfAttribute("driver.community")
    session = factory.LazyAttribute(session_of)
    kind = LineKind.ENERGY
    energy_wh = 10_000
    amount_minor = 300
    currency = "EUR"
    started_at = datetime(2026, 11, 10, 18, 0, tzinfo=UTC)
    ended_at = factory.LazyAttribute(lambda line: line.started_at + timedelta(hours=2))
    parts = factory.LazyAttribute(
        lambda line: [
            {
                "start": line.started_at.isoformat(),
                "end": line.ended_at.isoformat(),
                "energy_wh": line.energy_wh,
                "price_per_mwh_minor": 30_000,
            }
        ]
    )


class DynamicPriceFactory(factory.django.DjangoModelFactory):
    """11 cents of grid fee and 19 % tax on what the market says, from nothing to a euro."""

    class Meta:
        model = DynamicPrice

    cluster = factory.SubFactory(ClusterFactory)
    community = factory.SelfAttribute("cluster.community")
    market = factory.SubFactory(EnergySignalFactory, community=factory.SelfAttribute("..community"))
    fallback_per_mwh_minor = 10_000
    grid_fee_per_mwh_minor = 11_000
    tax_permille = 190
    ceiling_per_mwh_minor = 100_000


def unknown_headroom(_start, count):
    """A forecast that knows nothing, so that no scarcity is in the price."""
    return [None] * count
