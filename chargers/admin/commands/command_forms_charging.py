"""Forms of the commands about charging itself: sessions, cables, limits, reservations, cards."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from chargers.admin.commands.command_form import (
    CommandForm,
    Given,
    choice_field,
    connector_field,
    moment_field,
    offer_tags,
    tag_field,
    whole_field,
    worded,
)
from chargers.domain.cards import local_lists
from chargers.domain.orders.commands import last_number
from chargers.enums import CommandKind, SessionState
from chargers.models import Session
from drivers.models import IdTag
from evbalancer.common.admin.theme import ModelChoiceField

PURPOSES = (
    ("TxProfile", "Of a transaction"),
    ("TxDefaultProfile", "Default of every transaction"),
    ("ChargePointMaxProfile", "The whole charge point"),
)


class StartForm(CommandForm):
    connector = connector_field(required=True)
    tag = tag_field(label="For", help_text="The driver who is billed.")


class SessionForm(CommandForm):
    session = ModelChoiceField(Session.objects.none(), label="Session", empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["session"]
        choice.queryset = Session.objects.filter(
            connector__charge_point=self.charge_point, state=SessionState.ACTIVE
        ).select_related("connector", "driver")
        choice.label_from_instance = lambda session: (
            f"Connector {session.connector.number}: {session.driver or session.id_tag or 'unknown'}"
        )

    def order(self) -> Given:
        session: Session = self.cleaned_data["session"]
        return Given(self.arguments() | self.ids(session), connector=session.connector, session=session)

    def ids(self, session: Session) -> dict[str, Any]:
        return {"transaction_id": session.transaction_id, "transaction_uid": session.transaction_uid}


class TransactionForm(SessionForm):
    def ids(self, session: Session) -> dict[str, Any]:
        return {"transaction_uid": session.transaction_uid}


class CostForm(SessionForm):
    cost_minor = forms.DecimalField(label="Cost so far", min_value=0, decimal_places=2)

    def clean_cost_minor(self) -> int:
        return int(self.cleaned_data["cost_minor"] * 100)


class UnlockForm(CommandForm):
    connector = connector_field(required=True)


class AvailabilityForm(CommandForm):
    connector = connector_field(required=False)
    operative = forms.TypedChoiceField(
        label="Make it",
        choices=[("no", "Out of service"), ("yes", "In service")],
        coerce=lambda word: word == "yes",
    )


class ReadLimitForm(CommandForm):
    connector = connector_field(required=True)


class ProfilesForm(CommandForm):
    connector = connector_field(required=False, empty="Anywhere")
    purpose = choice_field("Purpose", PURPOSES, required=False)
    stack_level = whole_field("Stack level", required=False)
    profile_number = whole_field("Number of the profile", required=False)


class StationLimitForm(CommandForm):
    limit_ma = forms.DecimalField(
        label="At most (A)",
        min_value=0,
        max_value=1_000,
        decimal_places=1,
        help_text="Per phase, all connectors together. It never raises what the balancer allows.",
    )

    def clean_limit_ma(self) -> int:
        return int(self.cleaned_data["limit_ma"] * 1000)


class ReserveForm(CommandForm):
    connector = connector_field(required=False, empty="Any connector")
    tag = tag_field(label="For")
    expires_at = moment_field("Until", required=True)
    reservation_number = whole_field("Number", help_text="The same number replaces a reservation.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.RESERVE, "reservation_number")
        self.fields["reservation_number"].initial = last + 1
        self.fields["expires_at"].initial = timezone.localtime() + timedelta(minutes=30)


class CancelReservationForm(CommandForm):
    reservation_number = whole_field("Number")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = last_number(self.charge_point, CommandKind.RESERVE, "reservation_number")
        self.fields["reservation_number"].initial = last or None


class LocalListForm(CommandForm):
    how = choice_field(
        "How",
        [
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
    version = whole_field("Version of the list", min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_tags(self.fields["tags"], self.charge_point)
        self.fields["version"].initial = local_lists.next_version(self.charge_point)

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        tags = data["tags"] or self.fields["tags"].queryset  # type: ignore[attr-defined]
        return {
            "version": data["version"],
            "differential": data["how"] != "full",
            "entries": [_entry(tag, is_removed=data["how"] == "remove") for tag in tags],
        }


def _entry(tag: IdTag, *, is_removed: bool) -> dict[str, Any]:
    entry = {"id_tag": tag.token}
    if not is_removed:
        entry["status"] = "Accepted"
        if tag.expires_at is not None:
            entry["expires_at"] = worded(tag.expires_at)
    return entry
