"""Which button imposed a limit. Until now the button of the live page found its own by their reason."""

from django.db import migrations, models


def name_the_cuts(apps, schema_editor):
    rows = apps.get_model("grid", "TemporaryLimit").objects
    rows.filter(reason="Cut to 50 % on the live page", source="manager").update(button="live-page-cut")


class Migration(migrations.Migration):

    dependencies = [
        ('grid', '0013_rules_in_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='temporarylimit',
            name='button',
            field=models.CharField(blank=True, editable=False, help_text='The button that imposed it and takes back its own; empty for all others.', max_length=20),
        ),
        migrations.RunPython(name_the_cuts, migrations.RunPython.noop),
    ]
