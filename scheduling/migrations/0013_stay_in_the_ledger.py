from django.db import migrations, models
from django.db.models import F


def one_line_each(apps, schema_editor):
    """Lines written before are of one session, whose stay has its id."""
    apps.get_model("scheduling", "FairnessEntry").objects.update(stay_id=F("session_id"))


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0012_learned_taking"), ("chargers", "0020_stay_of_every_session")]

    operations = [
        migrations.AddField("fairnessentry", "stay_id", models.UUIDField(null=True, editable=False)),
        migrations.AddField(
            "fairnessentry",
            "given_up_wh",
            models.PositiveIntegerField(
                default=0, help_text="Of what was wanted: left to others by stopping or leaving early."
            ),
        ),
        migrations.AddField(
            "slotrequest",
            "received_wh",
            models.PositiveIntegerField(
                null=True,
                blank=True,
                editable=False,
                help_text="Over the whole stay, once the slot is settled.",
            ),
        ),
        migrations.AlterField(
            "slotrequest",
            "state",
            models.CharField(
                max_length=16,
                choices=[
                    ("promised", "Promised"),
                    ("partly_promised", "Promised in part"),
                    ("queued", "Queued"),
                    ("refused", "Refused"),
                    ("active", "Charging"),
                    ("fulfilled", "Fulfilled"),
                    ("unmet", "Not met"),
                    ("left", "Left early"),
                    ("cancelled", "Cancelled"),
                    ("lapsed", "Lapsed"),
                ],
            ),
        ),
        migrations.AlterField(
            "emergencyrequest",
            "energy_before_wh",
            models.PositiveIntegerField(default=0, help_text="What the stay had when it was claimed."),
        ),
        migrations.RunPython(one_line_each, migrations.RunPython.noop, elidable=True),
    ]
