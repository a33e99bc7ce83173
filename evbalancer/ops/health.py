"""Is the process alive, and can it do its work? For load balancers, containers and people."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evbalancer.common import topics
from grid.models import Cluster
from scheduling.enums import BalanceStep
from scheduling.models import BalanceTrouble, RebalanceRun

logger = logging.getLogger(__name__)

# Runs are stored when something changes and at least every minute.
BALANCER_LATE: Final = timedelta(minutes=3)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Looks at nothing else: a restart mends no database."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready when the database answers with all migrations. A degraded part is named and does not unready us."""
    database = _database()
    parts = {"database": database, "channel_layer": _channel_layer(), "balancer": "unknown"}
    if database == "ok":
        parts["balancer"] = _balancer(datetime.now(UTC))
    ready = database == "ok"
    degraded = [name for name, state in parts.items() if state != "ok"]
    status = "ready" if ready and not degraded else "degraded" if ready else "not ready"
    return JsonResponse({"status": status, "parts": parts}, status=200 if ready else 503)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        logger.exception("The database does not answer")
        return "no answer"
    return "migrations are missing" if pending else "ok"


def _channel_layer() -> str:
    """Without it, screens and nudges are late; limits still reach chargers, because commands are rows."""
    try:
        async_to_sync(_send_into_the_void)()
    except Exception:
        logger.exception("The channel layer does not answer")
        return "no answer"
    return "ok"


async def _send_into_the_void() -> None:
    layer: Any = get_channel_layer()
    async with asyncio.timeout(topics.PATIENCE_S):
        await layer.group_send("readyz", {"type": "topic.news"})


def _balancer(now: datetime) -> str:
    """Whether every cluster is balanced. A step beside a rebalance that fails leaves limits as they should be."""
    steps = set(BalanceTrouble.objects.filter(cluster__retired_at=None).values_list("step", flat=True))
    if BalanceStep.REBALANCE in steps:
        return "fails"
    # Where runs can't be recorded, nobody can tell from them when the last one was.
    clusters = Cluster.objects.filter(retired_at=None).exclude(troubles__step=BalanceStep.RECORD)
    served = RebalanceRun.objects.filter(at__gt=now - BALANCER_LATE).values("cluster")
    if clusters.exclude(pk__in=served).exists():
        return "late"
    return f"fails beside limits: {', '.join(sorted(steps))}" if steps else "ok"
