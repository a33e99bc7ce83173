from django.db import migrations, models

from evbalancer.common.db.migrations import AddIndexBesideWork


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("chargers", "0013_maximum_and_read_back"),
    ]

    operations = [
        AddIndexBesideWork(
            model_name="chargercommand",
            index=models.Index(fields=["state", "expires_at"], name="command_by_state"),
        ),
        AddIndexBesideWork(
            model_name="chargercommand",
            index=models.Index(fields=["charge_point", "kind", "queued_at"], name="command_by_kind"),
        ),
        AddIndexBesideWork(
            model_name="chargercommand",
            index=models.Index(fields=["connector", "kind", "queued_at"], name="command_by_connector"),
        ),
        migrations.RemoveIndex(
            model_name="chargercommand",
            name="command_open_by_charge_point",
        ),
    ]
