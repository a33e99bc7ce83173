import factory

from fleet.models import Vehicle
from tests.factories.drivers import DriverFactory


class VehicleFactory(factory.django.DjangoModelFactory):
    """An 11 kW car with 60 kWh."""

    class Meta:
        model = Vehicle

    driver = factory.SubFactory(DriverFactory)
    community = factory.SelfAttribute("driver.community")
    name = factory.Sequence(lambda n: f"Car {n}")
    battery_wh = 60_000
    phases = 3
    max_current_ma = 16_000
