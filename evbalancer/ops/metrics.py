"""Prometheus' view: read from the database at each scrape, so that any process answers for all of them."""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Subquery
from django.db.models.functions import Least
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from chargers.domain import presence
from chargers.models import ChargePoint, ChargerCommand, MeterValue
from chargers.models.charge_point import NEVER_CONNECTED
from drivers.domain.mailing.mail_server import mail_trouble
from evbalancer.common.disk import read_disk
from evbalancer.common.ids import first_uuid_of
from evbalancer.common.units import PHASES
from evbalancer.dashboard.live.access import clusters_in_use
from evbalancer.dashboard.live.bars import bars
from evbalancer.dashboard.live.facts import Facts, gather
from evbalancer.dashboard.live.feed import open_sockets
from evbalancer.ops.doctor.growth import measure_database
from evbalancer.ops.queues import read_depths
from fleet.domain import budget
from fleet.models import SmartcarConnection, Vehicle
from grid.models import Circuit, Cluster, RetentionMark
from scheduling.domain.alarms.wording import open_alarms
from scheduling.domain.balancing.attendance import find_absences
from scheduling.domain.booking import keeping
from scheduling.enums import AlarmKind
from scheduling.models import Attendance, BalanceTrouble, RebalanceRun

RECENT: Final = timedelta(minutes=1)
COMMANDS_OVER: Final = timedelta(hours=1)


class ClusterCollector(Collector):
    """Currents per circuit and phase, states of connectors, and how the balancer does."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        clusters = list(clusters_in_use())
        facts = [gather(cluster, now=self._now) for cluster in clusters if cluster.circuits.exists()]
        yield from self._currents(facts)
        yield from self._states(facts)
        yield from self._runs(clusters)

    def _currents(self, all_facts: Iterable[Facts]) -> Iterator[GaugeMetricFamily]:
        labels = ["cluster", "circuit", "phase"]
        families = {
            "building_ma": GaugeMetricFamily("evb_building_amperes", "Load of the building.", labels=labels),
            "cars_ma": GaugeMetricFamily("evb_cars_amperes", "Load of cars as measured.", labels=labels),
            "reserved_ma": GaugeMetricFamily(
                "evb_reserved_amperes",
                "Possible load above the measured load.",
                labels=labels,
            ),
            "limit_ma": GaugeMetricFamily("evb_limit_amperes", "The limit in force.", labels=labels),
        }
        for facts in all_facts:
            for bar in bars(facts):
                for phase in PHASES:
                    names = [str(facts.cluster.pk), bar["name"], f"L{phase + 1}"]
                    for key, family in families.items():
                        family.add_metric(names, bar["phases"][phase][key] / 1000)
        yield from families.values()

    def _states(self, all_facts: Iterable[Facts]) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("evb_connectors", "Connectors by state.", labels=["cluster", "state"])
        troubled = GaugeMetricFamily(
            "evb_connectors_need_a_person",
            "Connectors that stay as they are until somebody looks after them.",
            labels=["cluster"],
        )
        for facts in all_facts:
            for state, count in sorted(Counter(str(place.state) for place in facts.places).items()):
                family.add_metric([str(facts.cluster.pk), state], count)
            troubled.add_metric([str(facts.cluster.pk)], sum(place.needs_a_person for place in facts.places))
        yield from (family, troubled)

    def _runs(self, clusters: list[Cluster]) -> Iterator[GaugeMetricFamily]:
        age = GaugeMetricFamily(
            "evb_rebalance_age_seconds",
            "Since the last rebalance by any process.",
            labels=["cluster"],
        )
        duration = GaugeMetricFamily(
            "evb_rebalance_duration_seconds",
            "Of the last stored rebalance.",
            labels=["cluster"],
        )
        safe = GaugeMetricFamily(
            "evb_rebalance_safe_plan",
            "1 when the last plan failed its check.",
            labels=["cluster"],
        )
        failing = GaugeMetricFamily(
            "evb_rebalance_failing",
            "1 while this part of the cluster's rebalance fails.",
            labels=["cluster", "step"],
        )
        for trouble in BalanceTrouble.objects.filter(cluster__in=clusters):
            failing.add_metric([str(trouble.cluster_id), trouble.step], 1)
        for row in Attendance.objects.filter(cluster__in=clusters):
            if row.at is not None:
                age.add_metric([str(row.cluster_id)], (self._now - row.at).total_seconds())
        newest = RebalanceRun.objects.filter(cluster=OuterRef("pk")).order_by("-at").values("pk")[:1]
        wanted = Cluster.objects.filter(pk__in=[cluster.pk for cluster in clusters])
        ids = wanted.annotate(newest_run=Subquery(newest)).values_list("newest_run", flat=True)
        for run in RebalanceRun.objects.filter(pk__in=[pk for pk in ids if pk is not None]):
            names = [str(run.cluster_id)]
            duration.add_metric(names, run.duration_ms / 1000)
            safe.add_metric(names, int(run.safe_plan))
        yield from (age, duration, safe, failing, self._stand_ins(clusters))
        yield self._promises(clusters)

    def _stand_ins(self, clusters: list[Cluster]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "evb_rebalance_stand_in",
            "1 while a web process balances the cluster because no worker does.",
            labels=["cluster"],
        )
        absent = find_absences([cluster.pk for cluster in clusters], now=self._now)
        for absence in absent:
            if absence.stand_in:
                family.add_metric([str(absence.cluster_id)], 1)
        return family

    def _promises(self, clusters: list[Cluster]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "evb_promises_settled_30_days",
            "Promises that came to their end in 30 days, by whether they were kept.",
            labels=["cluster", "outcome"],
        )
        since = self._now - keeping.COUNTED_OVER
        records = keeping.kept_promises([cluster.pk for cluster in clusters], start=since, end=self._now)
        for cluster_id, record in sorted(records.items()):
            family.add_metric([str(cluster_id), "kept"], record.kept)
            family.add_metric([str(cluster_id), "broken"], record.settled - record.kept)
        return family


class MeterCollector(Collector):
    """Building meters: since when each is silent. A minute counts as silence."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        age = GaugeMetricFamily(
            "evb_meter_age_seconds",
            "Since the last reading of a circuit's building meter; an hour if none came for longer.",
            labels=["cluster", "circuit"],
        )
        metered = Circuit.objects.filter(has_meter=True, retired_at=None, cluster__retired_at=None)
        recent = metered.filter(readings__received_at__gt=self._now - COMMANDS_OVER)
        # A reading is as old as what it measured, not as its arrival.
        told_at = Least("readings__received_at", "readings__measured_at")
        newest = dict(recent.order_by().values_list("pk").annotate(newest=Max(told_at)))
        for circuit in metered:
            at = newest.get(circuit.pk, self._now - COMMANDS_OVER)
            age.add_metric([str(circuit.cluster_id), circuit.name], (self._now - at).total_seconds())
        yield age


