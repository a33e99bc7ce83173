"""The editor of a tariff's elements: ordered prices and their conditions as forms, with a preview before they are published."""

from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from evbalancer.common.admin.pages import dress
from evbalancer.common.admin.panels import page_of
from evbalancer.common.errors import DomainError
from grid.admin.audited import actor_of
from pricing.domain.previews import night_minor
from pricing.domain.versions import MOST_PRICE, check_terms, publish_terms, with_holidays
from pricing.models import Tariff
from pricing.phrases import DAYS, money, sentences_of
from pricing.rating.ocpi.tariffs import tariff_of
from pricing.rating.rate import Rater
from pricing.rating.tariff import (
    DAY_S,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Restrictions,
    TaxIncluded,
)
from pricing.rating.tariff import Tariff as Terms
from pricing.rating.weekly import weekly_tariff

MINUTE_S: Final = 60
MOST_ELEMENTS: Final = 40
DIMENSIONS: Final = {
    Dimension.ENERGY: gettext_lazy("Energy, per kWh"),
    Dimension.TIME: gettext_lazy("Charging time, per hour"),
    Dimension.PARKING_TIME: gettext_lazy("Parking a full car, per hour"),
    Dimension.FLAT: gettext_lazy("Once per session"),
}
BOUNDS: Final = ("min_kwh", "max_kwh", "min_power_kw", "max_power_kw")
MINUTES: Final = ("min_duration", "max_duration")


def _price() -> forms.DecimalField:
    return forms.DecimalField(
        required=False, min_value=0, max_value=MOST_PRICE, max_digits=9, decimal_places=6
    )


def _bound(label: Any, most: int) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, min_value=0, max_value=most, decimal_places=6)


