from fleet.models.budget import CallBudget, CallCount
from fleet.models.connection import ConnectState, SmartcarConnection
from fleet.models.place import Place
from fleet.models.stay import Stay, VehicleLesson
from fleet.models.vehicle import Vehicle, VehicleReading
from fleet.models.webhook import WebhookEvent

__all__ = [
    "CallBudget",
    "CallCount",
    "ConnectState",
    "Place",
    "SmartcarConnection",
    "Stay",
    "Vehicle",
    "VehicleLesson",
    "VehicleReading",
    "WebhookEvent",
]
