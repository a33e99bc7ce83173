"""The admin's first page: is it safe, what needs a person, and how did the day go. One card a cluster."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from drivers.domain.mailing.mail_server import mail_trouble
from evbalancer.admin.setup.pages import open_lists
from evbalancer.admin.todo import todo
from evbalancer.common.admin import scope, wording
from evbalancer.common.admin.panels import Figure, list_of, page_of
from evbalancer.common.clocks import clock
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.words import amounts
from evbalancer.dashboard.live.bars import bars
from evbalancer.dashboard.live.curve import DAY_BUCKET_S, Curve
from evbalancer.dashboard.live.facts import Facts, gather
from evbalancer.dashboard.live.overview import alerts, headline
from grid.models import Circuit, Cluster, TemporaryLimit
from scheduling.domain.alarms.wording import group_alarms, is_grave, open_alarms
from scheduling.domain.balancing import attendance
from scheduling.domain.booking import keeping
from scheduling.domain.views.analytics import report_fairness
from scheduling.enums import AlarmKind
from scheduling.models import Alarm

MOST_CLUSTERS: Final = 6
MOST_ALARMS: Final = 40
DAY: Final = timedelta(hours=24)
FAIRNESS_OVER: Final = timedelta(days=30)
CURVE_KEPT_S: Final = 60
WIDTH, HEIGHT = 960, 200


def index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The theme's DASHBOARD_CALLBACK."""
    now = timezone.now()
    clusters = Cluster.objects.filter(retired_at=None, community__retired_at=None, circuits__parent=None)
    visible = scope.within(clusters.distinct(), request_access(request)).select_related("community")
    total = visible.count()
    cards = [card(gather(cluster, now=now)) for cluster in visible[:MOST_CLUSTERS] if _has_tree(cluster)]
    alarms = _alarms(request)
    # Where its alarm is shown, the sentence would say it twice.
    says_mail = any(alarm["kind"] == AlarmKind.MAIL for alarm in alarms)
    return {
        **context,
        "cards": cards,
        "clusters_left": max(0, total - MOST_CLUSTERS),
        "todo": todo(request, now=now),
        "alarms": alarms,
        "all_alarms": list_of(Alarm),
        "setup_lists": open_lists(request),
        "absences": [*_absences(visible, now=now), *([] if says_mail else _mail_trouble())],
    }


def _alarms(request: HttpRequest) -> list[dict[str, Any]]:
    """Open ones that the person may see, the gravest and oldest first."""
    rows = scope.within(open_alarms(), request_access(request)).select_related("community")
    return [
        {
            "kind": alarm.kind,
            "text": alarm.told,
            "note": gettext("%(value)s, began %(began_at)s")
            % {"value": alarm.community or gettext("whole server"), "began_at": wording.ago(alarm.began_at)},
            "page": page_of(alarm),
            "urgent": is_grave(alarm),
            "acknowledged": alarm.acknowledged_at is not None,
            "acknowledge": reverse("admin:scheduling_alarm_acknowledge", args=[alarm.pk]),
        }
        for group in group_alarms(rows.order_by("began_at")[:MOST_ALARMS])
        for alarm in group
    ]


def _absences(clusters: QuerySet[Cluster], *, now: datetime) -> Iterator[dict[str, Any]]:
    """A sentence about the clusters that nobody balances, and one for each web process that stands in."""
    found: dict[str, list[attendance.Absence]] = {}
    for absence in attendance.find_absences(clusters.values_list("pk", flat=True), now=now):
        found.setdefault(absence.stand_in, []).append(absence)
    for stand_in, group in sorted(found.items()):
        meant = {absence.cluster_id for absence in group}
        names = [cluster.name for cluster in clusters if cluster.pk in meant]
        which = names[0] if len(names) == 1 else gettext("%(count)s clusters") % {"count": len(names)}
        since = (
            "yet"
            if group[0].since is None
            else gettext("since %(since)s") % {"since": clock.named(group[0].since, "%F %T")}
        )
        if stand_in:
            text = gettext(
                "No worker has balanced %(which)s %(since)s. The web server does it in their place: %(stand_in)s."
            ) % {"which": which, "since": since, "stand_in": stand_in}
        else:
            text = gettext(
                "Nobody has balanced %(which)s %(since)s. Limits stay as they are, and what was granted lapses."
            ) % {"which": which, "since": since}
        yield {"text": text, "urgent": not stand_in}


def _mail_trouble() -> Iterator[dict[str, Any]]:
    trouble = mail_trouble()
    if trouble is not None and trouble.failing_since is not None:
        since = clock.named(trouble.failing_since, "%F %T")
        text = gettext("Mails have not been sent since %(since)s: %(why)s") % {
            "since": since,
            "why": trouble.problem,
        }
        yield {"text": text, "urgent": True}


def card(facts: Facts) -> dict[str, Any]:
    cluster = facts.cluster
    figures = headline(facts)
    troubled = [place for place in facts.places if place.needs_a_person]
    since = facts.now - keeping.COUNTED_OVER
    promises = keeping.kept_promises([cluster.pk], start=since, end=facts.now).get(
        cluster.pk, keeping.Record()
    )
    fairness = report_fairness(cluster, start=facts.now - FAIRNESS_OVER, end=facts.now)
    return {
        "cluster": cluster,
        "live": reverse("cluster-page", args=[cluster.pk]),
        "page": page_of(cluster),
        "figures": [*_figures(facts, figures, fairness.jain, len(troubled)), _promises(promises)],
        "alerts": alerts(facts),
        "bars": [_bar(bar) for bar in bars(facts)],
        "troubled": [
            {
                "name": str(place.connector),
                "page": page_of(place.connector.charge_point),
                "state": str(place.state),
                "why": place.why,
            }
            for place in troubled[:8]
        ],
        "troubled_left": max(0, len(troubled) - 8),
        "day": _day(facts),
        "lower": f"{reverse('admin:grid_temporarylimit_add')}?circuit={facts.tree.root.pk}",
        "limits": list_of(TemporaryLimit, circuit__cluster__id__exact=cluster.pk),
    }


