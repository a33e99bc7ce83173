from django.db import models


class LineKind(models.TextChoices):
    ENERGY = "energy", "Energy"
    OVERSTAY = "overstay", "Overstay"
    EMERGENCY = "emergency", "Emergency surcharge"
    ADJUSTMENT = "adjustment", "Adjustment"
