"""One rebalance: lock, read, solve, check, send. The same ends in the same state after a crash at any line."""

import logging
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chargers.domain.limits import exposures
from chargers.domain.limits import limits as charger_limits
from evbalancer.common.beside import Beside, StepFailedError
from evbalancer.common.db.database import tried_again
from evbalancer.common.db.locks import ClusterBusy, lock_cluster, lock_cluster_in_time
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.db.rows import store_columns
from evbalancer.common.topics import cluster_topic, tell
from fleet.domain import vehicles
from grid.models import Cluster
from scheduling import solver
from scheduling.domain.balancing import (
    allotments,
    attendance,
    cover,
    demand,
    gate,
    replay,
    resting,
    situation,
    timeline,
    troubles,
    watch,
)
from scheduling.domain.balancing.problem import confirmed_limit_ma, has_demand, least_ma, problem_of
from scheduling.domain.balancing.situation import ExposedPlace, Situation
from scheduling.enums import BalanceStep, RunTrigger
from scheduling.models import RebalanceRun

logger = logging.getLogger(__name__)

QUIET_RUN_EVERY = timedelta(seconds=60)
STORED = ("wanted_ma", "sent_ma", "raised_at", "reservation_l1_ma", "reservation_l2_ma", "reservation_l3_ma")
LAPSED = ("confirmed_ma", "confirmed_end_at", "default_from_at")


def share_power(
    cluster_id: UUID,
    *,
    now: datetime,
    trigger: RunTrigger = RunTrigger.BEAT,
    patience: timedelta | None = None,
    stand_in: str = "",
) -> RebalanceRun | None:
    """Share the cluster's power. Returns the stored run, or None when nothing changed and none was due.

    1. On a beat, leave it out where the cluster rests. A stand-in and a cluster in trouble do not rest.
    2. Rebalance. While no step failed lately, the steps beside the limits run without savepoints, which are slow.
    3. If one of them failed in the database, rebalance again with savepoints, so that only this step is lost.
    4. If the limits themselves failed, keep that where people see it (`troubles`), and raise.
    5. Write the billed peak in a transaction of its own: a bill vetoes no limit.
    6. Keep the failed steps where people see them, and drop those that work again.

    `patience`: raise ClusterBusy when the cluster stays locked for longer. `stand_in`: the web process that balances in place of
    workers.
    """
    about, standing = f"the rebalance of cluster {cluster_id}", troubles.standing_troubles(cluster_id)
    beside = Beside(about, savepoints=bool(standing))
    try:
        # 1.
        look = resting.Look()
        if trigger == RunTrigger.BEAT and not standing and not stand_in:
            look = resting.look_at(cluster_id, now=now)
        if look.rests:
            attendance.note_regular_run(cluster_id, now=now)
            return None
        share = partial(
            _share, cluster_id, now=now, trigger=trigger, patience=patience, stand_in=stand_in, look=look
        )
        try:
            # 2.
            run, guards = tried_again(partial(share, beside=beside))
        except StepFailedError:
            # 3.
            beside = Beside(about)
            run, guards = tried_again(partial(share, beside=beside))
    except (Cluster.DoesNotExist, ClusterBusy):
        raise  # retired meanwhile, so that nobody waits for it; or its turn is later
    except Exception as error:
        # 4.
        troubles.report_failure(cluster_id, error, now=now)
        raise
    # 5.
    if guards:
        afterwards = Beside(about)
        afterwards.attempt(BalanceStep.BILLED_PEAK, lambda: demand.store_guards(guards), otherwise=None)
        beside.failed |= afterwards.failed
    # 6.
    if standing or beside.failed:
        troubles.report_steps(cluster_id, beside.failed, now=now)
    return run