def _figures(facts: Facts, figures: dict[str, Any], jain: float | None, troubled: int) -> list[Figure]:
    age = wording.ago(None if facts.run is None else facts.run.at)
    late = facts.run is None or (facts.absence is not None and not facts.absence.stand_in)
    return [
        _figure(
            gettext("Free now"),
            _kva(figures["free_va"]),
            gettext("of %(limit)s") % {"limit": _kva(figures["limit_va"])},
            ok=figures["free_va"] > 0,
        ),
        _figure(
            gettext("Load"),
            _kva(figures["load_va"]),
            gettext("%(figures)s to cars") % {"figures": _kva(figures["cars_va"])},
        ),
        _figure(
            gettext("Charging"),
            str(figures["charging"]),
            gettext("%(figures)s waiting, %(figures2)s free")
            % {"figures": figures["waiting"], "figures2": figures["free"]},
        ),
        _figure(
            gettext("Need a look"),
            str(troubled),
            gettext("faulted, offline, unmanaged or not obeying"),
            ok=troubled == 0,
        ),
        _figure(gettext("Last rebalance"), age, gettext("should be under a minute"), ok=not late),
        _figure(
            gettext("Fairness"),
            wording.NOTHING if jain is None else amounts.number(jain, digits=2, fixed=True),
            gettext("Jain index, 30 days; 1 is even"),
        ),
    ]


def _promises(record: keeping.Record) -> Figure:
    share = record.share
    value = wording.NOTHING if share is None else f"{100 * share:.1f} %"
    note = gettext("%(kept)s of %(settled)s, 30 days; at least %(value)s %% should be") % {
        "kept": record.kept,
        "settled": record.settled,
        "value": f"{100 * keeping.BAR:.0f}",
    }
    return _figure(gettext("Promises kept"), value, note, ok=share is None or share >= keeping.BAR)


def _figure(name: str, value: str, note: str, *, ok: bool = True) -> Figure:
    return Figure(name, value, note, tone="" if ok else "bad")


def _kva(power_va: int) -> str:
    return f"{amounts.number(power_va / 1000)} kVA"


def _bar(bar: dict[str, Any]) -> dict[str, Any]:
    """A circuit's bar in per cent of its usual limit, per phase."""
    phases = []
    for number, phase in enumerate(bar["phases"], start=1):
        usual = max(1, phase["usual_ma"])
        used = phase["building_ma"] + phase["cars_ma"]
        phases.append(
            {
                "name": f"L{number}",
                "building_pct": _pct(phase["building_ma"], usual),
                "cars_pct": _pct(phase["cars_ma"], usual),
                "reserved_pct": _pct(phase["reserved_ma"], usual),
                "limit_pct": _pct(phase["limit_ma"], usual),
                "said": gettext("%(used)s of %(limit)s")
                % {"used": amounts.amps(used), "limit": amounts.amps(phase["limit_ma"])},
            }
        )
    return {"name": bar["name"], "indent": bar["depth"], "phases": phases, "page": _circuit_page(bar["id"])}


def _pct(part_ma: int, whole_ma: int) -> str:
    return f"{min(100.0, 100 * part_ma / whole_ma):.1f}"


def _circuit_page(pk: str) -> str:
    return reverse(f"admin:{Circuit._meta.app_label}_{Circuit._meta.model_name}_change", args=[pk])


def _day(facts: Facts) -> dict[str, Any] | None:
    """The last 24 hours as areas of an SVG: building below, cars above, the usual limit as a line."""
    key = f"admin-day:{facts.cluster.pk}"
    points = cache.get(key)
    if points is None:
        points = Curve(DAY_BUCKET_S).points(facts, since=facts.now - DAY)
        cache.set(key, points, CURVE_KEPT_S)
    if len(points) < 2:
        return None
    limit_va = facts.va(facts.tree.root.limit_ma)
    top_va = max(limit_va, *(building + cars for _, building, cars in points)) * 1.05
    begin_s = (facts.now - DAY).timestamp()

    def at(moment_s: float, power_va: float) -> str:
        x = (moment_s - begin_s) / DAY.total_seconds() * WIDTH
        return f"{x:.0f},{HEIGHT - power_va / top_va * HEIGHT:.0f}"

    building = [at(moment, house) for moment, house, _ in points]
    total = [at(moment, house + cars) for moment, house, cars in points]
    floor = [at(points[-1][0], 0), at(points[0][0], 0)]
    return {
        "building": " ".join(building + floor),
        "cars": " ".join(total + building[::-1]),
        "limit_y": f"{HEIGHT - limit_va / top_va * HEIGHT:.0f}",
        "limit": _kva(limit_va),
        "hours": [_hour(facts.now - DAY + timedelta(hours=hour), hour) for hour in (6, 12, 18)],
    }


def _hour(moment: datetime, hours: int) -> dict[str, Any]:
    return {"x": WIDTH * hours // 24, "said": timezone.localtime(moment).strftime("%H:%M")}


def _has_tree(cluster: Cluster) -> bool:
    return Circuit.objects.filter(cluster=cluster, retired_at=None, parent=None).exists()
