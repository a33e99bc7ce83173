"""Is the process alive, and can it do its work? For load balancers, containers and people."""

import asyncio
import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Any, Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from drivers.domain.mailing.mail_server import mail_trouble
from evbalancer.common import topics
from evbalancer.ops.partitions import find_unprepared
from grid.models import IdempotencyKey
from scheduling.domain.balancing.attendance import Absence, find_absences
from scheduling.domain.balancing.rebalance import clusters_in_use
from scheduling.enums import BalanceStep
from scheduling.models import BalanceTrouble

logger = logging.getLogger(__name__)

STORES_FOR_S: Final = 2.0
PROBE_BYTES: Final = 16_384

_stored: tuple[float] = (float("-inf"),)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Looks at nothing else: a restart repairs no database."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready when the database answers with all migrations and stores, and pages have their files. A degraded part is named
    and does not unready us."""
    database = tell_database()
    parts = {
        "database": database,
        "channel_layer": _channel_layer(),
        "balancer": "unknown",
        "pages": "ok" if are_pages_collected() else "no files: run manage.py collectstatic",
    }
    if database == "ok":
        parts["balancer"] = tell_balancer(datetime.now(UTC))
        if find_unprepared(now=datetime.now(UTC)):
            parts["partitions"] = "not made ahead"
        trouble = mail_trouble()
        if trouble is not None and trouble.failing_since is not None:
            # Its answer is for operators, and this page is for everybody.
            parts["mail"] = f"fails since {trouble.failing_since.isoformat(timespec='seconds')}"
    ready = database == parts["pages"] == "ok"
    degraded = [name for name, state in parts.items() if state != "ok"]
    status = "ready" if ready and not degraded else "degraded" if ready else "not ready"
    return JsonResponse({"status": status, "parts": parts}, status=200 if ready else 503)


def tell_database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        logger.exception("The database does not answer")
        return "no answer"
    return "migrations are missing" if pending else _storing()


def _storing() -> str:
    """A row, large enough to need room on the disk, written and removed. Looked at every few seconds, whoever asks."""
    global _stored  # noqa: PLW0603
    if time.monotonic() - _stored[0] > STORES_FOR_S:
        try:
            with transaction.atomic():
                row = IdempotencyKey.objects.create(
                    scope="readyz",
                    key=secrets.token_hex(16),
                    request_digest="",
                    response_status=0,
                    response_body=secrets.token_hex(PROBE_BYTES // 2),
                )
            row.delete()
        except DatabaseError:
            logger.exception("The database stores nothing")
            return "can't store"
        _stored = (time.monotonic(),)
    return "ok"


def are_pages_collected() -> bool:
    """Whether the files that pages name were collected; in development they are found without."""
    storage: object = staticfiles_storage
    return not isinstance(storage, ManifestFilesMixin) or bool(storage.hashed_files)


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


def tell_balancer(now: datetime) -> str:
    """Whether every cluster is balanced. A step beside a rebalance that fails leaves limits as they should be."""
    steps = set(BalanceTrouble.objects.filter(cluster__retired_at=None).values_list("step", flat=True))
    if BalanceStep.REBALANCE in steps:
        return "fails"
    absent = find_absences(clusters_in_use(), now=now)
    # Clusters without anybody matter more than those that somebody stands in for.
    for absence in sorted(absent, key=lambda each: bool(each.stand_in)):
        return _tell_absence(absence, clusters=len(absent))
    return f"fails beside limits: {', '.join(sorted(steps))}" if steps else "ok"


def _tell_absence(absence: Absence, *, clusters: int) -> str:
    since = "never" if absence.since is None else absence.since.isoformat(timespec="seconds")
    if absence.stand_in:
        return f"no worker since {since}, {absence.stand_in} stands in ({clusters} clusters)"
    return f"nobody since {since} ({clusters} clusters)"
