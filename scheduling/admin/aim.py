"""What a cluster's slack is used for, by season, and what each choice would have cost on its last weeks."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop

from evbalancer.common.admin.panels import Cell, Panel, list_of, panel_for, table
from evbalancer.common.admin.policy import ALL
from evbalancer.common.waking import wake_balancer
from grid.admin.audited import AuditedAdmin, AuditedForm
from grid.admin.ledger import LedgerAdmin
from grid.models import Cluster
from scheduling.domain.learning import aims
from scheduling.models import AimSeason, AimTrial

NAMES = {
    "none": gettext_noop("Nothing"),
    "price": gettext_noop("Cheap hours first"),
    "carbon": gettext_noop("Little carbon first"),
    "peak": gettext_noop("A low peak"),
}


class AimSeasonForm(AuditedForm):
    def check_row(self) -> None:
        others = AimSeason.objects.filter(cluster=self.instance.cluster_id).exclude(pk=self.instance.pk)
        aims.check_season(self.instance, beside=list(others))


@admin.register(AimSeason)
class AimSeasonAdmin(AuditedAdmin):
    form = AimSeasonForm
    manager_may = ALL
    operator_may = ALL
    community_from = "cluster"
    fixed_after_add = ("cluster",)
    list_display = ("cluster", "aim", "first_month", "last_month")
    list_filter = ("cluster", "aim")
    list_select_related = ("cluster", "community")
    fields = ("cluster", "aim", ("first_month", "last_month"))

    def saved(self, row: Any) -> None:
        wake_balancer(row.cluster_id)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        wake_balancer(obj.cluster_id)


@admin.register(AimTrial)
class AimTrialAdmin(LedgerAdmin):
    list_display = ("cluster", "measured_at", "days", "cars")
    list_select_related = ("cluster", "community")
    fields = ("cluster", ("measured_at", "day"), ("days", "cars"), "outcomes")
    export_fields = ("id", "cluster", "measured_at", "days", "cars", "outcomes")


@panel_for(Cluster, rank=32)
def aims_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    """Said where the cluster is set up: which aim holds when, and what each would have cost."""
    seasons = list(AimSeason.objects.filter(cluster=cluster))
    trial = AimTrial.objects.filter(cluster=cluster).first()
    chosen = {season.aim for season in seasons} or {"none"}
    outcomes = trial.outcomes if trial is not None else {}
    rows = [_row(name, outcomes.get(name), is_chosen=name in chosen, cluster=cluster) for name in NAMES]
    headers = [
        gettext("Slack is used for"),
        gettext("Received of what was wanted"),
        gettext("The worst-served twentieth"),
        gettext("Energy would have cost"),
        gettext("Highest power of the cars"),
        gettext("Carbon"),
    ]
    return table(
        gettext("What the aims cost here"),
        headers,
        rows,
        more=Cell(gettext("Choose aims"), list_of(AimSeason, cluster__id__exact=cluster.pk)),
    )


def _row(name: str, found: dict[str, Any] | None, *, is_chosen: bool, cluster: Cluster) -> list[Cell | str]:
    said: Cell | str = (
        Cell(gettext("%(names)s (chosen)") % {"names": gettext(NAMES[name])}, tone="ok")
        if is_chosen
        else gettext(NAMES[name])
    )
    if found is None:
        return [said, gettext("not played: no cars, or nothing known to follow"), "-", "-", "-", "-"]
    cost, carbon = found["cost_minor"], found["carbon_g"]
    return [
        said,
        f"{100 * found['energy']:.1f} %",
        f"{100 * found['worst']:.0f} %",
        "-" if cost is None else f"{cost / 100:.2f} {cluster.community.currency}",
        f"{found['peak_w'] / 1000:.1f} kW",
        "-" if carbon is None else f"{carbon / 1000:.1f} kg",
    ]
