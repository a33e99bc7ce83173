"""Events followed as temporary limits: new ones imposed, changed ones replaced, cancelled ones lifted."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.errors import DomainError, StateMoved
from evbalancer.common.security import encryption
from evbalancer.common.words.said import Said
from grid.domain import limits
from grid.domain.audit import Actor
from grid.enums import ActorKind, LimitSource
from grid.models import DemandProgram, ProgramLimit
from grid.openadr import client
from grid.openadr.event import Ask, UnreadableEvent, digest_of, id_of, plain, read_event
from grid.openadr.targets import OwnNames, is_for, names_in

ERROR_LENGTH = 500

logger = logging.getLogger(__name__)

# A minute until the next look; before that the cluster's notice, so that the limit holds when the event begins.
POLL_EVERY = timedelta(seconds=60)


def poll_all(*, now: datetime) -> None:
    """Ask every node; one that does not answer keeps no other from being followed, and its limits as they are."""
    rows = DemandProgram.objects.filter(active=True, circuit__retired_at=None)
    for program in rows.select_related("circuit__cluster"):
        try:
            said = follow(program, _find_events(program), now=now)
            DemandProgram.objects.filter(pk=program.pk).update(
                error=_cut(said.error), events_for_others=said.for_others, polled_at=now
            )
        except (client.VtnError, DomainError) as failure:
            logger.warning("Program %s: %s", program.pk, type(failure).__name__)
            DemandProgram.objects.filter(pk=program.pk).update(error=_cut(str(failure)))
        except Exception:
            # One node's odd answer must not keep the others from being followed.
            logger.exception("Program %s could not be followed", program.pk)
            DemandProgram.objects.filter(pk=program.pk).update(
                error="The events could not be followed; see the log."
            )


@dataclass(slots=True)
class _Due:
    """What a program's events ask for now, and what was found on the way."""

    asks: dict[str, Ask] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    for_others: int = 0
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Each event that can't be read whole, by its id, with the reason."""
        return " ".join(f"Event {event_id}: {trouble}." for event_id, trouble in self.troubles.items())


@transaction.atomic
def follow(program: DemandProgram, found: client.Found, *, now: datetime) -> _Due:
    """Make the program's limits those that its events ask for now. Safe to repeat."""
    lock_cluster(program.circuit.cluster_id)
    due = _due(program, found, now=now)
    standing = {
        row.key: row for row in program.limits.filter(ended_at=None).select_related("limit__circuit__cluster")
    }
    actor = Actor(ActorKind.SYSTEM, str(program.pk), program.name)
    for key, ask in due.asks.items():
        # First the new limit, then the old one goes: there is no moment without.
        if key not in standing and not program.limits.filter(key=key).exists():
            _impose(program, ask, actor=actor, now=now)
    for key, row in standing.items():
        if key not in due.asks and row.event_id not in due.troubles:
            _end(row, actor=actor, now=now)
    if due.seen != program.seen_events:
        program.seen_events = due.seen
        program.save(update_fields=["seen_events"])
    return due


def _due(program: DemandProgram, found: client.Found, *, now: datetime) -> _Due:
    ahead = POLL_EVERY + timedelta(seconds=program.circuit.cluster.cut_notice_s)
    due, own = _Due(), _own_names(program)
    for event in found.events:
        event_id = "?"
        try:
            event_id = id_of(event)
            due.seen[event_id] = _seen(program, event_id, digest_of(event), now=now)
            if not is_for(event, own):
                due.for_others += 1
                continue
            first_seen_at = datetime.fromisoformat(due.seen[event_id]["at"])
            reading = read_event(
                event, first_seen_at=first_seen_at, now=now, program_units=found.program_units
            )
        except UnreadableEvent as error:
            due.troubles[event_id] = str(error)
            continue
        if reading.troubles:
            due.troubles[event_id] = "; ".join(dict.fromkeys(reading.troubles))
        due.asks |= {
            ask.key: ask
            for ask in reading.asks
            if ask.begin - ahead <= now and (ask.until is None or now < ask.until)
        }
    return due


def _seen(program: DemandProgram, event_id: str, digest: str, *, now: datetime) -> dict[str, str]:
    """When the event was first seen to ask for what it asks for: its "now" stays there however often it is read."""
    known = program.seen_events.get(event_id)
    return known if known and known["digest"] == digest else {"digest": digest, "at": now.isoformat()}


def _own_names(program: DemandProgram) -> OwnNames:
    return OwnNames(
        ven=names_in(f"{program.ven_name},{program.client_id}"),
        groups=names_in(program.target_groups),
        resources=names_in(program.target_resources),
    )


def _cut(text: str) -> str:
    text = plain(text)
    return text if len(text) <= ERROR_LENGTH else f"{text[: ERROR_LENGTH - 1]}…"


def _impose(program: DemandProgram, ask: Ask, *, actor: Actor, now: datetime) -> None:
    circuit = program.circuit
    notice = timedelta(seconds=circuit.cluster.cut_notice_s)
    if ask.until is not None and ask.until <= now + notice:
        return  # over before it could hold
    if ask.amount is None:
        pct = {1: program.level_1_pct, 2: program.level_2_pct, 3: program.level_3_pct}[ask.level or 3]
        lowered = circuit.limit_ma.scaled_pct(pct)
    else:
        lowered = ask.amount.limit_ma(circuit.limit_ma, voltage_v=circuit.cluster.voltage_v)
    limit = limits.impose_limit(
        circuit,
        limit_ma=lowered,
        source=LimitSource.DEMAND_RESPONSE,
        reason=Said("limit.demand_response", {"program": program.name}),
        until=ask.until,
        actor=actor,
        now=now,
    )
    ProgramLimit.objects.create(
        community_id=program.community_id,
        program=program,
        event_id=ask.event_id,
        key=ask.key,
        limit=limit,
    )


def _end(row: ProgramLimit, *, actor: Actor, now: datetime) -> None:
    ProgramLimit.objects.filter(pk=row.pk).update(ended_at=now)
    try:
        with transaction.atomic():
            limits.lift_limit(row.limit, actor=actor, now=now, reason=Said("limit.event_over"))
    except StateMoved:
        logger.info("Limit %s is over already", row.limit_id)


def _find_events(program: DemandProgram) -> client.Found:
    return client.find_events(
        vtn_url=program.vtn_url,
        token_url=program.token_url,
        client_id=program.client_id,
        secret=encryption.decrypt(program.client_secret_encrypted) if program.client_secret_encrypted else "",
        program_id=program.program_id,
    )
