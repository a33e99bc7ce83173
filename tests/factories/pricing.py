from datetime import UTC, datetime

import factory

from pricing.models import EnergySignal, Tariff, TariffWindow
from tests.factories.grid import CommunityFactory


class TariffFactory(factory.django.DjangoModelFactory):
    """30 cents a kWh, always."""

    class Meta:
        model = Tariff

    community = factory.SubFactory(CommunityFactory)
    name = "House tariff"
    valid_from = datetime(2026, 1, 1, tzinfo=UTC)
    base_price_per_mwh_minor = 30_000


class TariffWindowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TariffWindow

    tariff = factory.SubFactory(TariffFactory)
    community = factory.SelfAttribute("tariff.community")
    start_min = 0
    end_min = 360
    price_per_mwh_minor = 20_000


class EnergySignalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EnergySignal

    community = factory.SubFactory(CommunityFactory)
    name = factory.Sequence(lambda number: f"Market {number}")
