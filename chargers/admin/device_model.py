"""What a charge point told beside charging: its device model, alerts, and limits that others set it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from chargers.domain.limits import external
from chargers.domain.stations import alerts
from chargers.enums import EnergyDoubt
from chargers.models import ChargePoint, Connector, DeviceVariable
from evbalancer.common.admin.panels import Cell, Panel, list_of, panel_for, table
from evbalancer.common.admin.theme import display
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.clocks import clock
from evbalancer.common.words.amounts import amps
from grid.admin.ledger import LedgerAdmin
from grid.models import AuditEntry

NEWEST = 10
MOST_SHOWN = 12
TONES = {
    alerts.SECURITY_EVENT: "bad",
    alerts.ALERT: "warn",
    alerts.RESERVATION_ENDED: "quiet",
    alerts.OVERDRAWN: "bad",
    alerts.ENERGY_DOUBTED: "warn",
    alerts.STATUS: "warn",
    alerts.GRID_FAULT: "warn",
    alerts.GRID_CONTROL: "quiet",
}
WORDS = {
    alerts.SECURITY_EVENT: "Security event",
    alerts.ALERT: "Alert",
    alerts.RESERVATION_ENDED: "Reservation ended",
    alerts.OVERDRAWN: "Draws too much",
    alerts.ENERGY_DOUBTED: "Energy in doubt",
    alerts.STATUS: "State of the charge point",
    alerts.GRID_FAULT: "Fault of the grid",
    alerts.GRID_CONTROL: "Grid support",
}
# Of these, what the charge point itself said is all there is to say.
THEIR_WORDS = {
    alerts.SECURITY_EVENT: ("kind", "info"),
    alerts.STATUS: ("status", "error_code", "vendor_error", "info"),
    alerts.GRID_FAULT: ("control", "fault", "info"),
}


@admin.register(DeviceVariable)
class DeviceVariableAdmin(LedgerAdmin):
    list_display = (
        "component_shown",
        "variable_shown",
        "value",
        "unit",
        "mutability",
        "charge_point",
        "told_at",
    )
    list_filter = ("charge_point", "component", "mutability")
    search_fields = ("component", "variable", "component_instance", "variable_instance", "value")
    search_help_text = "Component, variable or value"
    list_select_related = ("charge_point", "community")
    link_lookups = ("charge_point",)
    export_fields = (
        "charge_point",
        "component",
        "component_instance",
        "evse_number",
        "connector_number",
        "variable",
        "variable_instance",
        "attribute",
        "value",
        "unit",
    )

    @display(description="Component", ordering="component")
    def component_shown(self, row: DeviceVariable) -> str:
        return row.place

    @display(description="Variable", ordering="variable")
    def variable_shown(self, row: DeviceVariable) -> str:
        return row.name


@panel_for(ChargePoint, rank=30)
def device_model_panel(request: HttpRequest, charge_point: ChargePoint) -> Panel | None:
    variables = charge_point.variables.all()
    count = variables.count()
    if not count:
        return None
    rows = [
        [row.place, row.name, f"{row.value} {row.unit}".strip() or NOTHING]
        for row in variables.order_by("-told_at", "component", "variable")[:MOST_SHOWN]
    ]
    more = Cell(
        gettext("All %(count)s variables") % {"count": count},
        list_of(DeviceVariable, charge_point__id__exact=charge_point.pk),
    )
    return table(
        gettext("Device model, last reported"),
        [gettext("Component"), gettext("Variable"), gettext("Value")],
        rows,
        more=more,
    )


@panel_for(ChargePoint, rank=20)
def alerts_panel(request: HttpRequest, charge_point: ChargePoint) -> Panel | None:
    entries = AuditEntry.objects.filter(
        target_kind=ChargePoint._meta.label,
        target_id=str(charge_point.pk),
        action__in=alerts.SEEN_ON_ITS_PAGE,
    )[:NEWEST]
    rows = [
        [
            clock.worded(entry.at, "d M H:i"),
            Cell(WORDS[entry.action], tone=TONES[entry.action]),
            _sentence(entry.action, entry.after or {}),
        ]
        for entry in entries
    ]
    return (
        table(
            gettext("Alerts and security events"), [gettext("When"), gettext("What"), gettext("Told")], rows
        )
        if rows
        else None
    )


def _sentence(action: str, told: dict[str, Any]) -> str:
    if action == alerts.RESERVATION_ENDED:
        return gettext("Reservation %(told)s: %(lower)s") % {
            "told": told["reservation_number"],
            "lower": told["how"].lower(),
        }
    if action in THEIR_WORDS:
        words = [told[name] for name in THEIR_WORDS[action]]
        if action == alerts.GRID_FAULT and told["is_over"]:
            words.append(gettext("over"))
        return " ".join(word for word in words if word)
    if action == alerts.GRID_CONTROL:
        how = gettext("%(told)s began") if told["is_started"] else gettext("%(told)s ended")
        return how % {"told": told["control_id"]}
    if action == alerts.OVERDRAWN:
        measured_ma, allowed_ma = told["measured_ma"], told["allowed_ma"]
        return gettext("Connector %(told)s: %(measured)s where %(allowed)s are allowed") % {
            "told": told["connector"],
            "measured": amps(measured_ma),
            "allowed": amps(allowed_ma),
        }
    if action == alerts.ENERGY_DOUBTED:
        return gettext("Connector %(told)s: %(label)s") % {
            "told": told["connector"],
            "label": EnergyDoubt(told["why"]).label,
        }
    where = gettext("EVSE %(told)s: ") % {"told": told["evse"]} if "evse" in told else ""
    over = " (over)" if told["is_over"] else ""
    return f"{where}{told['about']} is {told['value']}{over} {told['info']}".strip()


@panel_for(Connector, rank=20)
def external_limits_panel(request: HttpRequest, connector: Connector) -> Panel | None:
    if not connector.external_limits:
        return None
    now = timezone.now()
    cluster = connector.charge_point.cluster
    bound_ma = external.bound_ma(
        connector, phases=len(connector.wired_phases), volts=cluster.voltage_v, now=now
    )
    rows = [
        [
            Cell(origin, tone="warn" if limit["is_grid_critical"] else ""),
            _since(limit["since"]),
            gettext("grid critical") if limit["is_grid_critical"] else NOTHING,
        ]
        for origin, limit in sorted(connector.external_limits.items())
    ]
    how_far = (
        gettext("how far is not said")
        if bound_ma is None
        else gettext("%(bound)s now") % {"bound": amps(bound_ma)}
    )
    return table(
        gettext("Limited by others: %(how_far)s") % {"how_far": how_far},
        [gettext("By"), gettext("Since"), gettext("Weight")],
        rows,
    )


def _since(text: str) -> str:
    at = parse_datetime(text)
    return NOTHING if at is None else clock.worded(at, "d M H:i")
