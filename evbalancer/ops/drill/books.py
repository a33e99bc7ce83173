"""What a drill reads in the database, before and after: who is safe, what was in force, what became of the transactions."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connections
from django.db.models import Q

from chargers.models import Connector, Session
from chargers.simulator.plant.connector import Transaction
from chargers.simulator.play.history import Sample
from chargers.simulator.play.site import Site
from evbalancer.ops.drill import place
from evbalancer.ops.drill.place import MARGIN_MA, TRANSFORMER_MA, Place
from evbalancer.ops.drill.report import CircuitReport, Cut, Messages, Report
from grid.models import TemporaryLimit
from scheduling.models import Attendance, RebalanceRun

T = TypeVar("T")
POLL_S = 0.2
SAFE_S = 60


async def in_database(look: Callable[[], T]) -> T:
    """Look on a connection of its own: the last one may have died with the database."""

    def fresh() -> T:
        try:
            return look()
        finally:
            connections.close_all()

    return await sync_to_async(fresh)()


async def all_safe(built: Place) -> None:
    """Cars come once every fallback is confirmed: no server can undo what a charger does before its first answer."""
    unsafe = Connector.objects.filter(charge_point__cluster=built.cluster, fallback_ma=None)
    for _ in range(round(SAFE_S / POLL_S)):
        if not await in_database(unsafe.exists):
            return
        await asyncio.sleep(POLL_S)
    raise RuntimeError(f"not every charge point confirmed its fallback within {SAFE_S} s")


async def balanced_again(built: Place, *, after_s: float, within_s: float) -> float | None:
    """Seconds from now until a rebalance that begins `after_s` from now or later; None when there is none in time."""
    after = datetime.now(UTC) + timedelta(seconds=after_s)
    newer = RebalanceRun.objects.filter(cluster=built.cluster, at__gt=after)
    return await _appeared(newer.exists, within_s=within_s)


async def attended(
    built: Place, *, after: datetime, within_s: float, by_workers: bool = False
) -> float | None:
    """Seconds from now until somebody has balanced the cluster after that moment; None when nobody has in time."""
    by_anybody = Q(regular_at__gt=after) | Q(stood_in_at__gt=after)
    wanted = Attendance.objects.filter(
        Q(regular_at__gt=after) if by_workers else by_anybody, cluster=built.cluster
    )
    return await _appeared(wanted.exists, within_s=within_s)


async def _appeared(is_there: Callable[[], bool], *, within_s: float) -> float | None:
    """Seconds from now until the database has it; None when it has not in time."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + within_s:
        with contextlib.suppress(DatabaseError):  # it is still starting
            if await in_database(is_there):
                return time.monotonic() - began_s
        await asyncio.sleep(POLL_S)
    return None


async def all_seen(site: Site, *, within_s: float) -> float | None:
    """Seconds from now until every charge point has been online; those that fall silent on their own need not stay."""
    began_s = time.monotonic()
    missing = list(site.charge_points.values())
    while missing:
        missing = [station for station in missing if not station.online]
        if time.monotonic() > began_s + within_s:
            return None
        await asyncio.sleep(POLL_S)
    return time.monotonic() - began_s


async def close(report: Report, site: Site, built: Place, *, since: float, owed: int) -> None:
    """Judge what was recorded, once everything is quiet again."""
    report.circuits = [
        CircuitReport(name, limit_ma, site.history.peak_ma(name))
        for name, limit_ma in place.LIMITS_MA.items()
    ]
    report.cuts = await in_database(lambda: _cuts(built, until=time.time()))
    for cut in report.cuts:
        cut.peak_ma = site.history.peak_ma(cut.circuit, since=cut.effective_at, until=cut.lifted_at)
    report.messages = await in_database(lambda: _messages(site, built))
    report.messages.still_queued = owed
    series = [sample for sample in site.history.series["Transformer"] if sample.at >= since]
    report.utilisation = _used(series, [cut for cut in report.cuts if cut.circuit == "Transformer"])


def _cuts(built: Place, *, until: float) -> list[Cut]:
    names = {pk: name for name, pk in built.circuits.items()}
    cuts = []
    for limit in TemporaryLimit.objects.filter(circuit__cluster=built.cluster).order_by("announced_at"):
        lifted_at = until if limit.cancelled_at is None else limit.cancelled_at.timestamp()
        if limit.effective_at.timestamp() < lifted_at:
            cuts.append(
                Cut(
                    circuit=names[limit.circuit_id],
                    limit_ma=max(limit.limit_ma),
                    uncovered_ma=limit.uncovered_ma,
                    effective_at=limit.effective_at.timestamp(),
                    lifted_at=lifted_at,
                )
            )
    return cuts


def _messages(site: Site, built: Place) -> Messages:
    stations = list(site.charge_points.values())
    tallies = [station.link.tally for station in stations]
    told = Messages(
        from_chargers=sum(tally.said for tally in tallies),
        unanswered_by_server=sum(tally.said - tally.heard_back for tally in tallies),
        from_server=sum(tally.asked for tally in tallies),
        unanswered_by_chargers=sum(tally.asked - tally.answered for tally in tallies),
        transaction_messages_dropped=sum(station.talker.dropped for station in stations),
    )
    running = {id(station.connectors[1].transaction) for station in stations}
    begun = [transaction for station in stations for transaction in station.transactions]
    stored = Session.objects.filter(connector__charge_point__cluster=built.cluster)
    ends = dict(stored.values_list("transaction_id", "stopped_at"))
    told.transactions = len(begun)
    told.transactions_lost = sum(not _is_kept(each, ends, is_over=id(each) not in running) for each in begun)
    return told


def _is_kept(transaction: Transaction, ends: dict[int | None, datetime | None], *, is_over: bool) -> bool:
    """The server knows it, and its end if it has ended."""
    number = transaction.server_id
    return number in ends and (ends[number] is not None or not is_over)


def _used(series: Sequence[Sample], cuts: Sequence[Cut]) -> float:
    """Mean of the transformer's phases over what it may carry for cars at each moment, from the first car on."""
    used = possible = 0.0
    for left, right in pairwise(series):
        in_force = [cut.limit_ma for cut in cuts if cut.effective_at <= left.at < cut.lifted_at]
        used += sum(left.ma) * (right.at - left.at)
        possible += 3 * (min([TRANSFORMER_MA, *in_force]) - MARGIN_MA) * (right.at - left.at)
    return used / possible if possible else 0.0
