from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """Apart from the one before: PostgreSQL changes no table in a transaction that has changed its rows."""

    dependencies = [("drivers", "0018_one_account_a_person")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower("username"),
                name="account_one_per_name",
                violation_error_message="Somebody has this user name; choose another one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="account_one_per_address",
                violation_error_message="Another account has this e-mail address.",
            ),
        ),
    ]
