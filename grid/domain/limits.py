"""Temporary limits: imposed and lifted, never edited; each with a source, a reason and a moment it takes effect."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.errors import InvalidInput, StateMoved
from evbalancer.common.events import publish
from evbalancer.common.topics import cluster_topic, tell
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.inputs import PERCENTAGE, Text
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor, record_entry
from grid.enums import LimitSource
from grid.events import LimitImposed
from grid.models import Circuit, Cluster, TemporaryLimit

# Longer is no limit for a while: a slip of the pen, or an open end in disguise.
LONGEST = timedelta(days=3_660)
REASON = Text(200, "Give a reason; drivers read it.")


def open_limits(cluster: Cluster, *, now: datetime) -> list[TemporaryLimit]:
    """Announced, not cancelled and not over, of circuits in use. The balancer works towards all of them, in force or not."""
    return _open_limits(cluster_id=cluster.pk, now=now)


@prepared
def _open_limits(cluster_id: One, now: One) -> QuerySet[TemporaryLimit]:
    return (
        TemporaryLimit.objects.filter(
            circuit__cluster=cluster_id, circuit__retired_at=None, cancelled_at=None, announced_at__lte=now
        )
        .filter(Q(until=None) | Q(until__gt=now))
        .select_related("circuit")
    )


def aimed_limits_ma(
    circuits: Iterable[Circuit],
    limits: Iterable[TemporaryLimit],
) -> Mapping[UUID, PhaseMilliamps]:
    """The limit that the balancer keeps: the lowest of the permanent and every open one, per circuit and phase.

    An announced cut counts at once here: power granted now would still flow when it takes effect.
    """
    aimed = {circuit.pk: circuit.limit_ma for circuit in circuits}
    for limit in limits:
        if limit.circuit_id in aimed:
            aimed[limit.circuit_id] = PhaseMilliamps(*map(min, aimed[limit.circuit_id], limit.limit_ma))
    return aimed


def limit_in_force_ma(circuit: Circuit, limits: Iterable[TemporaryLimit], *, now: datetime) -> PhaseMilliamps:
    """The limit that the circuit is judged by at `now`."""
    due = (limit for limit in limits if limit.effective_at <= now)
    return aimed_limits_ma([circuit], due)[circuit.pk]


@transaction.atomic
def impose_limit(
    circuit: Circuit,
    *,
    reason: str | Said,
    actor: Actor,
    now: datetime,
    pct: int | None = None,
    limit_ma: PhaseMilliamps | None = None,
    source: LimitSource = LimitSource.MANAGER,
    until: datetime | None = None,
    button: str = "",
) -> TemporaryLimit:
    """Announce a lower limit, as a percentage of the permanent one or per phase; in force after the notice at the earliest.

    1. Check the reason, the limit and its end.
    2. Lock the cluster, so that no rebalance plans beside it.
    3. Store the limit.
    4. Publish it. Apps above work out `effective_at`, from when it holds even if the server dies, and `uncovered_ma`, the load
       that may never fit beneath it. A limit that is not covered is accepted too.
    5. Record it, and wake the balancer and the screens.

    Raises InvalidInput for a limit above the permanent one, a missing reason, an end before its beginning or far off.
    """
    # 1.
    words = REASON.check("reason", reason) if isinstance(reason, str) else ""
    lowered = _lower_limit(circuit, pct=pct, limit_ma=limit_ma)
    effective_at = now + timedelta(seconds=circuit.cluster.cut_notice_s)
    _check_until(until, effective_at=effective_at, now=now)
    # 2.
    lock_cluster(circuit.cluster_id)
    # 3.
    limit = TemporaryLimit.objects.create(
        community_id=circuit.community_id,
        circuit=circuit,
        limit_l1_ma=lowered.l1,
        limit_l2_ma=lowered.l2,
        limit_l3_ma=lowered.l3,
        source=source,
        reason=words,
        reason_said=reason if isinstance(reason, Said) else None,
        button=button,
        announced_at=now,
        effective_at=effective_at,
        until=until,
        imposed_by_id=int(actor.id) if actor.kind == "user" else None,
    )
    # 4.
    publish(LimitImposed(cluster_id=circuit.cluster_id, limit_id=limit.pk))
    limit.refresh_from_db(fields=["effective_at", "uncovered_ma"])
    # 5.
    _record_imposed(limit, actor=actor, now=now)
    _tell(circuit)
    return limit


def _record_imposed(limit: TemporaryLimit, *, actor: Actor, now: datetime) -> None:
    record_entry(
        actor=actor,
        action="limit.imposed",
        target=limit.circuit,
        now=now,
        before={"limit_ma": limit.circuit.limit_ma},
        after={
            "limit_ma": limit.limit_ma,
            "effective_at": limit.effective_at,
            "uncovered_ma": limit.uncovered_ma,
            "until": limit.until,
            "limit_id": limit.pk,
        },
        reason=limit.reason_said or limit.reason,
    )


def _lower_limit(circuit: Circuit, *, pct: int | None, limit_ma: PhaseMilliamps | None) -> PhaseMilliamps:
    if (pct is None) == (limit_ma is None):
        raise InvalidInput("limit", gettext("Give either a percentage or milliamperes per phase."))
    if pct is not None:
        PERCENTAGE.check("pct", pct)
    lowered = limit_ma if limit_ma is not None else circuit.limit_ma.scaled_pct(pct or 0)
    if any(low < 0 or low > usual for low, usual in zip(lowered, circuit.limit_ma, strict=True)):
        raise InvalidInput(
            "limit_ma", gettext("A temporary limit must be between 0 and the permanent limit on every phase.")
        )
    return lowered


def _check_until(until: datetime | None, *, effective_at: datetime, now: datetime) -> None:
    if until is not None and until <= effective_at:
        raise InvalidInput("until", gettext("It would end before it takes effect."))
    if until is not None and until > now + LONGEST:
        raise InvalidInput("until", gettext("More than ten years ahead; leave it out for an open end."))


def note_cover(limit: TemporaryLimit, *, effective_at: datetime, uncovered_ma: int) -> None:
    """From when it holds whatever fails, as far as that is known now, and what would flow beyond it without contact."""
    if (limit.effective_at, limit.uncovered_ma) == (effective_at, uncovered_ma):
        return
    limit.effective_at, limit.uncovered_ma = effective_at, uncovered_ma
    limit.save(update_fields=["effective_at", "uncovered_ma"])
    tell(cluster_topic(limit.circuit.cluster_id), "limit.changed", circuit_id=str(limit.circuit_id))


@transaction.atomic
def lift_limit(limit: TemporaryLimit, *, actor: Actor, now: datetime, reason: str | Said = "") -> None:
    """Cancel a temporary limit. Raises StateMoved when somebody else already did, or when it is over."""
    open_still = TemporaryLimit.objects.filter(pk=limit.pk, cancelled_at=None).filter(
        Q(until=None) | Q(until__gt=now)
    )
    if not open_still.update(cancelled_at=now):
        raise StateMoved(gettext("This limit has ended or was already lifted."))
    circuit = limit.circuit
    record_entry(
        actor=actor,
        action="limit.lifted",
        target=circuit,
        now=now,
        before={"limit_ma": limit.limit_ma, "limit_id": limit.pk},
        after={"limit_ma": circuit.limit_ma},
        reason=reason,
    )
    _tell(circuit)


def _tell(circuit: Circuit) -> None:
    tell(cluster_topic(circuit.cluster_id), "limit.changed", circuit_id=str(circuit.pk))
    wake_balancer(circuit.cluster_id)
