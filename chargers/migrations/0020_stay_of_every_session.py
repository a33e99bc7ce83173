from uuid import uuid4

from django.db import migrations, models


class Migration(migrations.Migration):
    # PostgreSQL changes no table whose rows were written in the same transaction.
    dependencies = [("chargers", "0019_stay_of_sessions")]

    operations = [
        migrations.AlterField(
            "session",
            "stay_id",
            models.UUIDField(
                default=uuid4,
                db_index=True,
                editable=False,
                help_text="The same for every transaction of a car from plug to unplug.",
            ),
        ),
    ]
