"""Open alarms, and their sentences for pages, mails and other channels alike: several of a kind are one sentence."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell
from scheduling.domain.alarms.kinds import OF_CLUSTER, RULES
from scheduling.enums import AlarmKind
from scheduling.models import Alarm

NAMED: Final = 6
_ORDER: Final = {str(kind): position for position, kind in enumerate(RULES)}


def open_alarms() -> QuerySet[Alarm]:
    """Raised and not over."""
    return Alarm.objects.filter(raised_at__isnull=False, ended_at=None)


def alarms_of_cluster(cluster_id: UUID) -> list[Alarm]:
    """Those that endanger charging there, the oldest first."""
    return list(open_alarms().filter(cluster=cluster_id, kind__in=OF_CLUSTER).order_by("began_at", "name"))


def group_alarms(alarms: Iterable[Alarm]) -> list[list[Alarm]]:
    """By kind, in the order of the table of rules: the gravest first; by name in each."""
    ordered = sorted(alarms, key=lambda alarm: (_ORDER[alarm.kind], alarm.name))
    return [list(group) for _, group in groupby(ordered, key=lambda alarm: alarm.kind)]


def group_sentence(group: Sequence[Alarm]) -> str:
    """Of alarms of one kind, in the language that is active."""
    if len(group) == 1:
        return group[0].told
    kind = Said(f"alarm_kind.{group[0].kind}")
    names = list(dict.fromkeys(alarm.name for alarm in group if alarm.name))
    if not names:
        return tell(Said("alarm.several_nameless", {"kind": kind, "count": len(group)}))
    facts = {"kind": kind, "count": len(group), "names": ", ".join(names[:NAMED])}
    if len(names) <= NAMED:
        return tell(Said("alarm.several", facts))
    return tell(Said("alarm.several_and_more", {**facts, "more": len(names) - NAMED}))


def plain_sentences(alarms: Collection[Alarm]) -> dict[str, str]:
    """What residents read instead, by kind: what it means for them, without a name."""
    return {group[0].kind: tell(Said(f"alarm_plain.{group[0].kind}")) for group in group_alarms(alarms)}


def is_grave(alarm: Alarm) -> bool:
    return RULES[AlarmKind(alarm.kind)].is_grave
