"""A page that draws a circuit's last hours, phase by phase, without a script."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from drivers.models import User
from evbalancer.common.clocks.ticks import find_ticks
from evbalancer.common.units import PHASES
from evbalancer.common.words.amounts import amps
from evbalancer.dashboard.live.access import Rights, rights_on
from grid.domain import demand, limits
from grid.models import Circuit
from scheduling.domain.balancing.timeline import KNOWN_FOR, Point, read_timeline

HOURS: Final = (1, 6, 24, 168)
WIDTH, HEIGHT = 720, 160
LONGEST_BY_HOURS: Final = timedelta(days=2)


@require_GET
@never_cache
def timeline_page(request: HttpRequest, circuit_id: UUID) -> HttpResponse:
    rows = Circuit.objects.filter(retired_at=None, cluster__retired_at=None)
    circuit = get_object_or_404(rows.select_related("cluster__community"), pk=circuit_id)
    person = request.user
    rights = rights_on(circuit.cluster, person) if isinstance(person, User) else None
    if rights not in {Rights.RESIDENT, Rights.MANAGER}:
        raise Http404
    asked = request.GET.get("hours", "")
    hours = int(asked) if asked in {str(each) for each in HOURS} else 6
    now = datetime.now(UTC)
    since = now - timedelta(hours=hours)
    points = read_timeline(circuit, since=since, until=now)
    context = {
        "circuit": circuit,
        "cluster": circuit.cluster,
        "others": Circuit.objects.filter(cluster=circuit.cluster, retired_at=None),
        "open_limits": [
            limit for limit in limits.open_limits(circuit.cluster, now=now) if limit.circuit_id == circuit.pk
        ],
        "billed": demand.read_billed_peak(circuit, now=now),
        "now": now,
        "choices": HOURS,
        "hours": hours,
        "drawings": [drawing(points, circuit, phase, since=since, until=now) for phase in PHASES]
        if points
        else [],
        "zone": circuit.cluster.community.time_zone,
        "since": since,
        "until": now,
    }
    return render(request, "dashboard/timeline.html", context)


@require_GET
@never_cache
def cluster_timeline(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Redirect to the timeline of the grid connection. That page checks the viewer's rights."""
    root = get_object_or_404(Circuit, cluster_id=cluster_id, parent=None, retired_at=None)
    return redirect("timeline", root.pk)


def drawing(
    points: list[Point], circuit: Circuit, phase: int, *, since: datetime, until: datetime
) -> dict[str, Any]:
    """Paths of one phase in a box of 720 by 160, and the figures that matter in words."""
    rows = [
        (
            point.base_ma[phase],
            point.base_ma[phase] + point.cars_ma[phase],
            point.base_ma[phase] + max(point.cars_ma[phase], point.reserved_ma[phase]),
            max(0, point.limit_ma[phase]),
        )
        for point in points
    ]
    # A charger that could draw its nameplate must not press the load to the ground: what is reserved may leave the picture.
    flowing_ma = max(max(row[1], row[3]) for row in rows)
    top_ma = min(max(row[2] for row in rows), 2 * max(flowing_ma, circuit.limit_ma[phase]))
    top_ma = max(1, circuit.limit_ma[phase], flowing_ma, top_ma) * 27 // 25
    zone = ZoneInfo(circuit.cluster.community.time_zone)
    steps = _steps([point.at for point in points], since=since, until=until)

    def y(current_ma: int) -> str:
        return f"{max(0, HEIGHT - HEIGHT * current_ma / top_ma):.1f}"

    def area(column: int) -> str:
        parts = (
            f"M{begin:.1f} {HEIGHT}V{y(row[column])}H{end:.1f}V{HEIGHT}Z"
            for (begin, end), row in zip(steps, rows, strict=True)
        )
        return "".join(parts)

    line = "".join(
        f"M{begin:.1f} {y(row[3])}H{end:.1f}" for (begin, end), row in zip(steps, rows, strict=True)
    )
    return {
        "name": f"L{phase + 1}",
        "building": area(0),
        "cars": area(1),
        "reserved": area(2),
        "limit": line,
        "limit_a": rows[-1][3] / 1000,
        "load_a": rows[-1][1] / 1000,
        "most_a": max(row[1] for row in rows) / 1000,
        "reserved_a": max(row[2] for row in rows) / 1000,
        "hover": [
            [round(begin, 1), f"{point.at.astimezone(zone):%H:%M}", *_words(row)]
            for point, row, (begin, _) in zip(points, rows, steps, strict=True)
        ],
    }


def ticks_of(circuit: Circuit, *, since: datetime, until: datetime) -> list[dict[str, str]]:
    """The marks of the axis, in per cent of the picture, on the community's clock."""
    zone = ZoneInfo(circuit.cluster.community.time_zone)
    form = "%H:%M" if until - since <= LONGEST_BY_HOURS else "%d.%m."
    return [
        {"pct": f"{100 * (at - since) / (until - since):.1f}", "said": f"{at.astimezone(zone):{form}}"}
        for at in find_ticks(since, until, zone=zone)
    ]


def _words(row: tuple[int, int, int, int]) -> list[str]:
    """What a pointer reads."""
    building, load, held, limit = map(amps, row)
    return [
        gettext("%(load)s of %(limit)s") % {"load": load, "limit": limit},
        gettext("building %(amps)s") % {"amps": building},
        gettext("could be drawn: %(amps)s") % {"amps": held},
    ]


def _steps(moments: list[datetime], *, since: datetime, until: datetime) -> list[tuple[float, float]]:
    """From where to where each point counts: until the next one, and not beyond what is known of it."""
    whole_s = (until - since).total_seconds()
    known_s = max(KNOWN_FOR.total_seconds(), 2 * whole_s / 240)
    at_s = [(moment - since).total_seconds() for moment in moments]
    return [
        (begin / whole_s * WIDTH, min(end, begin + known_s) / whole_s * WIDTH)
        for begin, end in zip(at_s, [*at_s[1:], whole_s], strict=True)
    ]
