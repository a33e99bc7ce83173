from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drivers", "0011_rules_in_words")]

    operations = [
        migrations.AddField(
            "notification", "said", models.JSONField(blank=True, default=None, editable=False, null=True)
        ),
        migrations.AlterField(
            "notification",
            "text",
            models.CharField(
                blank=True, editable=False, help_text="As it was written before facts were kept.", max_length=300
            ),
        ),
        migrations.AddField(
            "strike",
            "decision_said",
            models.JSONField(
                blank=True,
                default=None,
                editable=False,
                help_text="The system's, where no manager decided.",
                null=True,
            ),
        ),
        migrations.AlterField(
            "strike", "decision", models.CharField(blank=True, help_text="A manager's words.", max_length=200)
        ),
    ]
