from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0004_invitations_preferences_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="preference",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("en", "English"), ("de", "Deutsch")],
                help_text="In which the driver is told; the server's if empty.",
                max_length=7,
            ),
        ),
    ]
