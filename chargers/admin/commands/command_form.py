"""What the forms of all commands share: from clean data to what the domain is to be given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from chargers.models import ChargePoint, Connector, Session
from chargers.orders.base import Order
from chargers.orders.shape import Argument, Asked, arguments_of
from chargers.orders.words import PEM_TYPE
from drivers.models import IdTag
from evbalancer.common.admin.pages import ActForm, dress
from evbalancer.common.admin.theme import ModelChoiceField

NOT_ARGUMENTS = ("connector", "session", "reason")


@dataclass(frozen=True)
class Given:
    arguments: Mapping[str, Any] = field(default_factory=dict)
    connector: Connector | None = None
    session: Session | None = None


class CommandForm(ActForm):
    """The fields are named as the command's arguments. Those that were left empty are not given.

    A form of an `ordered` class has a field for each of its arguments that a person is asked for. A field that the form itself
    declares stands instead.
    """

    ordered: ClassVar[type[Order] | None] = None
    reason = forms.CharField(max_length=200, required=False, help_text="Kept in the audit trail.")

    def __init__(self, *args: Any, charge_point: ChargePoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.charge_point = charge_point
        if self.ordered is not None:
            asked = [one for one in arguments_of(self.ordered) if one.asked is not None]
            for one in asked:
                if one.stored not in self.fields:
                    self.fields[one.stored] = field_of(one)
                    dress(self.fields[one.stored])
            self.order_fields([*(self.field_order or ()), *(one.stored for one in asked)])
        self.order_fields([name for name in self.fields if name != "reason"])
        if "connector" in self.fields:
            connectors = Connector.objects.filter(charge_point=charge_point, retired_at=None)
            choice: Any = self.fields["connector"]
            choice.queryset = connectors
            choice.label_from_instance = lambda connector: f"Connector {connector.number}"
            if choice.required and connectors.count() == 1:
                choice.initial = connectors.first()
        if "tag" in self.fields:
            offer_tags(self.fields["tag"], charge_point)

    def arguments(self) -> dict[str, Any]:
        given = {
            name: worded(value)
            for name, value in self.cleaned_data.items()
            if name not in (*NOT_ARGUMENTS, "tag") and value not in (None, "", [])
        }
        if self.cleaned_data.get("tag") is not None:
            given["id_tag"] = self.cleaned_data["tag"].token
        return given

    def order(self) -> Given:
        return Given(
            self.arguments(),
            connector=self.cleaned_data.get("connector"),
            session=self.cleaned_data.get("session"),
        )


def worded(value: Any) -> Any:
    """As it is kept in the command's row, which is JSON."""
    return value.isoformat() if isinstance(value, datetime) else value


def connector_field(*, required: bool, empty: str = "The whole charge point") -> ModelChoiceField:
    label = None if required else empty
    return ModelChoiceField(Connector.objects.none(), required=required, empty_label=label)


def tag_field(**options: Any) -> ModelChoiceField:
    return ModelChoiceField(IdTag.objects.none(), **{"label": "Card", **options})


def offer_tags(choice: Any, charge_point: ChargePoint) -> None:
    """The cards of this community that may charge."""
    valid = IdTag.objects.filter(
        community_id=charge_point.community_id, blocked_at=None, driver__retired_at=None
    )
    choice.queryset = valid.select_related("driver").order_by("driver__name")
    choice.label_from_instance = lambda tag: f"{tag.driver.name}, {tag.get_kind_display()}"


def moment_field(label: str, *, required: bool = False, help_text: str = "") -> forms.SplitDateTimeField:
    return forms.SplitDateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        initial=timezone.localtime if required else None,
        widget=forms.SplitDateTimeWidget(date_attrs={"type": "date"}, time_attrs={"type": "time"}),
    )


def choice_field(label: str, choices: Iterable[tuple[str, str]], **options: Any) -> forms.ChoiceField:
    offered = list(choices)
    if options.get("required") is False:
        offered.insert(0, ("", "Any"))
    return forms.ChoiceField(label=label, choices=offered, **options)


def whole_field(label: str, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, **{"min_value": 0, "max_value": 2**31 - 1, **options})


class NamesField(forms.CharField):
    """Several words in one line, separated by blanks or commas."""

    def clean(self, value: Any) -> Any:
        return str(super().clean(value)).replace(",", " ").split()


class PemField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=10_000,
            widget=forms.Textarea(attrs={"rows": 8, "placeholder": "-----BEGIN CERTIFICATE-----"}),
            **options,
        )


def field_of(argument: Argument) -> forms.Field:  # noqa: PLR0911 (one for each type)
    """The field by which a person is asked for an argument."""
    asked, schema = argument.asked or Asked(""), argument.schema
    shown: dict[str, Any] = {"label": asked.label, "help_text": asked.help, "initial": asked.initial}
    required: dict[str, Any] = {"required": argument.is_required}
    kind = schema.get("type")
    if argument.choices is not None and kind == "array":
        boxes = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(**shown, **required, choices=argument.choices.choices, widget=boxes)
    if argument.choices is not None:
        # Without "any" where the order itself names a usual choice.
        shown |= {} if argument.has_usual else required
        return choice_field(choices=argument.choices.choices, **shown)
    if kind == "boolean":
        return forms.BooleanField(**shown, required=False)
    if kind == "integer":
        return whole_field(**shown, **required, max_value=schema["maximum"])
    if kind == "number":
        return forms.FloatField(**shown, **required)
    if kind == "array":
        return NamesField(**shown, **required)
    if schema.get("format") == "date-time":
        return moment_field(asked.label, required=argument.is_required, help_text=asked.help)
    if schema.get("contentMediaType") == PEM_TYPE:
        return PemField(**shown, **required)
    return forms.CharField(**shown, **required, max_length=schema.get("maxLength"))
