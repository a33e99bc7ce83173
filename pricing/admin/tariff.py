"""Tariffs: a week's table that a manager edits. Each save that changes something publishes a version."""

from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from evbalancer.common.admin.base import TenantInline
from evbalancer.common.admin.fields import WEEKDAYS, MinuteOfDayField, WeekdaysField
from evbalancer.common.admin.policy import ALL, EDIT
from evbalancer.common.admin.theme import BaseInlineFormSet, action, display
from evbalancer.common.admin.wording import price
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of
from pricing.admin.elements import edit_elements
from pricing.domain.versions import MOST_PRICE, NO_REGION, check_begin, publish_version
from pricing.models import Tariff, TariffWindow
from pricing.rating.ocpi.tariffs import HOLIDAYS
from pricing.rating.weekly import PER_KWH, Window, overlap_of

WINDOW: Final = {"weekdays", "start_min", "end_min", "price_per_mwh_minor"}
MOST_PER_MWH_MINOR: Final = int(MOST_PRICE * PER_KWH)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _has_days(tariff: Tariff) -> bool:
    """An imported one brings its own."""
    last = tariff.versions.order_by("-number").first()
    return last is not None and HOLIDAYS in last.body


class WindowForm(AuditedForm):
    weekdays = WeekdaysField(label="Days", widget=UnfoldAdminCheckboxSelectMultipleWidget)
    start_min = MinuteOfDayField(label="From", help_text="17:00")
    end_min = MinuteOfDayField(label="To", help_text="24:00 ends the day")


class WindowFormSet(BaseInlineFormSet):
    """The windows of one tariff: each minute of the week has one price at most."""

    def clean(self) -> None:
        super().clean()
        kept = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data]
        windows = [
            Window(each["weekdays"], each["start_min"], each["end_min"], each["price_per_mwh_minor"])
            for each in kept
            if not each.get("DELETE") and each.keys() >= WINDOW
        ]
        if found := overlap_of(windows):
            first, second = (f"{_clock(each.start_min)}-{_clock(each.end_min)}" for each in found)
            raise ValidationError(
                gettext("%(first)s and %(second)s overlap on a day, so its price would be unclear.")
                % {"first": first, "second": second}
            )
        if windows and self.instance.base_price_per_mwh_minor is None:
            raise ValidationError(gettext("Prices in parts of the week need a price for the rest of it."))


class WindowInline(TenantInline):
    model = TariffWindow
    form = WindowForm
    formset = WindowFormSet
    manager_may = ALL
    fields = ("weekdays", "start_min", "end_min", "price_per_mwh_minor")
    verbose_name_plural = "Other prices in parts of the week"
    tab = False
    show_change_link = False


class TariffForm(AuditedForm):
    def check_row(self) -> None:
        tariff = self.instance
        if tariff.holidays_as_sunday and not (tariff.community.holiday_region or _has_days(tariff)):
            raise ValidationError({"holidays_as_sunday": NO_REGION})
        if tariff._state.adding:
            check_begin(tariff.valid_from, community=tariff.community, now=timezone.now(), field="valid_from")

    def clean_base_price_per_mwh_minor(self) -> int | None:
        """Empty where an OCPI tariff was imported, and nowhere else."""
        price_minor: int | None = self.cleaned_data["base_price_per_mwh_minor"]
        if price_minor is None and (
            self.instance._state.adding or self.initial.get("base_price_per_mwh_minor")
        ):
            raise ValidationError(gettext("What does a kWh cost?"))
        if price_minor is not None and price_minor > MOST_PER_MWH_MINOR:
            raise ValidationError(gettext("A kWh costs %(most_price)s at most.") % {"most_price": MOST_PRICE})
        return price_minor


@admin.register(Tariff)
class TariffAdmin(AuditedAdmin):
    form = TariffForm
    manager_may = EDIT
    operator_may = EDIT
    # What was published begins when it was said to.
    fixed_after_add = ("valid_from", "is_standing")
    list_display = ("name", "state", "base", "valid_from")
    list_filter = ("is_standing", "valid_from")
    search_fields = ("name",)
    list_select_related = ("community",)
    inlines = (WindowInline,)
    actions_detail = ("edit_elements",)
    fieldsets = (
        (None, {"fields": (("name", "valid_from"), "is_standing")}),
        (
            "Prices",
            {
                "fields": (
                    ("base_price_per_mwh_minor", "emergency_surcharge_per_mwh_minor"),
                    "overstay_per_hour_minor",
                    "holidays_as_sunday",
                )
            },
        ),
        (
            "Each month",
            {
                "fields": (("monthly_share_minor", "free_wh_per_month"),),
                "description": "They stand on the statement of the month, by the prices for everybody.",
            },
        ),
        (
            "Bookings",
            {
                "fields": (("reservation_fee_minor", "no_show_fee_minor"),),
                "description": "In cents. Drivers see both before they book; a slot keeps the fees that it was booked by.",
            },
        ),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return {"valid_from": today, **super().get_changeform_initial_data(request)}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        publish_version(form.instance, by=actor_of(request), now=timezone.now())

    @action(description="Prices in detail", url_path="elements", icon="tune", permissions=["change"])
    def edit_elements(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return edit_elements(self, request, self.find_row(request, object_id, Tariff))

    @display(description="Price", ordering="base_price_per_mwh_minor")
    def base(self, tariff: Tariff) -> str:
        minor = tariff.base_price_per_mwh_minor
        return gettext("by its elements") if minor is None else price(minor)

    @display(
        description="State",
        label={"in force": "success", "to come": "warning", "past": "", "where assigned": "info"},
    )
    def state(self, tariff: Tariff) -> str:
        now = timezone.now()
        if not tariff.is_standing:
            return "where assigned"
        if tariff.valid_from > now:
            return "to come"
        newer = Tariff.objects.filter(
            community=tariff.community_id,
            is_standing=True,
            valid_from__gt=tariff.valid_from,
            valid_from__lte=now,
        )
        return "past" if newer.exists() else "in force"


@admin.register(TariffWindow)
class TariffWindowAdmin(AuditedAdmin):
    form = WindowForm
    manager_may = ALL
    community_from = "tariff"
    fixed_after_add = ("tariff",)
    list_display = ("__str__", "tariff", "days", "price_per_mwh_minor")
    list_filter = ("tariff",)
    list_select_related = ("tariff", "community")
    fields = ("tariff", "weekdays", "start_min", "end_min", "price_per_mwh_minor")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        publish_version(form.instance.tariff, by=actor_of(request), now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: TariffWindow) -> None:
        super().delete_model(request, obj)
        publish_version(obj.tariff, by=actor_of(request), now=timezone.now())

    @display(description="Days")
    def days(self, window: TariffWindow) -> str:
        return " ".join(name[:2] for bit, name in enumerate(WEEKDAYS) if window.weekdays & (1 << bit))
