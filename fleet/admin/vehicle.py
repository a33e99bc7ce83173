from datetime import UTC, datetime

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext

from drivers.models import Driver
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import display
from evbalancer.common.admin.wording import NOTHING, ago
from evbalancer.common.words.amounts import amps, kwh
from fleet.domain import budget
from fleet.models import Vehicle, VehicleReading
from grid.admin.audited import AuditedAdmin
from grid.admin.ledger import LedgerAdmin


@admin.register(Vehicle)
class VehicleAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    community_from = "driver"
    # With a car go its consent and its history: it is not handed from one driver to another.
    fixed_after_add = ("driver",)
    list_display = ("name", "driver", "charge", "battery_wh", "plug_state", "link", "calls")
    list_filter = ("plug_state", "charge_state", "charge_source", ("retired_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "make", "model", "driver__name")
    autocomplete_fields = ("driver",)
    readonly_fields = (
        "connection",
        "smartcar_id",
        "charge_pct",
        "charge_at",
        "charge_source",
        "range_km",
        "odometer_km",
        "charge_limit_pct",
        "plug_state",
        "charge_state",
        "plug_at",
        "charging_at",
        "shares_location",
        "is_here",
        "here_at",
        "learned_battery_wh",
        "polled_at",
        "wait_until",
        "wait_reason",
        "calls",
    )
    list_select_related = ("driver", "connection", "community")
    link_lookups = ("driver",)
    fieldsets = (
        (None, {"fields": ("driver", "name", ("make", "model", "year"))}),
        ("What it can take", {"fields": (("battery_wh", "phases", "max_current_ma"),)}),
        (
            "What we last knew",
            {
                "fields": (
                    ("charge_pct", "range_km", "charge_limit_pct"),
                    ("charge_at", "charge_source"),
                    ("plug_state", "plug_at"),
                    ("charge_state", "charging_at"),
                    ("is_here", "here_at", "shares_location"),
                    ("odometer_km", "learned_battery_wh"),
                )
            },
        ),
        (
            "Link",
            {
                "fields": (
                    ("connection", "smartcar_id"),
                    ("calls", "polled_at"),
                    ("wait_until", "wait_reason"),
                )
            },
        ),
        ("Record", {"fields": (("created_at", "retired_at"),)}),
    )

    @display(description="Charge", ordering="charge_pct")
    def charge(self, vehicle: Vehicle) -> str:
        return NOTHING if vehicle.charge_pct is None else f"{vehicle.charge_pct} %, {ago(vehicle.charge_at)}"

    @display(description="Calls this month", ordering="calls_in_month")
    def calls(self, vehicle: Vehicle) -> str:
        used = budget.calls_used(vehicle, now=datetime.now(UTC))
        return f"{used} of {settings.SMARTCAR_CALLS_PER_CAR_AND_MONTH}"

    @display(
        description="Link", label={"connected": "success", "reconnect_needed": "warning", "disconnected": ""}
    )
    def link(self, vehicle: Vehicle) -> str | None:
        return vehicle.connection.state if vehicle.connection is not None else None


@admin.register(VehicleReading)
class VehicleReadingAdmin(LedgerAdmin):
    list_display = ("vehicle", "measured_at", "source", "charge_pct", "range_km", "odometer_km", "plug_state")
    list_filter = ("measured_at", "source", "plug_state")
    search_fields = ("vehicle__name", "vehicle__driver__name")
    list_select_related = ("vehicle", "community")
    link_lookups = ("vehicle",)


@panel_for(Driver)
def cars_panel(request: HttpRequest, driver: Driver) -> Panel | None:
    cars = Vehicle.objects.filter(driver=driver, retired_at=None)
    rows = [
        [
            Cell(car.name, page_of(car)),
            NOTHING if car.battery_wh is None else kwh(car.battery_wh),
            f"{car.phases} x {amps(car.max_current_ma)}",
            NOTHING if car.charge_pct is None else f"{car.charge_pct} %",
            ago(car.charge_at),
        ]
        for car in cars
    ]
    more = Cell(gettext("All cars"), list_of(Vehicle, driver__id__exact=driver.pk))
    return table(
        gettext("Cars"),
        [gettext("Car"), gettext("Battery"), gettext("Takes"), gettext("Charge"), gettext("Known")],
        rows,
        more=more,
        empty=gettext("No car yet."),
    )