@transaction.atomic
def _share(
    cluster_id: UUID,
    *,
    now: datetime,
    trigger: RunTrigger,
    patience: timedelta | None,
    stand_in: str,
    look: resting.Look,
    beside: Beside,
) -> tuple[RebalanceRun | None, Sequence[demand.Guard]]:
    """One rebalance. Returns its run, None if none was due, and the guards that the billed peak is counted by.

    1. Lock the cluster, so that nobody else plans it.
    2. Read the situation, and read it again when it shows an overdraw that the plan has to allow for.
    3. Solve, and check the plan. After a plan that fails the check nobody is given more.
    4. Send changed limits, cuts first, and store what each connector may draw.
    5. Do what serves later rebalances. Each of these steps may fail without changing a limit.
    6. Store the reasons of all limits, and wake the screens when anything changed.
    7. Let the cluster rest if there was nothing to do.
    8. Store the run with its inputs, unless nothing was decided otherwise and none was due.
    """
    started = time.perf_counter()
    # 1.
    cluster = _lock_and_read_cluster(cluster_id, patience)
    # 2.
    seen = situation.read_situation(cluster, now=now, beside=beside)
    if watch.mind_overdraw(seen, beside):
        seen = situation.read_situation(cluster, now=now, beside=beside)
    # 3.
    problem = problem_of(seen)
    solution, broken = _solve(problem, cluster)
    targets = {} if broken else solution.limits_ma()
    decided = {} if broken else solution.allotments
    # 4.
    moves = _send(seen, targets)
    is_stored = _store_connectors(seen, targets, moves)
    # 5.
    _serve_later_runs(seen, moves, beside=beside, stand_in=stand_in, now=now)
    # 6.
    store = partial(allotments.store_allotments, seen, decided, moves)
    news = beside.attempt(BalanceStep.REASONS, store, otherwise=allotments.ALL_NEW)
    is_told = bool(moves or news.is_told or broken)
    if is_told:
        tell(cluster_topic(cluster.pk), "rebalanced")
    lately: list[datetime] = []
    if not (moves or news.is_decided or broken):
        lately = _runs_since(cluster_id=cluster_id, since=now - QUIET_RUN_EVERY)
    # 7.
    if not is_told and not is_stored and not beside.failed:
        rest = partial(resting.begin_rest, seen, look, at_most=max(lately, default=now) + QUIET_RUN_EVERY)
        beside.attempt(BalanceStep.RECORD, rest, otherwise=None)
    # 8.
    if lately:
        return None, seen.guards
    decisions = partial(_decisions, seen, decided, moves)
    record = partial(_store_run, seen, problem, decisions, broken, trigger=trigger, started=started)
    return beside.attempt(BalanceStep.RECORD, record, otherwise=None), seen.guards


def _serve_later_runs(
    seen: Situation, moves: list[gate.Move], *, beside: Beside, stand_in: str, now: datetime
) -> None:
    note = partial(attendance.note_run, seen.cluster, stand_in=stand_in, now=now)
    beside.attempt(BalanceStep.RECORD, note, otherwise=None)
    beside.attempt(BalanceStep.CARS, lambda: _learn_of_cars(seen), otherwise=None)
    beside.attempt(BalanceStep.FALLBACKS, lambda: watch.ask_the_unmanaged(seen), otherwise=None)
    beside.attempt(BalanceStep.QUESTIONS, lambda: _ask_the_silent(seen), otherwise=None)
    beside.attempt(BalanceStep.COVER, lambda: cover.update_cover(seen, moves), otherwise=None)


def _lock_and_read_cluster(cluster_id: UUID, patience: timedelta | None) -> Cluster:
    """Raises ClusterBusy, and Cluster.DoesNotExist where it is not in use."""
    if patience is None:
        lock_cluster(cluster_id)
    else:
        lock_cluster_in_time(cluster_id, patience)
    cluster = _clusters_in_use.first(cluster_id=cluster_id)
    if cluster is None:
        raise Cluster.DoesNotExist
    return cluster


@prepared
def _clusters_in_use(cluster_id: One) -> QuerySet[Cluster]:
    return Cluster.objects.select_related("community").filter(pk=cluster_id, retired_at=None)


@prepared
def _runs_since(cluster_id: One, since: One) -> QuerySet[RebalanceRun, datetime]:
    return (
        RebalanceRun.objects.filter(cluster=cluster_id, at__gt=since).order_by().values_list("at", flat=True)
    )


def _store_run(
    seen: Situation,
    problem: solver.Problem,
    decisions: Callable[[], list[dict[str, object]]],
    broken: Sequence[solver.Violation],
    *,
    trigger: RunTrigger,
    started: float,
) -> RebalanceRun:
    packed = replay.pack_problem(problem)
    run: RebalanceRun = RebalanceRun.objects.create(
        community_id=seen.cluster.community_id,
        cluster=seen.cluster,
        at=seen.now,
        trigger=trigger,
        duration_ms=round((time.perf_counter() - started) * 1000),
        inputs=packed.inputs,
        inputs_digest=packed.digest,
        figures=timeline.count_figures(seen),
        safe_plan=bool(broken),
        decisions=decisions(),
        violations=[asdict(violation) for violation in broken],
    )
    return run


def clusters_in_use() -> list[UUID]:
    return _ids_in_use()


@prepared
def _ids_in_use() -> QuerySet[Cluster, UUID]:
    return Cluster.objects.filter(retired_at=None).values_list("pk", flat=True)


def _solve(problem: solver.Problem, cluster: Cluster) -> tuple[solver.Solution, list[solver.Violation]]:
    solution = solver.solve(problem)
    broken = solver.violations(problem, solution.limits_ma())
    if broken:
        logger.error("The solver broke %s limits of cluster %s; everyone is paused", len(broken), cluster.pk)
    return solution, broken


