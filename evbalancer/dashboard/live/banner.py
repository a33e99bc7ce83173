"""The red banner: alarms that endanger charging here. Managers read what and where, everybody else what it means for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.urls import reverse

from evbalancer.dashboard.live.facts import Facts
from scheduling.domain.alarms.wording import group_alarms, group_sentence, plain_sentences
from scheduling.enums import AlarmKind
from scheduling.models import Alarm

# An alert about the same, by its id or how that begins, would say it twice.
SAID_BY: Final[Mapping[AlarmKind, tuple[str, ...]]] = {
    AlarmKind.CIRCUIT_GONE: ("reach",),
    AlarmKind.OFFLINE: ("reach",),
    AlarmKind.FAULTED: ("faulted",),
    AlarmKind.OVERDRAW: ("not obeying",),
    AlarmKind.LIMIT_REFUSED: ("not obeying",),
    AlarmKind.METER_SILENT: ("meter-",),
    AlarmKind.NOBODY_BALANCES: ("run", "trouble-rebalance"),
}


def banner(facts: Facts) -> list[dict[str, Any]]:
    """A line for each kind, the gravest first."""
    plain = plain_sentences(facts.alarms)
    return [_line(group, plain[group[0].kind]) for group in group_alarms(facts.alarms)]


def without_names_in_banner(line: dict[str, Any]) -> dict[str, Any]:
    return {
        key: line["plain"] if key == "text" else value
        for key, value in line.items()
        if key not in {"acknowledged", "admin_url"}
    }


def without_alarms(alerts: Sequence[dict[str, Any]], facts: Facts) -> list[dict[str, Any]]:
    """The alerts that the banner does not say."""
    said = tuple(start for alarm in facts.alarms for start in SAID_BY.get(AlarmKind(alarm.kind), ()))
    return [alert for alert in alerts if not alert["id"].startswith(said)] if said else list(alerts)


def _line(group: Sequence[Alarm], plain: str) -> dict[str, Any]:
    kind = group[0].kind
    page = reverse("admin:scheduling_alarm_changelist")
    return {
        "id": kind,
        "text": group_sentence(group),
        "plain": plain,
        "count": len(group),
        "since": min(alarm.began_at for alarm in group).isoformat(),
        "acknowledged": all(alarm.acknowledged_at is not None for alarm in group),
        "admin_url": f"{page}?kind__exact={kind}&ended_at__isempty=1",
    }