class ElementForm(forms.Form):
    """One element: the prices of its dimensions, and when they hold. All conditions that are filled in have to be met."""

    start = forms.TimeField(label=gettext_lazy("From"), required=False)
    end = forms.TimeField(label=gettext_lazy("To"), required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"),
        required=False,
        coerce=int,
        choices=[(day, name) for day, name in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple,
    )
    start_date = forms.DateField(
        label=gettext_lazy("First day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    end_date = forms.DateField(
        label=gettext_lazy("Before"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    min_kwh = _bound(gettext_lazy("From kWh"), 10_000)
    max_kwh = _bound(gettext_lazy("Below kWh"), 10_000)
    min_power_kw = _bound(gettext_lazy("From kW"), 10_000)
    max_power_kw = _bound(gettext_lazy("Below kW"), 10_000)
    min_duration = _bound(gettext_lazy("After minutes"), 100_000)
    max_duration = _bound(gettext_lazy("In the first minutes"), 100_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for dimension in Dimension:
            name = dimension.lower()
            self.fields[f"{name}_price"] = _price()
            self.fields[f"{name}_vat"] = forms.DecimalField(
                required=False, min_value=0, max_value=100, decimal_places=2
            )
            if dimension is not Dimension.FLAT:
                self.fields[f"{name}_step"] = forms.IntegerField(
                    required=False, min_value=1, max_value=86_400
                )
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("aria-label", self._said(name))
            dress(field)

    def _said(self, name: str) -> str:
        if self.fields[name].label:
            return str(self.fields[name].label)
        dimension, _, what = name.rpartition("_")
        words = {"price": gettext("Price"), "vat": gettext("Tax in %"), "step": gettext("Steps")}
        return f"{DIMENSIONS[Dimension(dimension.upper())]}: {words[what]}"

    @property
    def prices(self) -> list[dict[str, Any]]:
        """The rows of the table of prices."""
        rows = []
        for dimension, label in DIMENSIONS.items():
            name = dimension.lower()
            step = self[f"{name}_step"] if f"{name}_step" in self.fields else None
            unit = "Wh" if dimension is Dimension.ENERGY else "s"
            cells = [self[f"{name}_price"], self[f"{name}_vat"]]
            errors = [error for cell in [*cells, *([step] if step else [])] for error in cell.errors]
            rows.append(
                {
                    "label": label,
                    "price": cells[0],
                    "vat": cells[1],
                    "step": step,
                    "unit": unit,
                    "errors": errors,
                }
            )
        return rows

    @property
    def conditions(self) -> list[Any]:
        names = ("start", "end", "start_date", "end_date", *BOUNDS, *MINUTES)
        return [self[name] for name in names]

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        if not self.errors and not any(
            told.get(f"{dimension.lower()}_price") is not None for dimension in Dimension
        ):
            raise forms.ValidationError(gettext("Enter one price at least, or delete this element."))
        if (told.get("start") is None) != (told.get("end") is None):
            raise forms.ValidationError(gettext("Enter both times, or none of them."))
        return told

    @property
    def element(self) -> Element:
        told = self.cleaned_data
        components = []
        for dimension in DIMENSIONS:
            name = dimension.lower()
            price = told[f"{name}_price"]
            if price is not None:
                step = told.get(f"{name}_step") or 1
                components.append(PriceComponent(dimension, price, told[f"{name}_vat"], step))
        return Element(tuple(components), self._restrictions)

    @property
    def _restrictions(self) -> Restrictions:
        told = self.cleaned_data
        start, end = told["start"], told["end"]
        return Restrictions(
            start_s=_seconds(start) if start is not None else 0,
            end_s=(_seconds(end) or DAY_S) if end is not None else DAY_S,
            start_date=told["start_date"],
            end_date=told["end_date"],
            weekdays=frozenset(told["weekdays"]) if len(told["weekdays"]) < len(DAYS) else frozenset(),
            **{name: told[name] for name in BOUNDS},
            **{
                f"{name}_s": round(told[name] * MINUTE_S) if told[name] is not None else None
                for name in MINUTES
            },
        )


class ElementsFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """In their order; the forms that are left empty are none."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["ORDER"].label = gettext("Place")
        form.fields["DELETE"].label = gettext("Delete this element")
        for name in ("ORDER", "DELETE"):
            dress(form.fields[name])

    def clean(self) -> None:
        if not any(self.errors) and not self.elements:
            raise forms.ValidationError(gettext("A tariff has one element at least."))

    @property
    def elements(self) -> list[Element]:
        return [form.element for form in self.ordered_forms]


class LimitsForm(forms.Form):
    """What holds for the whole of a session."""

    tax_included = forms.ChoiceField(
        label=gettext_lazy("Prices"),
        choices=[
            (TaxIncluded.YES, gettext_lazy("contain the tax")),
            (TaxIncluded.NO, gettext_lazy("are before tax")),
            (TaxIncluded.NOT_APPLICABLE, gettext_lazy("have no tax")),
        ],
    )
    min_excl = forms.DecimalField(
        label=gettext_lazy("A session costs at least, before tax"),
        required=False,
        min_value=0,
        max_value=10_000,
        decimal_places=4,
    )
    min_incl = forms.DecimalField(
        label=gettext_lazy("with tax"), required=False, min_value=0, max_value=10_000, decimal_places=4
    )
    max_excl = forms.DecimalField(
        label=gettext_lazy("A session costs at most, before tax"),
        required=False,
        min_value=0,
        max_value=10_000,
        decimal_places=4,
    )
    max_incl = forms.DecimalField(
        label=gettext_lazy("with tax"), required=False, min_value=0, max_value=10_000, decimal_places=4
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field)

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        for bound in ("min", "max"):
            if told.get(f"{bound}_incl") is not None and told.get(f"{bound}_excl") is None:
                self.add_error(f"{bound}_excl", gettext("Enter the amount before tax too."))
        return told

    def limit(self, bound: str) -> PriceLimit | None:
        excl = self.cleaned_data[f"{bound}_excl"]
        return None if excl is None else PriceLimit(excl, self.cleaned_data[f"{bound}_incl"])


FormSet: Final = forms.formset_factory(
    ElementForm,
    formset=ElementsFormSet,
    extra=1,
    can_order=True,
    can_delete=True,
    max_num=MOST_ELEMENTS,
    validate_max=True,
)


def edit_elements(model_admin: Any, request: HttpRequest, tariff: Tariff) -> HttpResponse:
    """Show the newest version as forms; `preview` says what they mean, `publish` publishes them as the next version."""
    terms = _newest(tariff)
    sent = request.POST if request.method == "POST" else None
    formset: Any = FormSet(sent, initial=[_initial(element) for element in terms.elements], prefix="elements")
    limits = LimitsForm(sent, initial=_limits(terms), prefix="limits")
    refusal, preview = "", _preview(terms, tariff) if sent is None else []
    if sent is not None and formset.is_valid() and limits.is_valid():
        edited = replace(
            terms,
            elements=tuple(formset.elements),
            tax_included=TaxIncluded(limits.cleaned_data["tax_included"]),
            min_price=limits.limit("min"),
            max_price=limits.limit("max"),
        )
        try:
            check_terms(edited, currency=tariff.community.currency)
            preview = _preview(with_holidays(tariff, edited, terms, now=timezone.now()), tariff)
            if "publish" in request.POST:
                version = publish_terms(tariff, edited, by=actor_of(request), now=timezone.now())
                messages.success(request, gettext("Version %(number)s holds.") % {"number": version.number})
                return HttpResponseRedirect(page_of(tariff))
        except DomainError as error:
            refusal = error.detail
    request.current_app = model_admin.admin_site.name
    has_errors = bool(refusal) or not preview
    return TemplateResponse(
        request,
        "admin/pricing/elements.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.model._meta,
            "original": tariff,
            "title": gettext("Prices of %(tariff)s in detail") % {"tariff": tariff.name},
            "formset": formset,
            "limits": limits,
            "refusal": refusal,
            "preview": preview,
            "currency": tariff.community.currency,
            "back": page_of(tariff),
        },
        status=422 if has_errors else 200,
    )


def _newest(tariff: Tariff) -> Terms:
    version = tariff.versions.order_by("-number").first()
    if version is None:
        return weekly_tariff(tariff.community.currency, tariff.base_price_per_mwh_minor or 0, [])
    return tariff_of(version.body)


def _preview(terms: Terms, tariff: Tariff) -> list[str]:
    """The prices in sentences, what is free, and a night."""
    zone = ZoneInfo(tariff.community.time_zone)
    said = sentences_of(terms)
    energy = [
        element.restrictions == Restrictions()
        for element in terms.elements
        if element.component(Dimension.ENERGY)
    ]
    if not any(energy):
        said.append(gettext("Energy that none of these prices fits is free."))
    night = night_minor(Rater(terms, zone, 2), now=timezone.now())
    words = {"sum": money(Decimal(night) / 100, terms.currency)}
    return [*said, gettext("A night of 30 kWh costs %(sum)s.") % words]


def _initial(element: Element) -> dict[str, Any]:
    each = element.restrictions
    told: dict[str, Any] = {
        "weekdays": sorted(each.weekdays),
        "start_date": each.start_date,
        "end_date": each.end_date,
        **{name: _plain(getattr(each, name)) for name in BOUNDS},
        **{name: _minutes(getattr(each, f"{name}_s")) for name in MINUTES},
    }
    if not each.is_all_day:
        told |= {"start": _time(each.start_s), "end": _time(each.end_s)}
    for dimension in Dimension:
        component = element.component(dimension)
        if component is not None:
            name = dimension.lower()
            told |= {f"{name}_price": _plain(component.price), f"{name}_vat": _plain(component.vat_pct)}
            if component.step_size > 1:
                told[f"{name}_step"] = component.step_size
    return told


def _limits(terms: Terms) -> dict[str, Any]:
    told: dict[str, Any] = {"tax_included": terms.tax_included.value}
    for bound, limit in (("min", terms.min_price), ("max", terms.max_price)):
        if limit is not None:
            told |= {f"{bound}_excl": _plain(limit.excl_vat), f"{bound}_incl": _plain(limit.incl_vat)}
    return told


def _plain(value: Decimal | None) -> Decimal | None:
    """Without zeros at its end, and not as a power of ten."""
    return None if value is None else Decimal(f"{value.normalize():f}")


def _minutes(seconds: int | None) -> Decimal | None:
    return None if seconds is None else _plain(round(Decimal(seconds) / MINUTE_S, 6))


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * MINUTE_S + at.second


def _time(at_s: int) -> str:
    clock = f"{at_s % DAY_S // 3600:02}:{at_s // MINUTE_S % 60:02}"
    return f"{clock}:{at_s % MINUTE_S:02}" if at_s % MINUTE_S else clock
