"""What the balancer decided, run by run, and what each connector is given now."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from chargers.models import Connector
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.amounts import amps
from grid.admin.ledger import LedgerAdmin
from grid.models import Circuit
from scheduling.domain.balancing.replay import replay_run
from scheduling.domain.telling import wording
from scheduling.models import Allotment, Attendance, BalanceTrouble, RebalanceRun


@admin.register(RebalanceRun)
class RebalanceRunAdmin(LedgerAdmin):
    list_display = ("at", "cluster", "trigger", "duration_ms", "verdict")
    list_filter = ("cluster", "trigger", "safe_plan")
    date_hierarchy = "at"
    list_select_related = ("cluster", "community")
    fieldsets = (
        (None, {"fields": (("cluster", "at"), ("trigger", "duration_ms", "verdict"), "inputs_digest")}),
        ("Violations that the check found", {"classes": ("collapse",), "fields": ("violations",)}),
    )
    readonly_fields = ("verdict",)
    export_fields = ("at", "cluster", "trigger", "duration_ms", "safe_plan")
    actions_detail = ("replay",)

    @display(description="Plan", ordering="safe_plan", label={"as solved": "success", "safe plan": "danger"})
    def verdict(self, run: RebalanceRun) -> str:
        return "safe plan" if run.safe_plan else "as solved"

    @action(description="Replay", url_path="replay", icon="replay", permissions=["act"])
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Solve its inputs again. The solver is pure: it must say the same, unless it was changed since."""
        run = self.find_row(request, object_id, RebalanceRun)

        def again(data: dict[str, Any]) -> str:
            result = replay_run(run)
            if result is None:
                raise InvalidInput("run", "The inputs of this run are not kept.")
            if result.differs:
                names = _names(run.community_id, result.differs)
                said = (
                    f"{names.get(pk, pk)}: {amps(then)} then, {amps(now)} now"
                    for pk, (then, now) in result.differs.items()
                )
                raise InvalidInput("run", "Decided otherwise now. " + "; ".join(said) + ".")
            return f"The same as then, for {len(result.now_ma)} connectors."

        return act_page(
            self,
            request,
            row=run,
            title="Replay this run",
            intro="Its inputs are solved again, and what comes out is compared with what was decided. Nothing is sent.",
            form_class=ActForm,
            submit="Replay",
            run=again,
        )


@admin.register(BalanceTrouble)
class BalanceTroubleAdmin(LedgerAdmin):
    list_display = ("cluster", "step", "error", "since", "at", "times")
    list_filter = ("cluster", "step")
    list_select_related = ("cluster", "community")
    fields = ("cluster", "step", "error", "since", "at", "times")


@admin.register(Attendance)
class AttendanceAdmin(LedgerAdmin):
    list_display = ("cluster", "regular_at", "rests_until", "stood_in_at", "stand_in")
    list_select_related = ("cluster", "community")
    fields = ("cluster", "regular_at", "rests_until", "stood_in_at", "stand_in")


@panel_for(RebalanceRun)
def decisions_panel(request: HttpRequest, run: RebalanceRun) -> Panel | None:
    """The target of each car, the limit that could be sent, and the limit that bound it."""
    rows = [row for row in run.decisions if isinstance(row, dict)] if isinstance(run.decisions, list) else []
    connectors = {
        str(connector.pk): connector
        for connector in Connector.objects.filter(
            pk__in=[row["connector_id"] for row in rows], community_id=run.community_id
        ).select_related("charge_point")
    }
    circuits = {
        str(pk): name for pk, name in Circuit.objects.filter(cluster=run.cluster).values_list("pk", "name")
    }
    cells = []
    for row in rows:
        connector = connectors.get(row["connector_id"])
        sent_ma = row.get("sent_ma")
        could = min(row["wanted_ma"], row["held_ma"] if sent_ma is None else sent_ma)
        phase = row.get("phase")
        bound = " ".join(
            part
            for part in (
                circuits.get(row.get("circuit_id") or "", ""),
                f"L{phase + 1}" if phase is not None else "",
            )
            if part
        )
        cells.append(
            [
                Cell(str(connector), page_of(connector)) if connector else Cell(NOTHING),
                amps(row["wanted_ma"]),
                amps(row["held_ma"]),
                NOTHING if sent_ma is None else amps(sent_ma),
                amps(row["reserved_ma"]),
                Cell(f"{amps(row['wanted_ma'] - could)} to come", tone="warn")
                if could < row["wanted_ma"]
                else Cell(NOTHING),
                f"{row.get('reason', '').replace('_', ' ')} {bound}".strip() or NOTHING,
            ]
        )
    headers = ["Connector", "Wanted", "Held", "Sent", "Reserved", "Could not yet", "Bound by"]
    return table("Decisions", headers, cells, empty="No car was charging.")


@panel_for(Circuit)
def timeline_panel(request: HttpRequest, circuit: Circuit) -> Panel | None:
    more = Cell(
        "Limit, building, cars and reservations of the last hours", reverse("timeline", args=[circuit.pk])
    )
    return table("Timeline", [], [], more=more)


def _names(community_id: Any, ids: Any) -> dict[str, str]:
    rows = Connector.objects.filter(pk__in=list(ids), community_id=community_id).select_related(
        "charge_point"
    )
    return {str(connector.pk): str(connector) for connector in rows}


@admin.register(Allotment)
class AllotmentAdmin(LedgerAdmin):
    list_display = ("connector", "wanted_ma", "why", "since", "next_change_at")
    list_filter = ("reason",)
    search_fields = ("connector__charge_point__name",)
    list_select_related = ("connector__charge_point", "community")
    fields = (
        "connector",
        "session",
        "wanted_ma",
        "why",
        "reason",
        "facts",
        "starts",
        "since",
        "next_change_at",
        "at",
    )
    readonly_fields = ("why",)

    @display(description="Why")
    def why(self, allotment: Allotment) -> str:
        return wording.allotment_sentence(allotment, now=timezone.now())
