"""The form of a command: its fields are derived from the order, and its clean data make the order's arguments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext

from chargers.domain.orders.arguments import make_order
from chargers.enums import CommandKind
from chargers.models import ChargePoint, Connector, Session
from chargers.orders import ORDERS
from chargers.orders.base import Order
from chargers.orders.shape import Argument, Asked, Schema, Unit, arguments_of
from chargers.orders.words import PEM_TYPE
from drivers.models import IdTag
from evbalancer.common.admin.pages import ActForm, dress
from evbalancer.common.admin.theme import ModelChoiceField
from evbalancer.common.admin.wording import translated


@dataclass(frozen=True)
class Given:
    order: Order
    connector: Connector | None
    session: Session | None


class CommandForm(ActForm):
    """A field for each argument of the order that a person is asked for. Those that were left empty are not given.

    A subclass adds what is no argument (a connector), or what stands for several of them.
    """

    reason = forms.CharField(max_length=200, required=False, help_text="Kept in the audit trail.")

    def __init__(self, *args: Any, kind: CommandKind, charge_point: ChargePoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.charge_point = kind, charge_point
        self.asked = [one for one in arguments_of(ORDERS[kind]) if one.asked is not None]
        for one in self.asked:
            made = self.fields[one.stored] = field_of(one)
            if one.is_of_a_card:
                offer_tags(made, charge_point)
            dress(made)
        self.order_fields([name for name in self.fields if name != "reason"])
        if "connector" in self.fields:
            connectors = Connector.objects.filter(charge_point=charge_point, retired_at=None)
            choice: Any = self.fields["connector"]
            choice.queryset = connectors
            choice.label_from_instance = lambda connector: (
                gettext("Connector %(number)s") % {"number": connector.number}
            )
            if choice.required and connectors.count() == 1:
                choice.initial = connectors.first()

    def arguments(self) -> dict[str, Any]:
        typed = {one.stored: self.cleaned_data[one.stored] for one in self.asked}
        required = {one.stored for one in self.asked if one.is_required}
        return {
            name: worded(value)
            for name, value in typed.items()
            if name in required or value not in (None, "", [])
        }

    def given(self) -> Given:
        """The order and whom it is about. Raises BadCommand."""
        session: Session | None = self.cleaned_data.get("session")
        connector = self.cleaned_data.get("connector") if session is None else session.connector
        return Given(make_order(self.kind, self.arguments()), connector, session)


def worded(value: Any) -> Any:
    """As it is kept in the command's row, which is JSON."""
    if isinstance(value, IdTag):
        return value.token
    return value.isoformat() if isinstance(value, datetime) else value


def connector_field(*, required: bool, empty: str = "The whole charge point") -> ModelChoiceField:
    label = None if required else empty
    return ModelChoiceField(Connector.objects.none(), required=required, empty_label=label)


def offer_tags(choice: Any, charge_point: ChargePoint) -> None:
    """The cards of this community that may charge."""
    valid = IdTag.objects.filter(
        community_id=charge_point.community_id, blocked_at=None, driver__retired_at=None
    )
    choice.queryset = valid.select_related("driver").order_by("driver__name")
    choice.label_from_instance = lambda tag: f"{tag.driver.name}, {tag.get_kind_display()}"


class NamesField(forms.CharField):
    """Several words in one line, separated by blanks or commas."""

    def clean(self, value: Any) -> Any:
        return str(super().clean(value)).replace(",", " ").split()


class NumbersField(NamesField):
    def clean(self, value: Any) -> Any:
        words = super().clean(value)
        if not all(word.isdecimal() for word in words):
            raise forms.ValidationError(gettext("Numbers, separated by blanks."))
        return [int(word) for word in words]


class UnitField(forms.DecimalField):
    """A number in a person's unit; what comes out of it is in the argument's."""

    def __init__(self, unit: Unit, **options: Any) -> None:
        super().__init__(min_value=0, max_value=unit.most, decimal_places=unit.places, **options)
        self.unit = unit

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return None if typed is None else int(typed * self.unit.per)


def field_of(argument: Argument) -> forms.Field:
    """The field by which a person is asked for an argument."""
    asked = argument.asked or Asked("")
    shown: dict[str, Any] = {
        "label": translated(asked.label),
        "help_text": translated(asked.help),
        "initial": asked.initial,
        "required": argument.is_required if asked.required is None else asked.required,
    }
    if argument.offers:
        return _choice_of(argument, asked, shown)
    if argument.is_of_a_card:
        empty: dict[str, Any] = {} if shown["required"] else {"empty_label": translated(asked.empty)}
        return ModelChoiceField(IdTag.objects.none(), **shown, **empty)
    if asked.unit is not None:
        return UnitField(asked.unit, **shown)
    if argument.schema["type"] == "string":
        return _text_of(argument.schema, asked, shown)
    return _value_of(argument.schema, shown)


def _choice_of(argument: Argument, asked: Asked, shown: dict[str, Any]) -> forms.Field:
    choices = [(value, translated(name)) for value, name in argument.offers]
    if argument.schema.get("type") == "array":
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **shown)
    # Without "any" where the order itself names a usual choice.
    shown["required"] |= argument.has_usual
    if not shown["required"]:
        choices.insert(0, ("", translated(asked.empty)))
    values = {str(value): value for value, _ in choices}
    return forms.TypedChoiceField(choices=choices, coerce=values.__getitem__, **shown)


def _text_of(schema: Schema, asked: Asked, shown: dict[str, Any]) -> forms.Field:
    if schema.get("format") == "date-time":
        if shown["required"]:
            shown["initial"] = timezone.localtime
        name = shown.get("label", "")
        parts = forms.SplitDateTimeWidget(
            date_attrs={"type": "date", "aria-label": gettext("%(name)s: date") % {"name": name}},
            time_attrs={"type": "time", "aria-label": gettext("%(name)s: time") % {"name": name}},
        )
        return forms.SplitDateTimeField(widget=parts, **shown)
    if schema.get("contentMediaType") == PEM_TYPE:
        shown["widget"] = forms.Textarea(attrs={"rows": 8, "placeholder": "-----BEGIN CERTIFICATE-----"})
    elif asked.rows is not None:
        shown["widget"] = forms.Textarea(attrs={"rows": asked.rows})
    return forms.CharField(min_length=schema.get("minLength"), max_length=schema.get("maxLength"), **shown)


def _value_of(schema: Schema, shown: dict[str, Any]) -> forms.Field:
    match schema["type"]:
        case "boolean":
            # Unticked is an answer too.
            return forms.BooleanField(**{**shown, "required": False})
        case "integer":
            return forms.IntegerField(min_value=schema["minimum"], max_value=schema["maximum"], **shown)
        case "number":
            return forms.FloatField(**shown)
        case "object":
            return forms.JSONField(widget=forms.Textarea(attrs={"rows": 8}), **shown)
        case _:
            return (NumbersField if schema["items"]["type"] == "integer" else NamesField)(**shown)
