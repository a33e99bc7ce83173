from django.db import migrations, models
from django.db.models import F


def one_stay_each(apps, schema_editor):
    """What was stored before is one stay for each session: in one statement, however many there are."""
    apps.get_model("chargers", "Session").objects.update(stay_id=F("id"))


class Migration(migrations.Migration):
    dependencies = [("chargers", "0018_session_verdict")]

    operations = [
        migrations.AddField("session", "stay_id", models.UUIDField(null=True, editable=False)),
        migrations.AddField(
            "session",
            "stay_began_at",
            models.DateTimeField(
                null=True, blank=True, editable=False, help_text="Empty for the first transaction of a stay."
            ),
        ),
        migrations.AddField(
            "session",
            "energy_before_wh",
            models.PositiveIntegerField(
                default=0, editable=False, help_text="What earlier transactions of the same stay brought."
            ),
        ),
        migrations.RunPython(one_stay_each, migrations.RunPython.noop, elidable=True),
    ]
