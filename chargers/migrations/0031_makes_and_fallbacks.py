import evbalancer.common.db.fields
from django.db import migrations, models


def rename_in_trail(apps, schema_editor):
    """The page of a make finds its history by this name."""
    trail = apps.get_model("grid", "AuditEntry").objects
    trail.filter(target_kind="chargers.ChargePointModel").update(target_kind="chargers.Make")


def name_as_before(apps, schema_editor):
    trail = apps.get_model("grid", "AuditEntry").objects
    trail.filter(target_kind="chargers.Make").update(target_kind="chargers.ChargePointModel")


class Migration(migrations.Migration):
    dependencies = [
        ("chargers", "0030_plainer_words_of_fields"),
        ("grid", "0019_plainer_words_of_fields"),
    ]

    operations = [
        migrations.RunPython(rename_in_trail, name_as_before, elidable=True),
        migrations.RemoveConstraint(model_name="chargepointmodel", name="charge_point_model_once"),
        migrations.RemoveConstraint(model_name="modelcorrection", name="model_correction_once_per_place"),
        migrations.RenameModel("ChargePointModel", "Make"),
        migrations.RenameModel("ModelCorrection", "MakeCorrection"),
        migrations.RenameField("MakeCorrection", "model", "make"),
        migrations.RenameField("Make", "shows_idle_default", "shows_idle_fallback"),
        migrations.RenameField("ChargePoint", "kind", "make"),
        migrations.AlterField(
            model_name='chargercommand',
            name='kind',
            field=models.CharField(choices=[('set_limit', 'Set the limit of a transaction'), ('set_default_limit', 'Set the fallback'), ('clear_limits', 'Clear charging profiles'), ('read_limit', 'Read the composite schedule back'), ('remote_start', 'Start a transaction'), ('remote_stop', 'Stop a transaction'), ('unlock', 'Unlock the connector'), ('reset', 'Reset'), ('change_availability', 'Change availability'), ('trigger', 'Trigger a message'), ('read_configuration', 'Read the configuration'), ('change_configuration', 'Change the configuration'), ('clear_cache', 'Clear the authorization cache'), ('reserve', 'Reserve a connector'), ('cancel_reservation', 'Cancel a reservation'), ('send_local_list', 'Send the local authorization list'), ('read_local_list_version', "Read the local list's version"), ('update_firmware', 'Update the firmware'), ('get_log', 'Have a log uploaded'), ('install_certificate', 'Install a root certificate'), ('delete_certificate', 'Delete a root certificate'), ('read_certificates', 'List the installed root certificates'), ('send_certificate', 'Send its signed certificate'), ('data_transfer', 'Send vendor data'), ('change_key', 'Give it its next key'), ('set_station_limit', 'Limit the whole charge point'), ('read_profiles', 'List the charging profiles'), ('read_transaction', 'Ask what is known of a transaction'), ('read_inventory', 'Report the device model'), ('read_components', 'Report parts of the device model'), ('show_message', 'Show a message on the display'), ('read_messages', 'List the messages on the display'), ('clear_message', 'Take a message off the display'), ('tell_cost', 'Tell the cost so far'), ('set_monitoring', 'Choose the set of monitors'), ('set_monitoring_level', 'Choose the least severity of reported events'), ('monitor', 'Monitor a variable'), ('clear_monitors', 'Remove monitors'), ('read_monitors', 'List the monitors'), ('customer_data', 'Report or clear what is kept of a customer'), ('set_network', 'Store a network profile'), ('publish_firmware', 'Publish firmware to its neighbours'), ('unpublish_firmware', 'Stop publishing firmware')], max_length=24),
        ),
        migrations.AlterField(
            model_name='connector',
            name='default_from_at',
            field=models.DateTimeField(editable=False, help_text='Of the running transaction: from here on its fallback may be past the wait.', null=True),
        ),
        migrations.AlterField(
            model_name='connector',
            name='fallback_ma',
            field=evbalancer.common.db.fields.MilliampField(blank=True, help_text='Confirmed fallback; nameplate if empty.', null=True),
        ),
        migrations.AlterField(
            model_name='make',
            name='honours_relative',
            field=models.BooleanField(help_text='The fallback may begin with 0 A and rise later.', null=True),
        ),
        migrations.AlterField(
            model_name='make',
            name='keeps_transaction_at_zero',
            field=models.BooleanField(help_text='0 A pauses the car; on some makes it ends the transaction.', null=True),
        ),
        migrations.AddConstraint(
            model_name='make',
            constraint=models.UniqueConstraint(fields=('vendor', 'model'), name='make_once'),
        ),
        migrations.AddConstraint(
            model_name='makecorrection',
            constraint=models.UniqueConstraint(fields=('make', 'action', 'place', 'how'), name='make_correction_once_per_place'),
        ),
    ]
