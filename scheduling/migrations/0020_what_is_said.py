from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0019_what_is_learnt_of_drivers")]

    operations = [
        migrations.AddField(
            "slotrequest",
            "why_said",
            models.JSONField(
                blank=True,
                default=None,
                editable=False,
                help_text="Why less of it is promised, or why it ended.",
                null=True,
            ),
        ),
        migrations.AlterField(
            "slotrequest",
            "why",
            models.CharField(
                blank=True, editable=False, help_text="As it was written before facts were kept.", max_length=300
            ),
        ),
        migrations.AlterField(
            "emergencyrequest",
            "reasons",
            models.JSONField(
                blank=True, default=list, editable=False, help_text="Why the rule, or the manager, decided so."
            ),
        ),
    ]