class ChargerCollector(Collector):
    """Sockets, commands and meter values."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        online = GaugeMetricFamily(
            "evb_charge_points_online", "Charge points whose socket is open.", labels=["cluster"]
        )
        known = GaugeMetricFamily(
            "evb_charge_points", "Charge points in use that have ever connected.", labels=["cluster"]
        )
        rows = ChargePoint.objects.filter(~NEVER_CONNECTED, retired_at=None).order_by("cluster_id")
        counts = rows.values_list("cluster_id").annotate(
            of_all=Count("pk"), of_those_online=Count("pk", filter=presence.match_online(now=self._now))
        )
        for cluster_id, of_all, of_those_online in counts:
            known.add_metric([str(cluster_id)], of_all)
            online.add_metric([str(cluster_id)], of_those_online)
        yield from (known, online, self._commands())
        yield GaugeMetricFamily(
            "evb_meter_values_last_minute",
            "Meter values stored in the last minute.",
            value=MeterValue.objects.filter(received_at__gt=self._now - RECENT).count(),
        )
        yield GaugeMetricFamily(
            "evb_browser_sockets", "Live pages open in this process.", value=open_sockets()
        )

    def _commands(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "evb_commands_last_hour",
            "Commands queued in the last hour, by kind and state.",
            labels=["kind", "state"],
        )
        since = self._now - COMMANDS_OVER
        # By their keys, which are in the order of queueing, a history of years is not read.
        recent = ChargerCommand.objects.filter(pk__gte=first_uuid_of(since), queued_at__gt=since).order_by()
        for kind, state, count in recent.values_list("kind", "state").annotate(Count("pk")):
            family.add_metric([kind, state], count)
        return family


class CarCollector(Collector):
    """The budget of calls to cars, what they were for today, and the consents behind them."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        level = budget.read_level(now=self._now)
        yield GaugeMetricFamily(
            "evb_car_calls_left", "Calls left in the application's bucket.", value=level.calls
        )
        rests = 0.0 if level.wait_until is None else (level.wait_until - self._now).total_seconds()
        yield GaugeMetricFamily(
            "evb_car_calls_rest_seconds", "Until the provider takes calls again.", value=rests
        )
        calls = GaugeMetricFamily(
            "evb_car_calls_today", "Calls about cars today (UTC).", labels=["purpose", "outcome"]
        )
        for (purpose, outcome), count in sorted(budget.spent_on(self._now.date()).items()):
            calls.add_metric([purpose, outcome], count)
        yield calls
        yield self._left_alone()
        links = GaugeMetricFamily("evb_car_links", "Consents by state.", labels=["state"])
        rows = SmartcarConnection.objects.order_by().values_list("state").annotate(Count("pk"))
        for state, count in rows:
            links.add_metric([state], count)
        yield links

    def _left_alone(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "evb_cars_left_alone", "Linked cars that are not asked for a while.", labels=["reason"]
        )
        waiting = Vehicle.objects.filter(wait_until__gt=self._now, retired_at=None).order_by()
        for reason, count in waiting.values_list("wait_reason").annotate(Count("pk")):
            family.add_metric([reason], count)
        return family


