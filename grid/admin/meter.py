"""Meters that we read ourselves. They stand on the local network, so their addresses are the operators' to set."""

import asyncio
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext

from evbalancer.common.admin.fields import SecretField
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.policy import ALL, VIEW
from evbalancer.common.admin.theme import action, display
from evbalancer.common.errors import InvalidInput
from evbalancer.common.units import PhaseMilliamps
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.circuit import per_phase
from grid.domain.readings import check_reading
from grid.models import Meter
from grid.readers.kinds import first
from grid.readers.source import ReadError, source_of


class MeterForm(AuditedForm):
    new_password = SecretField(column="password_encrypted", max_length=200, label="Password")

    def check_row(self) -> None:
        if not self.instance.circuit.has_meter:
            raise ValidationError({"circuit": gettext("Mark the circuit's building load as measured first.")})
        source_of(self.instance)


class ProbeForm(ActForm):
    pass


@admin.register(Meter)
class MeterAdmin(AuditedAdmin):
    form = MeterForm
    manager_may = VIEW
    operator_may = ALL
    community_from = "circuit"
    fixed_after_add = ("circuit",)
    list_display = ("circuit", "source", "host", "active", "state")
    list_filter = ("source", "active")
    list_select_related = ("circuit", "community")
    actions_detail = ("probe",)
    fieldsets = (
        (None, {"fields": (("circuit", "source", "active"), ("host", "port"), "every_s")}),
        ("MQTT", {"fields": (("username", "new_password"), "use_tls")}),
        ("Modbus", {"fields": (("preset", "device_id"),)}),
        (
            "Where its values stand",
            {"fields": (("unit", "power_factor_pct"), "place_l1", "place_l2", "place_l3")},
        ),
        ("State", {"fields": (("error", "error_at"),)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [(title, {**rest, "fields": _without_password(rest["fields"])}) for title, rest in fieldsets]

    @display(description="State", label={"read": "success", "off": "", "failing": "danger"})
    def state(self, meter: Meter) -> str:
        if not meter.active:
            return "off"
        return "failing" if meter.error else "read"

    @action(description="Test now", url_path="probe", icon="electric_meter", permissions=["change"])
    def probe(self, request: HttpRequest, object_id: str) -> HttpResponse:
        meter = self.find_row(request, object_id, Meter)
        if not self.has_change_permission(request, meter):
            raise Http404

        # Outside the page's transaction: nobody's writes wait for a meter.
        outcome = _probe(meter) if request.method == "POST" else ""

        def run(data: dict[str, Any]) -> str:
            if isinstance(outcome, ReadError):
                raise InvalidInput("meter", str(outcome)) from outcome
            return outcome

        return act_page(
            self,
            request,
            row=meter,
            title=gettext("Test this meter"),
            intro=gettext("One reading is asked for and shown; nothing is stored. It may take ten seconds."),
            form_class=ProbeForm,
            submit=gettext("Test now"),
            run=run,
        )


def _probe(meter: Meter) -> str | ReadError:
    source = source_of(meter)
    try:
        measured = asyncio.run(first(source))
        # What the meter says has to pass where its readings go, too.
        check_reading(meter.circuit, measured)
    except ReadError as error:
        return error
    except InvalidInput as error:
        return ReadError(error.detail)
    found = PhaseMilliamps(
        *(
            most if load is None else load
            for load, most in zip(measured, meter.circuit.base_load_max_ma, strict=True)
        )
    )
    missing = [f"L{number}" for number, load in enumerate(measured, start=1) if load is None]
    note = (
        gettext(" Not measured, so the configured maximum: %(missing)s.") % {"missing": ", ".join(missing)}
        if missing
        else ""
    )
    return gettext("It answers: %(found)s.%(note)s") % {"found": per_phase(found), "note": note}


def _without_password(fields: Any) -> list[Any]:
    kept = []
    for line in fields:
        names = [
            name for name in (line if isinstance(line, tuple | list) else [line]) if name != "new_password"
        ]
        if names:
            kept.append(tuple(names) if len(names) > 1 else names[0])
    return kept
