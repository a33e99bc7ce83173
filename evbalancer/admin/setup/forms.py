"""The assistant's forms: each reads what a step of `evbalancer.setup` needs, and shows what is there already."""

import zoneinfo
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from drivers.domain.invitations import EMAIL
from evbalancer.common.admin.pages import ActForm
from evbalancer.common.units import PHASES, ZERO_MA, PhaseMilliamps
from evbalancer.common.words.languages import language_choices
from evbalancer.common.words.reading import read_amperes, read_phases
from evbalancer.setup.faults import Fault
from evbalancer.setup.plan import (
    LEAST,
    METER_NAMES,
    VOLTAGE_V,
    BuildingPlan,
    CircuitPlan,
    CommunityPlan,
    ConnectionPlan,
    FallbackPlan,
    Place,
    TariffPlan,
    kva_to_ma,
    limits_of,
)
from grid.enums import CircuitKind
from pricing.domain.templates import NAMES, Template

ONE, THREE = "1", "3"
KINDS = {
    CircuitKind.PANEL: gettext_lazy("Panel"),
    CircuitKind.FEEDER: gettext_lazy("Feeder"),
    CircuitKind.BREAKER: gettext_lazy("Breaker"),
    CircuitKind.TRANSFORMER: gettext_lazy("Transformer"),
}