class AlarmCollector(Collector):
    """Alarms that are open, by kind: 0 where there is none, so that an alert can compare. And the room on the disk."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("evb_alarms_open", "Alarms that are raised and not over.", labels=["kind"])
        rows = open_alarms().order_by().values_list("kind").annotate(Count("pk"))
        counts = dict.fromkeys(AlarmKind.values, 0) | dict(rows)
        for kind, count in sorted(counts.items()):
            family.add_metric([kind], count)
        yield GaugeMetricFamily(
            "evb_mail_failing",
            "1 while the mail server takes no mails.",
            value=int(mail_trouble() is not None),
        )
        yield family
        yield GaugeMetricFamily(
            "evb_disk_free_bytes", "Free on the disk of this process.", value=read_disk().free_bytes
        )


class RetentionCollector(Collector):
    """How the clearing of what is over its time keeps up."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        lag = GaugeMetricFamily(
            "evb_retention_lag_seconds",
            "Since the beginning of the last whole round through a ledger; absent before the first one.",
            labels=["ledger"],
        )
        kept = GaugeMetricFamily(
            "evb_retention_kept_rows",
            "Rows over their time that a session or a bill still needs.",
            labels=["ledger"],
        )
        for mark in RetentionMark.objects.all():
            if mark.finished_at is not None:
                lag.add_metric([mark.ledger], (self._now - mark.finished_at).total_seconds())
                kept.add_metric([mark.ledger], mark.kept)
        yield from (lag, kept)
        yield GaugeMetricFamily(
            "evb_database_bytes", "Size of the database, indexes included.", value=measure_database()
        )


class QueueCollector(Collector):
    """Tasks that wait for a worker."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("evb_queue_depth", "Tasks that wait for a worker.", labels=["queue"])
        for name, depth in read_depths().items():
            family.add_metric([name], depth)
        yield family


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For addresses of TRUSTED_ADDRESSES only: figures of all communities are in it."""
    if not _trusted(request.META.get("REMOTE_ADDR", "")):
        return HttpResponseForbidden("Only addresses in TRUSTED_ADDRESSES may read metrics.")
    now = datetime.now(UTC)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ClusterCollector(now))
    registry.register(MeterCollector(now))
    registry.register(ChargerCollector(now))
    registry.register(CarCollector(now))
    registry.register(AlarmCollector())
    registry.register(RetentionCollector(now))
    registry.register(QueueCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _trusted(address: str) -> bool:
    try:
        asking = ipaddress.ip_address(address)
        return any(asking in ipaddress.ip_network(known) for known in settings.TRUSTED_ADDRESSES)
    except ValueError:
        return False
