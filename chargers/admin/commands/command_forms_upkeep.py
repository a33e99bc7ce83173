"""Forms of the commands that keep a charge point going: restarts, firmware, logs, certificates, configuration."""

from typing import Any

from django import forms

from chargers.admin.commands.command_form import (
    CommandForm,
    choice_field,
    connector_field,
    tag_field,
    whole_field,
)
from chargers.orders import trust, upkeep

TRIGGERS = (
    "StatusNotification",
    "MeterValues",
    "BootNotification",
    "Heartbeat",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SignChargePointCertificate",
    "TransactionEvent",
)
# What OCPP 1.6 has in the extended call of its security extensions only.
EXTENDED = ("LogStatusNotification", "SignChargePointCertificate")
ROOTS = (("central_system", "Of this server"), ("manufacturer", "Of the manufacturer's firmware"))
MORE_ROOTS = (
    ("vehicle_to_grid", "Of plug & charge (V2G)"),
    ("mobility_operator", "Of drivers' contracts (MO)"),
)
ALL_ROOTS = (*ROOTS, *MORE_ROOTS)
ADDRESS_HELP = "http, https, ftp, ftps or sftp."


class ResetForm(CommandForm):
    ordered = upkeep.Reset


class TriggerForm(CommandForm):
    message = choice_field("Ask for", [(name, name) for name in TRIGGERS])
    connector = connector_field(required=False)

    def arguments(self) -> dict[str, Any]:
        given = super().arguments()
        return {**given, "extended": True} if given["message"] in EXTENDED else given


class ReadConfigurationForm(CommandForm):
    ordered = upkeep.ReadConfiguration


class ChangeConfigurationForm(CommandForm):
    key = forms.CharField(max_length=160)
    value = forms.CharField(max_length=1_000, required=False)

    def arguments(self) -> dict[str, Any]:
        return {"key": self.cleaned_data["key"].strip(), "value": self.cleaned_data["value"]}


class FirmwareForm(CommandForm):
    ordered = upkeep.UpdateFirmware

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if bool(data.get("certificate")) != bool(data.get("signature")):
            raise forms.ValidationError("Signed firmware has both a certificate and a signature.")
        return data


class PublishForm(CommandForm):
    url = forms.CharField(label="Address of the image", max_length=512, help_text=ADDRESS_HELP)
    checksum = forms.CharField(label="MD5 checksum", min_length=32, max_length=32)
    retries = whole_field("Tries", required=False)
    retry_s = whole_field("Seconds between tries", required=False)


class UnpublishForm(CommandForm):
    checksum = forms.CharField(label="MD5 checksum", min_length=32, max_length=32)


class LogForm(CommandForm):
    ordered = upkeep.GetLog


class InstallCertificateForm(CommandForm):
    ordered = trust.InstallCertificate


class DeleteCertificateForm(CommandForm):
    ordered = trust.DeleteCertificate


class ReadCertificatesForm(CommandForm):
    use = choice_field("Roots of what", ALL_ROOTS)


class SendCertificateForm(CommandForm):
    ordered = trust.SendCertificate


class NetworkForm(CommandForm):
    slot = whole_field("Slot")
    server_url = forms.CharField(label="Address of the server", max_length=512, help_text="wss:// or ws://")
    security_profile = choice_field(
        "Security profile",
        [("1", "1: password"), ("2", "2: TLS and password"), ("3", "3: TLS with client certificate")],
    )
    timeout_s = whole_field("Seconds until a call has failed", initial=30)
    interface = choice_field(
        "Over",
        [(f"{way}{number}", f"{way} {number}") for way in ("Wired", "Wireless") for number in range(4)],
    )

    def clean_security_profile(self) -> int:
        return int(self.cleaned_data["security_profile"])


class DataTransferForm(CommandForm):
    vendor = forms.CharField(max_length=255)
    message = forms.CharField(max_length=50, required=False)
    content = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))

    def arguments(self) -> dict[str, Any]:
        given = super().arguments()
        return {{"content": "data"}.get(name, name): value for name, value in given.items()}


class CustomerForm(CommandForm):
    tag = tag_field(required=False, empty_label="By name")
    customer = forms.CharField(label="Name the station knows", max_length=64, required=False)
    report = forms.BooleanField(label="Report it to us", required=False)
    clear = forms.BooleanField(label="Clear it there", required=False)
