"""What the balancer decided, run by run, and what each connector is given now."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from chargers.models import Connector
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.errors import InvalidInput
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.amounts import amps
from grid.admin.circuit import per_phase
from grid.admin.ledger import LedgerAdmin
from grid.models import Circuit
from scheduling.domain.balancing.replay import replay_run
from scheduling.domain.telling import wording
from scheduling.models import Allotment, Attendance, BalanceTrouble, RebalanceRun
from scheduling.solver import explain
from scheduling.solver.solution import Reason, ReasonKind


@admin.register(RebalanceRun)
class RebalanceRunAdmin(LedgerAdmin):
    list_display = ("at", "cluster", "trigger", "duration_ms", "verdict")
    list_filter = ("at", "cluster", "trigger", "safe_plan")
    list_select_related = ("cluster", "community")
    not_listed = ("inputs", "figures", "decisions", "violations")
    fieldsets = (
        (None, {"fields": (("cluster", "at"), ("trigger", "duration_ms", "verdict"), "inputs_digest")}),
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
                raise InvalidInput("run", gettext("The inputs of this run are not kept."))
            if result.differs:
                names = _names(run.community_id, result.differs)
                said = (
                    gettext("%(pk)s: %(then)s then, %(now)s now")
                    % {"pk": names.get(pk, pk), "then": amps(then), "now": amps(now)}
                    for pk, (then, now) in result.differs.items()
                )
                raise InvalidInput("run", gettext("Decided otherwise now. ") + "; ".join(said) + ".")
            return gettext("The same as then, for %(count)s connectors.") % {"count": len(result.now_ma)}

        return act_page(
            self,
            request,
            row=run,
            title=gettext("Replay this run"),
            intro=gettext(
                "Its inputs are solved again, and what comes out is compared with what was decided. Nothing is sent."
            ),
            form_class=ActForm,
            submit=gettext("Replay"),
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
        cells.append(
            [
                Cell(str(connector), page_of(connector)) if connector else Cell(NOTHING),
                amps(row["wanted_ma"]),
                amps(row["held_ma"]),
                NOTHING if sent_ma is None else amps(sent_ma),
                amps(row["reserved_ma"]),
                Cell(gettext("%(value)s to come") % {"value": amps(row["wanted_ma"] - could)}, tone="warn")
                if could < row["wanted_ma"]
                else Cell(NOTHING),
                _why(row, circuits),
            ]
        )
    headers = [
        gettext("Connector"),
        gettext("Wanted"),
        gettext("Held"),
        gettext("Sent"),
        gettext("Reserved"),
        gettext("Could not yet"),
        gettext("Why"),
    ]
    return table(gettext("Decisions"), headers, cells, empty=gettext("No car was charging."))


def _why(row: dict[str, Any], circuits: dict[str, str]) -> str:
    """The solver's reason in words. One of another version stays as it was stored."""
    try:
        kind = ReasonKind(row.get("reason", ""))
    except ValueError:
        return row.get("reason", "").replace("_", " ") or NOTHING
    reason = Reason(kind=kind, circuit_id=row.get("circuit_id"), phase=row.get("phase"))
    return explain.why(reason, circuits, brief=True, gettext=gettext)


BROKEN = {
    "circuit_phase": gettext_noop("more current than the circuit's limit"),
    "circuit_power": gettext_noop("more power than the circuit's limit"),
    "phasor": gettext_noop("more current on a conductor than its limit"),
    "above_max": gettext_noop("more than the car may draw"),
    "below_min": gettext_noop("less than a car charges with"),
    "off_step": gettext_noop("between two steps of the charger"),
    "not_here": gettext_noop("power for a car that is not there"),
    "unknown_demand": gettext_noop("power for nobody known"),
    "negative": gettext_noop("a limit below zero"),
}


@panel_for(RebalanceRun, rank=9)
def violations_panel(request: HttpRequest, run: RebalanceRun) -> Panel | None:
    """What the check found broken in the solver's plan, so that the safe one counted instead."""
    if not run.violations:
        return None
    circuits = Circuit.objects.filter(cluster=run.cluster).in_bulk()
    names = {str(pk): circuit.name for pk, circuit in circuits.items()}
    rows = []
    for found in run.violations:
        # One of an earlier version is a text.
        broken: dict[str, Any] = (
            found if isinstance(found, dict) else {"kind": str(found), "where": "", "phase": None}
        )
        phase = "" if broken["phase"] is None else f"L{broken['phase'] + 1}"
        kind = gettext(BROKEN[broken["kind"]]) if broken["kind"] in BROKEN else broken["kind"]
        rows.append((kind, names.get(broken["where"], broken["where"]), phase))
    headers = [gettext("What"), gettext("Where"), gettext("Phase")]
    return table(gettext("Violations that the check found"), headers, rows)


@panel_for(RebalanceRun, rank=11)
def figures_panel(request: HttpRequest, run: RebalanceRun) -> Panel | None:
    """What the decisions rest on: limit, building, cars and reservations of each circuit, per phase."""
    circuits = Circuit.objects.filter(cluster=run.cluster).in_bulk()
    rows = [
        (Cell(circuit.name, page_of(circuit)), *(per_phase(PhaseMilliamps(*each)) for each in figures))
        for key, figures in run.figures.items()
        for circuit in (circuits.get(UUID(key)),)
        if circuit is not None
    ]
    headers = [
        gettext("Circuit"),
        gettext("Limit"),
        gettext("Building"),
        gettext("Cars"),
        gettext("Reserved"),
    ]
    return table(gettext("What it counted with"), headers, rows) if rows else None


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
        "starts",
        "since",
        "next_change_at",
        "at",
    )
    readonly_fields = ("why",)

    @display(description="Why")
    def why(self, allotment: Allotment) -> str:
        return wording.allotment_sentence(allotment, now=timezone.now())
