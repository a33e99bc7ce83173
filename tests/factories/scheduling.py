from datetime import timedelta

import factory

from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from tests.factories.drivers import DriverFactory
from tests.factories.grid import ClusterFactory


class SlotRequestFactory(factory.django.DjangoModelFactory):
    """10 kWh promised from `created_at` on, within eight hours."""

    class Meta:
        model = SlotRequest

    cluster = factory.SubFactory(ClusterFactory)
    community = factory.SelfAttribute("cluster.community")
    driver = factory.SubFactory(DriverFactory, community=factory.SelfAttribute("..community"))
    energy_wh = 10_000
    promised_wh = 10_000
    not_before = factory.SelfAttribute("created_at")
    ready_by = factory.LazyAttribute(lambda slot: slot.not_before + timedelta(hours=8))
    state = SlotState.PROMISED
    state_since = factory.SelfAttribute("created_at")
