from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F

# What every suspension lasted before communities could choose.
LASTED = timedelta(days=14)


def note_suspensions(apps: Any, schema_editor: Any) -> None:
    apps.get_model("drivers", "Strike").objects.update(suspended_until=F("given_at") + LASTED)


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0006_overdraw_notification"),
    ]

    operations = [
        migrations.AddField(
            model_name="strike",
            name="suspended_until",
            field=models.DateTimeField(
                blank=True, help_text="The end of the suspension that it brought, if it did.", null=True
            ),
        ),
        migrations.RunPython(note_suspensions, migrations.RunPython.noop),
    ]
