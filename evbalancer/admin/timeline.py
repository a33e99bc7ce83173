"""The last hours of a circuit on its own page and of the grid connection on its cluster's: load against limit, phase by phase."""

from datetime import timedelta
from typing import Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.panels import Panel, panel_for
from evbalancer.common.units import PHASES
from evbalancer.dashboard.timeline import drawing, ticks_of
from grid.models import Circuit, Cluster
from scheduling.domain.balancing.timeline import read_timeline

SHOWN: Final = timedelta(hours=6)
REFRESH_S: Final = 30


@panel_for(Cluster, rank=2)
def cluster_timeline_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    roots = Circuit.objects.filter(cluster=cluster, parent=None, retired_at=None)
    root = roots.select_related("cluster__community").first()
    return None if root is None else timeline_panel(request, root)


@panel_for(Circuit)
def timeline_panel(request: HttpRequest, circuit: Circuit) -> Panel | None:
    now = timezone.now()
    since = now - SHOWN
    points = read_timeline(circuit, since=since, until=now)
    drawings = [drawing(points, circuit, phase, since=since, until=now) for phase in PHASES] if points else []
    context = {
        "drawings": drawings,
        "ticks": ticks_of(circuit, since=since, until=now),
        "page": reverse("timeline", args=[circuit.pk]),
    }
    title = gettext("The last hours of %(circuit)s") % {"circuit": circuit.name}
    return Panel(title, "admin/grid/timeline.html", context, refresh_s=REFRESH_S)
