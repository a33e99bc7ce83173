"""Charges for the highest quarter of an hour, with what they would have come to for each driver."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from drivers.models import Driver
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import display
from evbalancer.common.admin.wording import money
from evbalancer.common.words.amounts import kilowatts, kwh
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of
from grid.models import Cluster
from pricing.domain.statements.demand import Sharing, charge_of_month, share_charge
from pricing.domain.statements.demand_charges import (
    check_demand_charge,
    remove_demand_charge,
    save_demand_charge,
)
from pricing.domain.statements.lines import month_after, month_before
from pricing.enums import DemandSharing
from pricing.models import BillingMonth, DemandCharge

SHOWN_DRIVERS = 40
HEADERS = ("Who", "Energy", "In the highest quarter", "By energy", "By the highest quarter")


class DemandChargeForm(AuditedForm):
    audit_reason = None  # type: ignore[assignment]

    def check_row(self) -> None:
        check_demand_charge(self.instance, now=timezone.now())


@admin.register(DemandCharge)
class DemandChargeAdmin(AuditedAdmin):
    form = DemandChargeForm
    manager_may = EDIT
    operator_may = EDIT
    community_from = "cluster"
    fixed_after_add = ("cluster",)
    list_display = ("cluster", "first_day", "per_kw_minor", "sharing", "state")
    list_filter = ("cluster", "sharing")
    list_select_related = ("cluster", "community")
    fieldsets = (
        (
            None,
            {
                "fields": (("cluster", "first_day"), ("per_kw_minor", "sharing")),
                "description": "The mean power of the connection's highest quarter of an hour of a month costs this for each kW. "
                "Drivers see it on their statement with its arithmetic. Save it without sharing, or from a month to come on, to see below what it would have come to.",
            },
        ),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "first_day": month_after(timezone.localdate()),
            **super().get_changeform_initial_data(request),
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        save_demand_charge(obj, by=actor_of(request), now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        remove_demand_charge(obj, by=actor_of(request), now=timezone.now())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or not obj.has_begun(_today(obj.cluster))
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or obj.sharing == DemandSharing.NOBODY or not obj.has_begun(_today(obj.cluster))
        return is_open and super().has_delete_permission(request, obj)

    @display(description="State", label={"in force": "success", "to come": "warning", "over": ""})
    def state(self, charge: DemandCharge) -> str:
        today = _today(charge.cluster)
        if not charge.has_begun(today):
            return "to come"
        now = charge_of_month(charge.cluster, month=today)
        return "in force" if now is not None and now.pk == charge.pk else "over"


@panel_for(DemandCharge, rank=5)
def preview_panel(request: HttpRequest, charge: DemandCharge) -> Panel:
    """The last month that is over, at this price, by both ways: what each driver would have paid."""
    return _panel(charge, month_before(_today(charge.cluster)), title=gettext("What it would have come to"))


@panel_for(BillingMonth, rank=36)
def month_panel(request: HttpRequest, month: BillingMonth) -> Panel | None:
    """The charge of the month, as it is in force: of the first cluster that has one."""
    for cluster in Cluster.objects.filter(community=month.community_id):
        charge = charge_of_month(cluster, month=month.first_day)
        if charge is not None:
            return _panel(
                charge,
                month.first_day,
                title=gettext("Demand charge: %(sharing)s") % {"sharing": charge.get_sharing_display()},
            )
    return None


def _panel(charge: DemandCharge, month: date, *, title: str) -> Panel:
    now = timezone.now()
    ways = []
    for sharing in (DemandSharing.ENERGY, DemandSharing.PEAK):
        row = DemandCharge(cluster=charge.cluster, per_kw_minor=charge.per_kw_minor, sharing=sharing)
        ways.append(share_charge(row, month=month, now=now))
    by_energy, by_peak = ways
    headers = [gettext(header) for header in HEADERS]
    if by_energy is None or by_peak is None:
        return table(
            title,
            headers,
            [],
            empty=gettext("%(month)s has no peak: nothing was counted and nobody charged.")
            % {"month": f"{month:%Y-%m}"},
        )
    return table(f"{title}: {month:%Y-%m}", headers, _rows(by_energy, by_peak))


def _rows(by_energy: Sharing, by_peak: Sharing) -> list[list[Any]]:
    community = by_peak.charge.cluster.community
    zone, currency = ZoneInfo(community.time_zone), community.currency
    drivers = Driver.objects.in_bulk([who for who in by_peak.parts if who is not None])
    largest = sorted(by_peak.parts, key=lambda who: (-by_peak.shares.of_each[who], str(who)))
    rows: list[list[Any]] = [
        [
            gettext("The connection, from %(zone)s")
            % {"zone": f"{by_peak.quarter.astimezone(zone):%Y-%m-%d %H:%M}"}
            + ("" if by_peak.is_counted else ", estimated: it was not counted then"),
            "",
            kilowatts(by_peak.peak_w),
            *[f"{money(by_peak.shares.charge_minor)} {currency}"] * 2,
        ],
        [
            gettext("The building and cars of nobody known: the community"),
            "",
            kilowatts(max(0, by_peak.peak_w - by_peak.cars_w)),
            money(by_energy.kept_minor),
            money(by_peak.kept_minor),
        ],
    ]
    for who in largest[:SHOWN_DRIVERS]:
        if who is None:
            continue
        part = by_peak.parts[who]
        marks = [
            word
            for word, is_so in ((gettext("a part of it"), part.is_partial), ("estimated", part.is_estimated))
            if is_so
        ]
        rows.append(
            [
                Cell(str(drivers[who]), page_of(drivers[who])),
                kwh(part.energy_wh),
                ", ".join([kilowatts(part.power_w), *marks]),
                money(by_energy.shares.of_each[who]),
                money(by_peak.shares.of_each[who]),
            ]
        )
    if len(largest) > SHOWN_DRIVERS:
        rows.append([gettext("and %(value)s more") % {"value": len(largest) - SHOWN_DRIVERS}, "", "", "", ""])
    if by_peak.unmeasured:
        rows.append(
            [
                gettext("%(unmeasured)s sessions are not measured yet, and not in it")
                % {"unmeasured": by_peak.unmeasured},
                "",
                "",
                "",
                "",
            ]
        )
    return rows


def _today(cluster: Cluster) -> date:
    return timezone.localdate(timezone=ZoneInfo(cluster.community.time_zone))
