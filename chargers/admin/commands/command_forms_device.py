"""Forms of the commands about a charge point's device model, monitors and display."""

from typing import Any

from django import forms

from chargers.admin.commands.command_form import (
    CommandForm,
    NamesField,
    choice_field,
    moment_field,
    whole_field,
)
from chargers.domain.orders.commands import last_number
from chargers.enums import CommandKind

PRIORITIES = (("cycle", "In turn with others"), ("front", "Before others"), ("always", "Always in front"))
STATES = (
    ("charging", "While charging"),
    ("idle", "While idle"),
    ("faulted", "While faulted"),
    ("unavailable", "While out of service"),
)
NAMES_HELP = "Component.Variable, separated by blanks, as EVSE/1.Power; a component alone means all of it."


class InventoryForm(CommandForm):
    base = choice_field(
        "Which part",
        [("configuration", "What can be configured"), ("full", "Everything"), ("summary", "What is wrong")],
    )


class ComponentsForm(CommandForm):
    names = NamesField(required=False, help_text=NAMES_HELP)
    criteria = forms.MultipleChoiceField(
        label="Components that are",
        required=False,
        choices=[
            ("active", "Active"),
            ("available", "Available"),
            ("enabled", "Enabled"),
            ("problem", "Faulty"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )


class MonitoringForm(CommandForm):
    base = choice_field(
        "Monitors",
        [
            ("all", "All that were set"),
            ("factory", "The factory's"),
            ("hard_wired", "Only the built-in ones"),
        ],
    )


class SeverityForm(CommandForm):
    severity = whole_field("Up to severity", max_value=9, help_text="0 is danger, 9 is debugging.", initial=5)


class MonitorForm(CommandForm):
    name = forms.CharField(max_length=160, help_text="Component.Variable, as EVSE/1.Power.")
    kind = choice_field(
        "Tell when",
        [
            ("above", "It rises above"),
            ("below", "It falls below"),
            ("change", "It changes by"),
            ("periodic", "Every so many seconds"),
            ("clock_aligned", "Every so many seconds of the clock"),
        ],
    )
    value = forms.FloatField()
    severity = whole_field("Severity", max_value=9, initial=5)
    only_charging = forms.BooleanField(label="Only during a transaction", required=False)


class ClearMonitorsForm(CommandForm):
    monitor_numbers = NamesField(label="Numbers of the monitors")

    def clean_monitor_numbers(self) -> list[int]:
        words: list[str] = self.cleaned_data["monitor_numbers"]
        if not all(word.isdecimal() for word in words):
            raise forms.ValidationError("Numbers, separated by blanks.")
        return [int(word) for word in words]


class ReadMonitorsForm(CommandForm):
    names = NamesField(required=False, help_text=NAMES_HELP)
    kinds = forms.MultipleChoiceField(
        label="Monitors of",
        required=False,
        choices=[("threshold", "Thresholds"), ("change", "Changes"), ("periodic", "Periods")],
        widget=forms.CheckboxSelectMultiple,
    )


class ShowMessageForm(CommandForm):
    text = forms.CharField(max_length=512, widget=forms.Textarea(attrs={"rows": 3}))
    priority = choice_field("Place", PRIORITIES)
    state = choice_field("When", STATES, required=False)
    until = moment_field("Until")
    language = forms.CharField(max_length=8, required=False, help_text="As de or en-GB.")
    message_number = whole_field("Number", help_text="The same number replaces a message.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.SHOW_MESSAGE, "message_number")
        self.fields["message_number"].initial = last + 1


class ReadMessagesForm(CommandForm):
    message_number = whole_field("Number", required=False)
    priority = choice_field("Place", PRIORITIES, required=False)
    state = choice_field("When", STATES, required=False)


class ClearMessageForm(CommandForm):
    message_number = whole_field("Number")
