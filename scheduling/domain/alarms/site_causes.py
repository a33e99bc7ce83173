"""Causes of alarms beside the clusters: what waits for a decision, and what fails in the server itself. A constant number of queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from chargers.domain.orders.late_answers import failed_updates
from chargers.domain.sockets.certificates import certificates_to_renew
from chargers.domain.stations.grid_support import standing_faults, with_grid_faults
from drivers.domain.mailing.mail_server import mail_trouble
from drivers.domain.standing import open_appeals
from evbalancer.common.db.prepared import prepared
from evbalancer.common.disk import read_disk
from evbalancer.common.words.said import Said
from grid.domain.local_time import on_the_clock
from scheduling.domain.alarms.causes import Cause, Judge
from scheduling.domain.balancing.attendance import find_absences
from scheduling.domain.balancing.rebalance import clusters_in_use
from scheduling.domain.conduct.emergencies import pending_emergencies
from scheduling.domain.learning.habits import open_objections
from scheduling.enums import AlarmKind

SERVER: Final = "server"


def judge_emergencies(*, now: datetime) -> list[Cause]:
    """No sentence names the driver: the page of the decision does, to who may read it."""
    return [
        Cause(
            AlarmKind.EMERGENCY,
            f"emergency:{row.pk}",
            row.community.name,
            Said("alarm.emergency", {"by_at": on_the_clock(row.needed_by, row.community)}),
            row.created_at,
            row.community_id,
        )
        for row in _emergencies()
    ]


def judge_appeals(*, now: datetime) -> list[Cause]:
    return [
        Cause(
            AlarmKind.APPEAL,
            f"strike:{row.pk}",
            row.community.name,
            Said("alarm.appeal"),
            row.appealed_at,
            row.community_id,
        )
        for row in _appeals()
    ]


def judge_objections(*, now: datetime) -> list[Cause]:
    return [
        Cause(
            AlarmKind.OBJECTION,
            f"habit:{row.pk}",
            row.community.name,
            Said("alarm.objection"),
            row.objected_at,
            row.community_id,
        )
        for row in _objections()
    ]


def judge_certificates(*, now: datetime) -> list[Cause]:
    causes = []
    for row in _in_use(certificates_to_renew(now=now)):
        name = str(row.charge_point)
        facts = {"charge_point": name, "ends_moment": on_the_clock(row.not_after_at, row.community)}
        about, said = f"certificate:{row.pk}", Said("alarm.certificate", facts)
        causes.append(Cause(AlarmKind.CERTIFICATE, about, name, said, now, row.community_id))
    return causes


def judge_firmware(*, now: datetime) -> list[Cause]:
    """It ends with the next update that is ordered for the charge point, or after a week."""
    failed = failed_updates(now=now).filter(community__retired_at=None)
    return [
        Cause(
            AlarmKind.FIRMWARE,
            f"command:{row.pk}",
            str(row.charge_point),
            Said("alarm.firmware", {"charge_point": str(row.charge_point), "word": row.later_word}),
            row.later_at or now,
            row.community_id,
        )
        for row in failed.select_related("charge_point")
    ]


def judge_grid_faults(*, now: datetime) -> list[Cause]:
    """Faults of the grid that charge points with grid support act on, until they say that these are over."""
    causes = []
    for row in _in_use(with_grid_faults()):
        for fault, since in standing_faults(row, now=now).items():
            about = f"grid_fault:{row.pk}:{fault}"
            said = Said("alarm.grid_fault", {"charge_point": str(row), "word": fault})
            causes.append(Cause(AlarmKind.GRID_FAULT, about, str(row), said, since, row.community_id))
    return causes


def judge_workers(*, now: datetime) -> list[Cause]:
    """A web process stands in for the workers: limits hold, and all other periodic work waits."""
    stood_in = [absence for absence in find_absences(clusters_in_use(), now=now) if absence.stand_in]
    if not stood_in:
        return []
    said = Said("alarm.workers_gone", {"stand_in": stood_in[0].stand_in})
    return [Cause(AlarmKind.WORKERS_GONE, SERVER, "", said, stood_in[0].since or now)]


def judge_disk(*, now: datetime) -> list[Cause]:
    disk = read_disk()
    if not disk.is_nearly_full:
        return []
    return [Cause(AlarmKind.DISK, SERVER, "", Said("alarm.disk", {"used_pct": disk.used_pct}), now)]


def judge_mail(*, now: datetime) -> list[Cause]:
    trouble = mail_trouble()
    if trouble is None:
        return []
    return [
        Cause(
            AlarmKind.MAIL,
            SERVER,
            "",
            Said("alarm.mail", {"why": trouble.problem}),
            trouble.failing_since or now,
        )
    ]


@prepared
def _emergencies() -> QuerySet[Any]:
    return _in_use(pending_emergencies())


@prepared
def _appeals() -> QuerySet[Any]:
    return _in_use(open_appeals())


@prepared
def _objections() -> QuerySet[Any]:
    return _in_use(open_objections())


def _in_use(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(community__retired_at=None).select_related("community")


SITE_JUDGES: Final[Sequence[tuple[frozenset[AlarmKind], Judge]]] = (
    (frozenset({AlarmKind.EMERGENCY}), judge_emergencies),
    (frozenset({AlarmKind.APPEAL}), judge_appeals),
    (frozenset({AlarmKind.OBJECTION}), judge_objections),
    (frozenset({AlarmKind.CERTIFICATE}), judge_certificates),
    (frozenset({AlarmKind.FIRMWARE}), judge_firmware),
    (frozenset({AlarmKind.GRID_FAULT}), judge_grid_faults),
    (frozenset({AlarmKind.WORKERS_GONE}), judge_workers),
    (frozenset({AlarmKind.DISK}), judge_disk),
    (frozenset({AlarmKind.MAIL}), judge_mail),
)
