from uuid import uuid4

from django.db import migrations, models


class Migration(migrations.Migration):
    # PostgreSQL changes no table whose rows were written in the same transaction.
    dependencies = [("scheduling", "0013_stay_in_the_ledger")]

    operations = [
        migrations.AlterField(
            "fairnessentry",
            "stay_id",
            models.UUIDField(
                default=uuid4, unique=True, editable=False, help_text="One line a stay, however often it was interrupted."
            ),
        ),
    ]
