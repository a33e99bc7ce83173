"""Forms that ask for more than their order's arguments: a connector, a running session, the cards of a list."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext

from chargers.admin.commands.command_form import (
    CommandForm,
    connector_field,
    offer_tags,
    worded,
)
from chargers.domain.cards import local_lists
from chargers.domain.orders.commands import last_number
from chargers.enums import CommandKind, SessionState
from chargers.models import Session
from drivers.models import IdTag
from evbalancer.common.admin.theme import ModelChoiceField

# What OCPP 1.6 has in the extended call of its security extensions only.
EXTENDED = ("LogStatusNotification", "SignChargePointCertificate")


class ConnectorForm(CommandForm):
    connector = connector_field(required=True)


class MaybeConnectorForm(CommandForm):
    connector = connector_field(required=False)


class SessionForm(CommandForm):
    session = ModelChoiceField(Session.objects.none(), label="Session", empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["session"]
        choice.queryset = Session.objects.filter(
            connector__charge_point=self.charge_point, state=SessionState.ACTIVE
        ).select_related("connector", "driver")
        choice.label_from_instance = lambda session: (
            gettext("Connector %(number)s: %(value)s")
            % {"number": session.connector.number, "value": session.driver or session.id_tag or "unknown"}
        )


class TransactionForm(SessionForm):
    def arguments(self) -> dict[str, Any]:
        return {"transaction_uid": self.cleaned_data["session"].transaction_uid}


class ProfilesForm(CommandForm):
    connector = connector_field(required=False, empty="Anywhere")


class ReserveForm(CommandForm):
    connector = connector_field(required=False, empty="Any connector")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.RESERVE, "reservation_number")
        self.fields["reservation_number"].initial = last + 1
        self.fields["expires_at"].initial = timezone.localtime() + timedelta(minutes=30)


class CancelReservationForm(CommandForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.RESERVE, "reservation_number")
        self.fields["reservation_number"].initial = last or None


class LocalListForm(CommandForm):
    how = forms.ChoiceField(
        label="How",
        choices=[
            ("full", "Replace the list with these cards"),
            ("add", "Add these cards, or change them"),
            ("remove", "Take these cards off"),
        ],
    )
    tags = forms.ModelMultipleChoiceField(
        IdTag.objects.none(),
        label="Cards",
        required=False,
        help_text="All cards that may charge when empty. From then on the list follows them.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_tags(self.fields["tags"], self.charge_point)
        self.fields["version"].initial = local_lists.next_version(self.charge_point)

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        tags = data["tags"] or self.fields["tags"].queryset  # type: ignore[attr-defined]
        return super().arguments() | {
            "differential": data["how"] != "full",
            "entries": [_entry(tag, is_removed=data["how"] == "remove") for tag in tags],
        }


class TriggerForm(MaybeConnectorForm):
    def arguments(self) -> dict[str, Any]:
        given = super().arguments()
        return {**given, "extended": True} if given["message"] in EXTENDED else given


class FirmwareForm(CommandForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if bool(data.get("certificate")) != bool(data.get("signature")):
            raise forms.ValidationError(gettext("Signed firmware has both a certificate and a signature."))
        return data


class ShowMessageForm(CommandForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.SHOW_MESSAGE, "message_number")
        self.fields["message_number"].initial = last + 1


def _entry(tag: IdTag, *, is_removed: bool) -> dict[str, Any]:
    entry = {"id_tag": tag.token}
    if not is_removed:
        entry["status"] = "Accepted"
        if tag.expires_at is not None:
            entry["expires_at"] = worded(tag.expires_at)
    return entry
