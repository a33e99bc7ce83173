"""Each fact has a time of its own, and the word of a made-up car is known as such."""

from django.db import migrations, models
from django.db.models import F

SOURCES = [("smartcar", "Smartcar"), ("charger", "Charger"), ("driver", "Driver"), ("mock", "Made-up car")]


def keep_what_is_known(apps, schema_editor):
    """Until now one time stood for plug and charging; cars of the built-in provider have ids that say so."""
    vehicles = apps.get_model("fleet", "Vehicle").objects.all()
    vehicles.exclude(plug_at=None).update(charging_at=F("plug_at"))
    made_up = vehicles.filter(smartcar_id__startswith="mock-")
    apps.get_model("fleet", "VehicleReading").objects.filter(
        vehicle__in=made_up.values("pk"), source="smartcar"
    ).update(source="mock")
    made_up.filter(charge_source="smartcar").update(charge_source="mock")


class Migration(migrations.Migration):
    dependencies = [("fleet", "0003_cars_budget_stays")]

    operations = [
        migrations.AddField(
            model_name="vehicle",
            name="charging_at",
            field=models.DateTimeField(
                blank=True, help_text="When the car reported whether it charges.", null=True
            ),
        ),
        migrations.AddField(
            model_name="vehicle",
            name="facts_at",
            field=models.JSONField(
                blank=True,
                default=dict,
                editable=False,
                help_text="When it reported range, odometer and charge limit.",
            ),
        ),
        migrations.AlterField(
            model_name="vehicle",
            name="plug_at",
            field=models.DateTimeField(
                blank=True, help_text="When the car reported whether it is plugged in.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="vehicle",
            name="charge_source",
            field=models.CharField(blank=True, choices=SOURCES, max_length=10),
        ),
        migrations.AlterField(
            model_name="vehiclereading",
            name="source",
            field=models.CharField(choices=SOURCES, max_length=10),
        ),
        migrations.RunPython(keep_what_is_known, migrations.RunPython.noop),
    ]