def _send(seen: Situation, targets: Mapping[str, int]) -> list[gate.Move]:
    """Queue what the gate lets through. The invariant is counted again before the transaction may commit."""
    places: dict[Hashable, ExposedPlace] = {
        place.connector.pk: place for place in seen.places if place.connector.circuit_id in seen.tree.circuits
    }
    lines = [_line(seen, place, targets) for place in places.values()]
    window_s, terms = situation.window_s(seen.cluster), situation.limit_terms()
    capacity: dict[Hashable, gate.Capacity] = {
        pk: gate.Capacity(near_ma, seen.lasting_capacity_ma[pk], window_s)
        for pk, near_ma in seen.capacity_ma.items()
    }
    now_s = seen.now.timestamp()
    moves = gate.plan_moves(lines, capacity, now_s=now_s, terms=terms)
    gate.check_moves(moves, lines, capacity, now_s=now_s, terms=terms)
    grants = [
        charger_limits.Grant(place.connector, place.session, move.limit_ma, move.end_s)
        for move in moves
        if (place := places[move.key]).session is not None
    ]
    if grants:
        charger_limits.queue_limits(grants, now=seen.now)
    return moves


def _line(seen: Situation, place: ExposedPlace, targets: Mapping[str, int]) -> gate.Line:
    connector, exposure = place.connector, place.exposure
    held_ma = exposure.in_force_ma(place.seen_s)
    rested = connector.raised_at is None or seen.now - connector.raised_at >= timedelta(
        seconds=seen.cluster.min_interval_s,
    )
    steered = has_demand(seen, place)
    told_on = connector.told_connection_id
    return gate.Line(
        key=connector.pk,
        path=seen.tree.paths[connector.circuit_id],
        exposure=exposure,
        target_ma=targets.get(str(connector.pk), 0) if steered else None,
        min_ma=least_ma(place, seen) if steered else connector.min_current_ma,
        step_ma=connector.step_ma,
        asked_ma=place.asked_ma,
        may_rise=rested or held_ma == 0,
        # Before its state counts as known again, a connector with a fallback costs that fallback.
        ask=steered and bool(connector.fallback_ma) and told_on != connector.charge_point.connection_id,
    )


def _learn_of_cars(seen: Situation) -> None:
    """Keep the lessons of this session for the next session of a known car."""
    for place in seen.places:
        vehicle = place.session.vehicle if place.session is not None and place.running else None
        taught_ma = seen.takings[place.connector.pk].least_ma
        if vehicle is not None and (vehicle.least_ma or 0) != taught_ma:
            vehicles.learn_least(vehicle, least_ma=taught_ma)


def _ask_the_silent(seen: Situation) -> None:
    watch.stop_the_refused(seen)
    watch.ask_for_states(seen)
    watch.ask_for_maxima(seen)
    watch.ask_the_outranked(seen)


def _store_connectors(seen: Situation, targets: Mapping[str, int], moves: list[gate.Move]) -> bool:
    """Write what changed of them. Returns whether anything did."""
    sent = {move.key: move for move in moves}
    stale, lapsed = [], []
    for place in seen.places:
        connector, exposure = place.connector, place.exposure.lapsed(place.seen_s)
        move = sent.get(connector.pk)
        before = [getattr(connector, name) for name in STORED]
        connector.wanted_ma = targets.get(str(connector.pk), 0)
        if exposure is not place.exposure:
            lapsed.append(connector)
        if move is not None:
            exposure = exposure.sent(move.span)
            if move.why == "raise":
                connector.raised_at = seen.now
        exposures.write_exposure(connector, exposure, now=seen.now)
        if before != [getattr(connector, name) for name in STORED]:
            stale.append(connector)
    store_columns(stale, STORED)
    store_columns(lapsed, LAPSED)
    return bool(stale or lapsed)


def _decisions(
    seen: Situation, decided: Mapping[str, solver.Allotment], moves: list[gate.Move]
) -> list[dict[str, object]]:
    """For each car its target, the limit that could be sent now, and the circuit and phase that bind it."""
    sent = {move.key: move.limit_ma for move in moves}
    found = []
    for place in seen.places:
        if not place.running:
            continue
        allotment = decided.get(str(place.connector.pk))
        found.append(
            {
                "connector_id": place.connector.pk,
                "wanted_ma": allotment.limit_ma if allotment else 0,
                "reason": str(allotment.reason.kind) if allotment else "",
                "circuit_id": allotment.reason.circuit_id if allotment else None,
                "phase": allotment.reason.phase if allotment else None,
                "held_ma": confirmed_limit_ma(place),
                "sent_ma": sent.get(place.connector.pk),
                "reserved_ma": place.reserved_ma,
            }
        )
    return found
