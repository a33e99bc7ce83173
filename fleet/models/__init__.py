from fleet.models.connection import ConnectState, SmartcarConnection
from fleet.models.vehicle import Vehicle, VehicleReading

__all__ = ["ConnectState", "SmartcarConnection", "Vehicle", "VehicleReading"]
