from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0001_initial")]

    operations = [
        migrations.RenameField("connectstate", "session_digest", "nonce_digest"),
        migrations.AddField(
            "smartcarconnection",
            "refreshing_until",
            models.DateTimeField(
                null=True,
                blank=True,
                editable=False,
                help_text="Somebody is at the token endpoint: a lease, not a lock.",
            ),
        ),
        migrations.AddField(
            "vehicle",
            "polled_at",
            models.DateTimeField(null=True, blank=True, help_text="When the provider was last asked."),
        ),
        migrations.AddField(
            "vehicle",
            "wait_until",
            models.DateTimeField(null=True, blank=True, help_text="The provider wants no call before then."),
        ),
    ]
