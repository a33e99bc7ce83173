"""Who pays what from when: assignments of tariffs, and a table of them above each tariff and each target."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext

from chargers.models import ConnectorGroup
from drivers.models import DriverGroup
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from grid.admin.audited import AuditedAdmin, AuditedForm, actor_of
from grid.admin.ledger import LedgerAdmin
from grid.models import Cluster, Community
from pricing.domain.assignments import check_assignment, remove_assignment, save_assignment
from pricing.domain.choice import ORDER, active_policy
from pricing.domain.previews import night_cost_minor
from pricing.domain.versions import version_of_tariff
from pricing.models import PriceChoice, Tariff, TariffAssignment
from pricing.models.assignment import TARGETS

HEADERS = ("Who", "Tariff", "From", "Until", "A night of 30 kWh", "Now")
ADD = "Assign a tariff"


class AssignmentForm(AuditedForm):
    audit_reason = None  # type: ignore[assignment]

    def check_row(self) -> None:
        check_assignment(self.instance, now=timezone.now())


@admin.register(TariffAssignment)
class TariffAssignmentAdmin(AuditedAdmin):
    form = AssignmentForm
    manager_may = EDIT
    operator_may = EDIT
    community_from = "tariff"
    fixed_after_add = ("tariff", *TARGETS)
    list_display = ("who", "tariff", "begins_at", "ends_at", "state")
    list_filter = ("tariff", *TARGETS)
    list_select_related = ("tariff", "community", *TARGETS)
    actions_detail = ("take_back",)
    fieldsets = (
        (None, {"fields": ("tariff",)}),
        (
            "For whom",
            {
                "fields": (TARGETS,),
                "description": "One of them. None: for everybody. A group of the driver comes first, then a group of the connector, "
                "the cluster's price that follows the market, the cluster, everybody.",
            },
        ),
        ("When", {"fields": (("begins_at", "ends_at"),)}),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "begins_at": timezone.localtime().replace(second=0, microsecond=0),
            **super().get_changeform_initial_data(request),
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        save_assignment(obj, by=actor_of(request), now=timezone.now())

    @display(description="Who")
    def who(self, assignment: TariffAssignment) -> str:
        return str(assignment.target or gettext("Everybody"))

    @display(description="State", label={"in force": "success", "to come": "warning", "over": ""})
    def state(self, assignment: TariffAssignment) -> str:
        return _state(assignment.begins_at, assignment.ends_at, now=timezone.now())

    @action(description="Take back", url_path="take-back", icon="undo", permissions=["change"])
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        assignment = self.find_row(request, object_id, TariffAssignment)

        def run(_: object) -> str:
            said = gettext("%(assignment)s is taken back.") % {"assignment": assignment}
            remove_assignment(assignment, by=actor_of(request), now=timezone.now())
            return said

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Take back %(assignment)s") % {"assignment": assignment},
            intro=gettext("Only one that is still to come. End one that has begun."),
            form_class=ActForm,
            dangerous=True,
            run=run,
        )


@admin.register(PriceChoice)
class PriceChoiceAdmin(LedgerAdmin):
    """What each session was priced by, as it was chosen at its start."""

    list_display = ("session", "driver", "version", "basis", "chosen_at")
    list_filter = ("basis",)
    list_select_related = ("session__connector__charge_point", "driver", "version__tariff", "community")
    fields = ("session", "driver", "version", "basis", "chosen_at")


@panel_for(Tariff, rank=20)
def tariff_panel(request: HttpRequest, tariff: Tariff) -> Panel:
    return _panel(tariff.community, tariff=tariff)


@panel_for(Cluster, rank=60)
def cluster_panel(request: HttpRequest, cluster: Cluster) -> Panel:
    return _panel(cluster.community, cluster=cluster)


@panel_for(ConnectorGroup)
def connector_group_panel(request: HttpRequest, group: ConnectorGroup) -> Panel:
    return _panel(group.community, connector_group=group)


@panel_for(DriverGroup)
def driver_group_panel(request: HttpRequest, group: DriverGroup) -> Panel:
    return _panel(group.community, driver_group=group)


def _panel(community: Community, **chosen: Model) -> Panel:
    """All that is in force or to come in the community, narrowest first: a row alone would not say what comes before it."""
    now = timezone.now()
    rows = TariffAssignment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), community=community)
    found = list(rows.select_related("tariff", "community", *TARGETS).order_by("begins_at"))
    lines = [
        (
            ORDER.index(each.basis),
            each.begins_at,
            [
                Cell(str(each.target or gettext("Everybody")), page_of(each.target) if each.target else ""),
                Cell(each.tariff.name, page_of(each.tariff)),
                Cell(_said(each.begins_at), page_of(each)),
                _said(each.ends_at) if each.ends_at else gettext("until further notice"),
                _night(each.tariff, max(each.begins_at, now), now=now),
                _tone(_state(each.begins_at, each.ends_at, now=now)),
            ],
        )
        for each in found
    ]
    lines += [*_market_lines(community, now), *_standing_lines(community, now)]
    lines.sort(key=lambda line: line[:2])
    (name, row), *_ = chosen.items()
    add = f"{reverse('admin:pricing_tariffassignment_add')}?{name}={row.pk}"
    return table(
        gettext("Who pays what from when"),
        [gettext(header) for header in HEADERS],
        [line for _, _, line in lines],
        more=Cell(gettext(ADD), add),
        empty=gettext("Nobody pays anything yet."),
    )


def _standing_lines(community: Community, now: datetime) -> list[Any]:
    """The tariffs for everybody, each until the next one begins."""
    tariffs = list(Tariff.objects.filter(community=community, is_standing=True).order_by("valid_from"))
    lines: list[Any] = []
    for at, tariff in enumerate(tariffs):
        until = tariffs[at + 1].valid_from if at + 1 < len(tariffs) else None
        if until is not None and until <= now:
            continue
        cells = [
            gettext("Everybody else"),
            Cell(tariff.name, page_of(tariff)),
            _said(tariff.valid_from),
            _said(until) if until is not None else gettext("until further notice"),
            _night(tariff, max(tariff.valid_from, now), now=now),
            _tone(_state(tariff.valid_from, until, now=now)),
        ]
        lines.append((len(ORDER), tariff.valid_from, cells))
    return lines


def _market_lines(community: Community, now: datetime) -> list[Any]:
    """Clusters whose price follows the market, which comes before their tariffs."""
    lines: list[Any] = []
    for cluster in Cluster.objects.filter(community=community, retired_at=None):
        policy = active_policy(cluster)
        if policy is not None:
            said = Cell(gettext("Price that follows the market"), page_of(policy))
            cells = [Cell(str(cluster), page_of(cluster)), said, "", "", "", _tone(gettext("in force"))]
            lines.append((ORDER.index("market"), policy.created_at, cells))
    return lines


def _night(tariff: Tariff, at: datetime, *, now: datetime) -> str:
    version = version_of_tariff(tariff, at=at)
    if version is None:
        return ""
    return f"{night_cost_minor(version, now=max(at, now)) / 100:.2f} {tariff.community.currency}"


def _state(begins_at: datetime, ends_at: datetime | None, *, now: datetime) -> str:
    if ends_at is not None and ends_at <= now:
        return "over"
    return gettext("in force") if begins_at <= now else gettext("to come")


def _tone(state: str) -> Cell:
    return Cell(state, tone={"in force": "ok", "to come": "warn"}.get(state, "quiet"))


def _said(moment: datetime) -> str:
    return str(localize(timezone.localtime(moment)))
