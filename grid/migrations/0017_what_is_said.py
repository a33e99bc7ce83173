from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grid", "0016_everybody_first")]

    operations = [
        migrations.AddField(
            "temporarylimit",
            "reason_said",
            models.JSONField(
                blank=True,
                default=None,
                editable=False,
                help_text="The system's reason, where nobody wrote one.",
                null=True,
            ),
        ),
        migrations.AlterField(
            "temporarylimit",
            "reason",
            models.CharField(blank=True, help_text="The words of who imposed it.", max_length=200),
        ),
    ]
