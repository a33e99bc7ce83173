"""One form per command that a person may send, in words that need no knowledge of OCPP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from chargers.enums import CommandKind, SessionState
from chargers.models import ChargePoint, Connector, Session
from drivers.models import IdTag
from evbalancer.common.admin.pages import ActForm
from evbalancer.common.admin.theme import ModelChoiceField
from evbalancer.common.errors import InvalidInput

TRIGGERS = (
    "StatusNotification",
    "MeterValues",
    "BootNotification",
    "Heartbeat",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
)
# A key sent here would stand readable in the command's row; the page has an action that rotates it properly.
SECRET_KEYS = ("authorizationkey",)


@dataclass(frozen=True)
class Order:
    arguments: Mapping[str, Any] = field(default_factory=dict)
    connector: Connector | None = None
    session: Session | None = None


class CommandForm(ActForm):
    """`order()` says, from clean data, what `commands.enqueue` is to be given."""

    reason = forms.CharField(max_length=200, required=False, help_text="Kept in the audit trail.")

    def __init__(self, *args: Any, charge_point: ChargePoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.charge_point = charge_point
        connectors = Connector.objects.filter(charge_point=charge_point, retired_at=None)
        if "connector" in self.fields:
            choice: Any = self.fields["connector"]
            choice.queryset = connectors
            choice.label_from_instance = lambda connector: f"Connector {connector.number}"
            if choice.required and connectors.count() == 1:
                choice.initial = connectors.first()

    def order(self) -> Order:
        return Order(connector=self.cleaned_data.get("connector"))


def _connector(*, required: bool, empty: str = "The whole charge point") -> ModelChoiceField:
    label = None if required else empty
    return ModelChoiceField(Connector.objects.none(), required=required, empty_label=label)


class StartForm(CommandForm):
    connector = _connector(required=True)
    tag = ModelChoiceField(IdTag.objects.none(), label="For", help_text="The driver who is billed.")
    field_order = ("connector", "tag", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["tag"]
        choice.queryset = (
            IdTag.objects.filter(
                community_id=self.charge_point.community_id, blocked_at=None, driver__retired_at=None
            )
            .select_related("driver")
            .order_by("driver__name")
        )
        choice.label_from_instance = lambda tag: f"{tag.driver.name}, {tag.get_kind_display()}"

    def order(self) -> Order:
        return Order({"id_tag": self.cleaned_data["tag"].token}, connector=self.cleaned_data["connector"])


class StopForm(CommandForm):
    session = ModelChoiceField(Session.objects.none(), label="Session", empty_label=None)
    field_order = ("session", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["session"]
        choice.queryset = Session.objects.filter(
            connector__charge_point=self.charge_point, state=SessionState.ACTIVE
        ).select_related("connector", "driver")
        choice.label_from_instance = lambda session: (
            f"Connector {session.connector.number}: {session.driver or session.id_tag or 'unknown'}"
        )

    def order(self) -> Order:
        session: Session = self.cleaned_data["session"]
        arguments = {"transaction_id": session.transaction_id, "transaction_uid": session.transaction_uid}
        return Order(arguments, connector=session.connector, session=session)


class UnlockForm(CommandForm):
    connector = _connector(required=True)
    field_order = ("connector", "reason")


class ResetForm(CommandForm):
    kind = forms.ChoiceField(
        choices=[("soft", "Gently: sessions end properly first"), ("hard", "At once: like pulling the plug")]
    )
    field_order = ("kind", "reason")

    def order(self) -> Order:
        return Order({"kind": self.cleaned_data["kind"]})


class AvailabilityForm(CommandForm):
    connector = _connector(required=False)
    operative = forms.TypedChoiceField(
        label="Make it",
        choices=[("no", "Out of service"), ("yes", "In service")],
        coerce=lambda word: word == "yes",
    )
    field_order = ("connector", "operative", "reason")

    def order(self) -> Order:
        return Order({"operative": self.cleaned_data["operative"]}, connector=self.cleaned_data["connector"])


class TriggerForm(CommandForm):
    message = forms.ChoiceField(choices=[(name, name) for name in TRIGGERS], label="Ask for")
    connector = _connector(required=False)
    field_order = ("message", "connector", "reason")

    def order(self) -> Order:
        return Order({"message": self.cleaned_data["message"]}, connector=self.cleaned_data["connector"])


class ReadConfigurationForm(CommandForm):
    keys = forms.CharField(required=False, help_text="Names parted by blanks; empty reads all of them.")
    field_order = ("keys", "reason")

    def order(self) -> Order:
        return Order({"keys": self.cleaned_data["keys"].replace(",", " ").split()})


class ChangeConfigurationForm(CommandForm):
    key = forms.CharField(max_length=50)
    value = forms.CharField(max_length=500, required=False)
    field_order = ("key", "value", "reason")

    def order(self) -> Order:
        key: str = self.cleaned_data["key"].strip()
        if key.lower() in SECRET_KEYS:
            raise InvalidInput("key", "Rotate the key with its own action; here it would stand in the log.")
        return Order({"key": key, "value": self.cleaned_data["value"]})


class ReadLimitForm(CommandForm):
    connector = _connector(required=True)
    field_order = ("connector", "reason")


@dataclass(frozen=True)
class Sendable:
    title: str
    icon: str
    form: type[CommandForm]
    intro: str = ""
    dangerous: bool = False


SENDABLE: Mapping[CommandKind, Sendable] = {
    CommandKind.REMOTE_START: Sendable("Start charging", "play_arrow", StartForm),
    CommandKind.REMOTE_STOP: Sendable("Stop charging", "stop", StopForm, dangerous=True),
    CommandKind.UNLOCK: Sendable(
        "Unlock the cable", "lock_open", UnlockForm, "A running session ends first."
    ),
    CommandKind.CHANGE_AVAILABILITY: Sendable("In or out of service", "power_settings_new", AvailabilityForm),
    CommandKind.RESET: Sendable(
        "Restart",
        "restart_alt",
        ResetForm,
        "The charge point is offline for a minute or two.",
        dangerous=True,
    ),
    CommandKind.TRIGGER: Sendable("Ask for a message", "campaign", TriggerForm),
    CommandKind.READ_LIMIT: Sendable("Read its limit back", "speed", ReadLimitForm),
    CommandKind.READ_CONFIGURATION: Sendable("Read its configuration", "list_alt", ReadConfigurationForm),
    CommandKind.CHANGE_CONFIGURATION: Sendable("Change its configuration", "tune", ChangeConfigurationForm),
    CommandKind.CLEAR_CACHE: Sendable(
        "Clear its cache of cards", "cleaning_services", CommandForm, "It asks us about every card again."
    ),
}
