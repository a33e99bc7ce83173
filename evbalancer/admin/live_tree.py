"""The tree of a cluster's page: the live page's own picture, drawn by its scripts and kept true by its socket."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.dashboard.live.access import clusters_in_use
from evbalancer.dashboard.live.facts import gather
from evbalancer.dashboard.live.snapshots import tree_of
from grid.models import Cluster


@panel_for(Cluster, rank=1)
def tree_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    """Only managers of the cluster come here, so nothing is left out."""
    if not clusters_in_use().filter(pk=cluster.pk).exists():
        return None
    picture = tree_of(gather(cluster, now=timezone.now()))
    return Panel(
        gettext("Where the power goes"),
        "admin/grid/live_tree.html",
        {"cluster_id": cluster.pk, "picture": picture},
    )
