"""Events followed as temporary limits: new ones imposed, changed ones replaced, cancelled ones lifted."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from evbalancer.common import encryption
from evbalancer.common.errors import DomainError, StateMoved
from evbalancer.common.locks import lock_cluster
from evbalancer.common.units import PhaseMilliamps, va_to_ma
from grid.domain import limits
from grid.domain.audit import Actor
from grid.enums import ActorKind, LimitSource
from grid.models import DemandProgram, ProgramLimit
from grid.openadr import client
from grid.openadr.event import Ask, UnreadableEvent, asks_of, id_of

logger = logging.getLogger(__name__)

# A minute until the next look; before that the cluster's notice, so that the limit holds when the event begins.
POLL_EVERY = timedelta(seconds=60)


def poll_all(*, now: datetime) -> None:
    """Ask every node; one that does not answer keeps no other from being followed, and its limits as they are."""
    rows = DemandProgram.objects.filter(active=True, circuit__retired_at=None)
    for program in rows.select_related("circuit__cluster"):
        try:
            found = _events(program)
            error = follow(program, found, now=now)
        except (client.VtnError, DomainError) as failure:
            logger.warning("Program %s: %s", program.pk, type(failure).__name__)
            DemandProgram.objects.filter(pk=program.pk).update(error=str(failure)[:200])
        else:
            DemandProgram.objects.filter(pk=program.pk).update(error=error, polled_at=now)


@transaction.atomic
def follow(program: DemandProgram, events: Sequence[Any], *, now: datetime) -> str:
    """Make the program's limits those that its events ask for now. Safe to repeat. Returns what could not be read."""
    lock_cluster(program.circuit.cluster_id)
    due, unreadable = _due(program, events, now=now)
    standing = {
        row.key: row for row in program.limits.filter(ended_at=None).select_related("limit__circuit__cluster")
    }
    actor = Actor(ActorKind.SYSTEM, str(program.pk), program.name)
    for key, ask in due.items():
        # First the new limit, then the old one goes: there is no moment without.
        if key not in standing and not program.limits.filter(key=key).exists():
            _impose(program, ask, actor=actor, now=now)
    for key, row in standing.items():
        if key not in due and row.event_id not in unreadable:
            _end(row, actor=actor, now=now)
    return f"{len(unreadable)} events can't be read." if unreadable else ""


def _due(program: DemandProgram, events: Sequence[Any], *, now: datetime) -> tuple[dict[str, Ask], set[str]]:
    ahead = POLL_EVERY + timedelta(seconds=program.circuit.cluster.cut_notice_s)
    due: dict[str, Ask] = {}
    unreadable: set[str] = set()
    for event in events:
        event_id = "?"
        try:
            event_id = id_of(event)
            asks = asks_of(event, now=now)
        except UnreadableEvent:
            unreadable.add(event_id)
            continue
        due |= {
            ask.key: ask
            for ask in asks
            if ask.begin - ahead <= now and (ask.until is None or now < ask.until)
        }
    return due, unreadable


def _impose(program: DemandProgram, ask: Ask, *, actor: Actor, now: datetime) -> None:
    circuit = program.circuit
    notice = timedelta(seconds=circuit.cluster.cut_notice_s)
    if ask.until is not None and ask.until <= now + notice:
        return  # over before it could hold
    if ask.power_w is None:
        pct = {1: program.level_1_pct, 2: program.level_2_pct, 3: program.level_3_pct}[ask.level or 3]
        lowered = circuit.limit_ma.scaled_pct(pct)
    else:
        each_ma = va_to_ma(ask.power_w, voltage_v=circuit.cluster.voltage_v)
        lowered = PhaseMilliamps(*(min(each_ma, usual) for usual in circuit.limit_ma))
    limit = limits.impose(
        circuit,
        limit_ma=lowered,
        source=LimitSource.DEMAND_RESPONSE,
        reason=f"{program.name}: demand response",
        until=ask.until,
        actor=actor,
        now=now,
    )
    ProgramLimit.objects.create(
        community_id=program.community_id,
        program=program,
        event_id=ask.key.split("/")[0][:128],
        key=ask.key,
        limit=limit,
    )


def _end(row: ProgramLimit, *, actor: Actor, now: datetime) -> None:
    ProgramLimit.objects.filter(pk=row.pk).update(ended_at=now)
    try:
        with transaction.atomic():
            limits.lift(
                row.limit, actor=actor, now=now, reason="The event was changed, cancelled or is over."
            )
    except StateMoved:
        logger.info("Limit %s is over already", row.limit_id)


def _events(program: DemandProgram) -> list[Any]:
    return client.events(
        vtn_url=program.vtn_url,
        token_url=program.token_url,
        client_id=program.client_id,
        secret=encryption.decrypt(program.client_secret_encrypted) if program.client_secret_encrypted else "",
        program_id=program.program_id,
    )
