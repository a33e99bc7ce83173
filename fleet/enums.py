from django.db import models


class PlugState(models.TextChoices):
    UNKNOWN = "unknown", "Unknown"
    UNPLUGGED = "unplugged", "Unplugged"
    PLUGGED = "plugged", "Plugged in"


class ChargeState(models.TextChoices):
    UNKNOWN = "unknown", "Unknown"
    NOT_CHARGING = "not_charging", "Not charging"
    CHARGING = "charging", "Charging"
    FULL = "full", "Full"


class ReadingSource(models.TextChoices):
    SMARTCAR = "smartcar", "Smartcar"
    CHARGER = "charger", "Charger"
    DRIVER = "driver", "Driver"


class ConnectionState(models.TextChoices):
    CONNECTED = "connected", "Connected"
    RECONNECT_NEEDED = "reconnect_needed", "Reconnect needed"
    DISCONNECTED = "disconnected", "Disconnected"