class AmperesField(forms.CharField):
    """Milliamperes of an entry in amperes, with a point or a comma."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_amperes(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class PhasesField(forms.CharField):
    """Milliamperes per phase: one number, or three parted by slashes."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return ZERO_MA
        try:
            return read_phases(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class StepForm(ActForm):
    """Base of the steps' forms."""

    def take_faults(self, faults: list[Fault]) -> None:
        """Show each refusal beside its field; one of a list with its row."""
        for fault in faults:
            is_own = fault.key in self.fields and not fault.place.words
            self.add_error(fault.key if is_own else None, fault.text if is_own else str(fault))


class CommunityForm(StepForm):
    name = forms.CharField(
        max_length=120,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("As its people call it, for example Elm Street 12."),
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    currency = forms.CharField(
        max_length=3,
        min_length=3,
        initial="EUR",
        label=gettext_lazy("Currency"),
        help_text=gettext_lazy(
            "Three letters, for example EUR. It stays as it is once something was charged."
        ),
    )
    language = forms.ChoiceField(
        choices=language_choices,
        label=gettext_lazy("Language"),
        help_text=gettext_lazy("Of mails to people who have chosen none."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones: Any = self.fields["time_zone"]
        zones.choices = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]

    def plan(self) -> CommunityPlan:
        data = self.cleaned_data
        return CommunityPlan(
            data["name"].strip(), data["time_zone"], data["currency"].upper(), data["language"]
        )


class ConnectionForm(StepForm):
    name = forms.CharField(
        max_length=120,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Of everything behind this connection, for example Garage."),
    )
    phases = forms.ChoiceField(
        choices=[(THREE, gettext_lazy("3 phases")), (ONE, gettext_lazy("1 phase"))],
        label=gettext_lazy("Phases"),
    )
    limit_a = forms.CharField(
        max_length=40,
        label=gettext_lazy("Limit"),
        help_text=gettext_lazy(
            "Of the fuse or the contract. In amperes also per phase: 63 / 63 / 40. The breaker stays the protection."
        ),
    )
    unit = forms.ChoiceField(
        choices=[("A", gettext_lazy("A per phase")), ("kVA", gettext_lazy("kVA in all"))],
        label=gettext_lazy("Unit"),
    )
    voltage_v = forms.IntegerField(
        min_value=100,
        max_value=480,
        initial=VOLTAGE_V,
        label=gettext_lazy("Volts between a phase and neutral"),
    )
    meter = forms.ChoiceField(
        choices=list(METER_NAMES.items()),
        widget=forms.RadioSelect,
        initial="none",
        label=gettext_lazy("The building's meter"),
    )
    building_max_a = PhasesField(
        max_length=40,
        required=False,
        initial="0",
        label=gettext_lazy("The building's highest load (A per phase)"),
        help_text=gettext_lazy(
            "Counts while the meter is silent for more than a minute, and always without a meter: cars get what is left."
        ),
    )
    margin_a = AmperesField(
        max_length=10,
        initial="1",
        label=gettext_lazy("Margin (A)"),
        help_text=gettext_lazy("Kept free on every phase of every circuit."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if {"limit_a", "unit", "phases", "voltage_v"} <= data.keys():
            try:
                data["limit_ma"] = self._limit_ma(data)
            except (ValueError, ArithmeticError):
                self.add_error(
                    "limit_a",
                    gettext("Enter a number above 0, for example 63; in amperes also 63 / 63 / 40."),
                )
        return data

    def _limit_ma(self, data: dict[str, Any]) -> PhaseMilliamps:
        phases = int(data["phases"])
        if data["unit"] == "kVA":
            power = Decimal(str(data["limit_a"]).strip().replace(",", "."))
            if not 0 < power < 2_000:
                raise ValueError(data["limit_a"])
            return limits_of(
                phases=phases, amperes_ma=kva_to_ma(float(power), phases=phases, voltage_v=data["voltage_v"])
            )
        return read_phases(data["limit_a"], PHASES[:phases])

    def plan(self) -> ConnectionPlan:
        data = self.cleaned_data
        highest = data["building_max_a"]
        if int(data["phases"]) == 1:
            highest = PhaseMilliamps(highest.l1, 0, 0)
        return ConnectionPlan(
            name=data["name"].strip(),
            limit_ma=data["limit_ma"],
            voltage_v=data["voltage_v"],
            margin_ma=data["margin_a"] or 0,
            building=BuildingPlan(data["meter"], highest),
        )


class CircuitForm(StepForm):
    name = forms.CharField(max_length=120, required=False, label=gettext_lazy("Name"))
    below = forms.CharField(
        max_length=120,
        required=False,
        label=gettext_lazy("Below"),
        widget=forms.TextInput(attrs={"list": "circuits"}),
    )
    kind = forms.ChoiceField(
        choices=list(KINDS.items()), initial=CircuitKind.PANEL, required=False, label=gettext_lazy("Kind")
    )
    limit_a = PhasesField(max_length=40, required=False, label=gettext_lazy("Limit (A per phase)"))
    exceeds_above = forms.BooleanField(required=False, label=gettext_lazy("May exceed the one above"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("name") and "limit_a" not in self.errors and not any(data.get("limit_a") or ()):
            self.add_error("limit_a", gettext("A circuit has a limit above 0 A."))
        if any(data.get("limit_a") or ()) and not data.get("name"):
            self.add_error("name", gettext("Name this circuit."))
        return data

    def plan(self, number: int, building: BuildingPlan) -> CircuitPlan:
        data = self.cleaned_data
        return CircuitPlan(
            name=data["name"].strip(),
            limit_ma=data["limit_a"],
            below=data["below"].strip(),
            kind=data["kind"] or CircuitKind.PANEL,
            building=building,
            exceeds_above=data["exceeds_above"],
            place=Place(lines={"": number}),
        )


class ListForm(StepForm):
    """A list: a file, or rows that were copied from a spreadsheet."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or Excel (.xlsx), as your spreadsheet saves it."),
    )
    rows = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        label=gettext_lazy("Or paste rows"),
        help_text=gettext_lazy("The first row names the columns."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("file") and not (data.get("rows") or "").strip():
            raise ValidationError(gettext("Choose a file, or paste rows."))
        return data

    @property
    def told(self) -> bytes | str:
        sent = self.cleaned_data["file"]
        return sent.read() if sent else str(self.cleaned_data["rows"])


class FallbackForm(StepForm):
    choice = forms.ChoiceField(
        choices=[
            ("0", gettext_lazy("0 A: cars stand still while the server is away")),
            (LEAST, gettext_lazy("The least that charges, usually 6 A")),
            ("other", gettext_lazy("Another current")),
        ],
        widget=forms.RadioSelect,
        initial="0",
        label=gettext_lazy("All charge points fall back to"),
    )
    all_a = AmperesField(
        max_length=10,
        required=False,
        label=gettext_lazy("Another current (A per phase)"),
        help_text=gettext_lazy("6 A or more."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("choice") == "other" and "all_a" not in self.errors and data.get("all_a") is None:
            self.add_error("all_a", gettext("Enter the current."))
        return data

    def plan(self) -> FallbackPlan:
        named: dict[str, int | str] = {"0": 0, LEAST: LEAST}
        return FallbackPlan(named.get(self.cleaned_data["choice"], self.cleaned_data["all_a"]))


class TariffForm(StepForm):
    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    template = forms.ChoiceField(
        choices=list(NAMES.items()),
        widget=forms.RadioSelect,
        initial=Template.ONE_PRICE,
        label=gettext_lazy("Kind"),
    )
    price_per_kwh = forms.CharField(
        max_length=20,
        required=False,
        label=gettext_lazy("Price of a kWh"),
        help_text=gettext_lazy("With taxes, for example 0.35."),
    )
    night_price_per_kwh = forms.CharField(
        max_length=20, required=False, label=gettext_lazy("Price of a kWh at night")
    )

    def plan(self) -> TariffPlan:
        data = self.cleaned_data
        return TariffPlan(
            data["name"].strip(),
            Template(data["template"]),
            data["price_per_kwh"],
            data["night_price_per_kwh"],
        )


class ManagerForm(StepForm):
    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    email = forms.EmailField(**EMAIL, label=gettext_lazy("E-mail"))


class MailForm(StepForm):
    to = forms.EmailField(**EMAIL, label=gettext_lazy("Send a test mail to"))
