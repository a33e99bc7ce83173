"""Forms of the commands about a charge point's device model, monitors and display."""

from typing import Any

from django import forms

from chargers.admin.commands.command_form import CommandForm, NamesField
from chargers.domain.orders.commands import last_number
from chargers.enums import CommandKind
from chargers.orders import device


class InventoryForm(CommandForm):
    ordered = device.ReadInventory


class ComponentsForm(CommandForm):
    ordered = device.ReadComponents


class MonitoringForm(CommandForm):
    ordered = device.SetMonitoring


class SeverityForm(CommandForm):
    ordered = device.SetMonitoringLevel


class MonitorForm(CommandForm):
    ordered = device.Monitor


class ClearMonitorsForm(CommandForm):
    monitor_numbers = NamesField(label="Numbers of the monitors")

    def clean_monitor_numbers(self) -> list[int]:
        words: list[str] = self.cleaned_data["monitor_numbers"]
        if not all(word.isdecimal() for word in words):
            raise forms.ValidationError("Numbers, separated by blanks.")
        return [int(word) for word in words]


class ReadMonitorsForm(CommandForm):
    ordered = device.ReadMonitors


class ShowMessageForm(CommandForm):
    ordered = device.ShowMessage

    text = forms.CharField(max_length=512, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.SHOW_MESSAGE, "message_number")
        self.fields["message_number"].initial = last + 1


class ReadMessagesForm(CommandForm):
    ordered = device.ReadMessages


class ClearMessageForm(CommandForm):
    ordered = device.ClearMessage
