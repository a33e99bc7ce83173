"""What the end of a driver's account means for the driver's cars."""

from datetime import datetime
from uuid import uuid4

from drivers.models import Driver
from fleet.models import SmartcarConnection, Vehicle, VehicleReading


def erase_cars(driver: Driver, *, now: datetime) -> None:
    """Forget what the driver's cars are called and told; sessions keep the rows. In the caller's transaction."""
    VehicleReading.objects.filter(vehicle__driver=driver).delete()
    Vehicle.objects.filter(driver=driver).update(name="Car", connection=None, smartcar_id="", retired_at=now)
    for consent in SmartcarConnection.objects.filter(driver=driver):
        SmartcarConnection.objects.filter(pk=consent.pk).update(smartcar_user_id=uuid4().hex, scopes=[])
