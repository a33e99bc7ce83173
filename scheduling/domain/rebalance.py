"""One rebalance: lock, read, solve, check, send. The same ends in the same state after a crash at any line."""

import hashlib
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from chargers.domain import limits as charger_limits
from chargers.enums import CommandKind
from chargers.models import Connector
from evbalancer.common.locks import lock_cluster
from evbalancer.common.topics import cluster_topic, tell
from grid.models import Cluster
from scheduling import solver
from scheduling.domain import allotments, gate, situation
from scheduling.domain.problem import has_demand, held, problem_of
from scheduling.domain.situation import Place, Situation
from scheduling.enums import RunTrigger
from scheduling.models import RebalanceRun

logger = logging.getLogger(__name__)

QUIET_RUN_EVERY = timedelta(seconds=60)
ASK_AGAIN_AFTER = timedelta(seconds=30)


@transaction.atomic
def rebalance(
    cluster_id: UUID, *, now: datetime, trigger: RunTrigger = RunTrigger.BEAT
) -> RebalanceRun | None:
    """Share the cluster's power anew. Returns the stored run, or None when nothing changed and none was due."""
    started = time.perf_counter()
    lock_cluster(cluster_id)
    cluster = Cluster.objects.select_related("community").get(pk=cluster_id, retired_at=None)
    seen = situation.read(cluster, now=now)
    problem = problem_of(seen)
    solution, broken = _solve(problem, cluster)
    targets = {} if broken else solution.limits_ma()
    moves = _send(seen, targets)
    _ask_the_unmanaged(seen)
    _store_connectors(seen, targets, moves)
    changed = allotments.store(seen, {} if broken else solution.allotments, moves)
    if moves or changed or broken:
        tell(cluster_topic(cluster.pk), "rebalanced")
    elif RebalanceRun.objects.filter(cluster=cluster, at__gt=now - QUIET_RUN_EVERY).exists():
        return None
    return RebalanceRun.objects.create(
        community_id=cluster.community_id,
        cluster=cluster,
        at=now,
        trigger=trigger,
        duration_ms=round((time.perf_counter() - started) * 1000),
        inputs_digest=hashlib.sha256(repr(problem).encode()).hexdigest(),
        safe_plan=bool(broken),
        decisions=_decisions(seen, targets, moves),
        violations=[str(violation) for violation in broken],
    )


def rebalance_all(*, now: datetime) -> int:
    """Every cluster in use, each in a transaction of its own. Returns how many there are."""
    ids = list(Cluster.objects.filter(retired_at=None).values_list("pk", flat=True))
    for cluster_id in ids:
        try:
            rebalance(cluster_id, now=now)
        except Exception:
            # One cluster's trouble must not keep the others from being balanced.
            logger.exception("Rebalance of cluster %s failed", cluster_id)
    return len(ids)


def _solve(problem: solver.Problem, cluster: Cluster) -> tuple[solver.Solution, list[solver.Violation]]:
    solution = solver.solve(problem)
    broken = solver.violations(problem, solution.limits_ma())
    if broken:
        logger.error("The solver broke %s limits of cluster %s; everyone is paused", len(broken), cluster.pk)
    return solution, broken


def _send(seen: Situation, targets: Mapping[str, int]) -> list[gate.Move]:
    """Queue what the gate lets through. The invariant is counted again before the transaction may commit."""
    places = {
        place.connector.pk: place for place in seen.places if place.connector.circuit_id in seen.tree.circuits
    }
    lines = [_line(seen, place, targets) for place in places.values() if has_demand(seen, place)]
    room = gate.room_left(
        seen.capacity_ma,
        ((seen.tree.paths[place.connector.circuit_id], place.load_ma) for place in places.values()),
    )
    room_before = {pk: tuple(phases) for pk, phases in room.items()}
    moves = gate.plan_moves(lines, room)
    gate.check(moves, lines, room_before)
    for move in moves:
        place = places[move.connector_id]
        if place.session is not None:
            charger_limits.queue_limit(place.connector, place.session, limit_ma=move.limit_ma, now=seen.now)
    return moves


def _line(seen: Situation, place: Place, targets: Mapping[str, int]) -> gate.Line:
    connector = place.connector
    held_ma = held(place)
    rested = connector.raised_at is None or seen.now - connector.raised_at >= timedelta(
        seconds=seen.cluster.min_interval_s,
    )
    return gate.Line(
        connector_id=connector.pk,
        path=seen.tree.paths[connector.circuit_id],
        phases=place.phases,
        target_ma=targets.get(str(connector.pk), 0),
        held_ma=held_ma,
        reserved_ma=place.reserved_ma,
        min_ma=connector.min_current_ma,
        step_ma=connector.step_ma,
        open_ma=connector.sent_ma,
        in_doubt=connector.in_doubt_ma is not None,
        may_rise=rested or held_ma == 0,
    )


def _ask_the_unmanaged(seen: Situation) -> None:
    """Chargers without a confirmed default, or that refused too often, are asked again: they return by themselves."""
    without = {
        place.connector.charge_point_id: place for place in seen.places if place.connector.fallback_ma is None
    }
    refusing = [
        place for place in seen.places if place.connector.uncontrollable_since is not None and place.running
    ]
    asked = situation.newest_commands(
        [CommandKind.SET_DEFAULT_LIMIT, CommandKind.SET_LIMIT],
        [*without, *(place.connector.charge_point_id for place in refusing)],
        since=seen.now - ASK_AGAIN_AFTER,
    )
    for charge_point_id, place in without.items():
        if charge_point_id not in asked and seen.online(place):
            charger_limits.queue_default_limit(place.connector.charge_point, now=seen.now)
    for place in refusing:
        if place.connector.charge_point_id not in asked and seen.online(place) and place.session is not None:
            # What it holds already, so that nothing is risked: Accepted is what is asked for.
            charger_limits.queue_limit(place.connector, place.session, limit_ma=held(place), now=seen.now)


def _store_connectors(seen: Situation, targets: Mapping[str, int], moves: list[gate.Move]) -> None:
    sent = {move.connector_id: move.limit_ma for move in moves}
    stale = []
    for place in seen.places:
        connector = place.connector
        reserved_ma = max(place.reserved_ma, sent.get(connector.pk, 0))
        loads = (*(reserved_ma if phase in place.phases else 0 for phase in range(3)),)
        wanted_ma = targets.get(str(connector.pk), 0)
        raised_at = connector.raised_at
        if sent.get(connector.pk, 0) > held(place):
            raised_at = seen.now
        before = (connector.wanted_ma, tuple(connector.reservation_ma), connector.raised_at)
        if before == (wanted_ma, loads, raised_at):
            continue
        connector.wanted_ma, connector.raised_at = wanted_ma, raised_at
        connector.reservation_l1_ma, connector.reservation_l2_ma, connector.reservation_l3_ma = loads
        stale.append(connector)
    Connector.objects.bulk_update(
        stale,
        ["wanted_ma", "raised_at", "reservation_l1_ma", "reservation_l2_ma", "reservation_l3_ma"],
    )


def _decisions(
    seen: Situation, targets: Mapping[str, int], moves: list[gate.Move]
) -> list[dict[str, object]]:
    sent = {move.connector_id: move.limit_ma for move in moves}
    return [
        {
            "connector_id": place.connector.pk,
            "wanted_ma": targets.get(str(place.connector.pk), 0),
            "held_ma": held(place),
            "sent_ma": sent.get(place.connector.pk),
            "reserved_ma": place.reserved_ma,
        }
        for place in seen.places
        if place.running
    ]
