"""What waits for a person's decision, and for nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from chargers.domain.cards.refused import find_unknown
from chargers.domain.sockets.certificates import certificates_to_renew
from chargers.enums import Registration
from chargers.models import (
    ChargePoint,
    ChargePointCertificate,
    OrphanMessage,
    PendingChargePoint,
    RefusedCard,
)
from drivers.domain.drivers import mask_token
from drivers.domain.standing import open_appeals
from drivers.models import Strike
from evbalancer.common.admin import scope
from evbalancer.common.admin.panels import list_of, page_of
from evbalancer.common.admin.wording import ago
from evbalancer.common.clocks import clock
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.words.amounts import kwh
from scheduling.domain.conduct.emergencies import pending_emergencies
from scheduling.domain.learning.habits import open_objections
from scheduling.enums import FindingState
from scheduling.models import AbuseFinding, EmergencyRequest, Habit

SHOWN = 4


@dataclass(frozen=True)
class Item:
    text: str
    note: str
    page: str


@dataclass(frozen=True)
class Pile:
    title: str
    count: int
    items: list[Item]
    page: str
    urgent: bool = False


def todo(request: HttpRequest, *, now: datetime) -> list[Pile]:
    """Piles that are not empty, the most urgent first."""
    access = request_access(request)

    def own(rows: QuerySet[Any]) -> QuerySet[Any]:
        return scope.within(rows, access)

    piles = [
        _pile(
            gettext("Emergencies"),
            own(pending_emergencies()),
            EmergencyRequest,
            {"state__exact": "pending"},
            urgent=True,
        ),
        _pile(gettext("Appeals"), own(open_appeals()), Strike, {"appeal": "open"}),
        _pile(gettext("Objections"), own(open_objections()), Habit, {"objection": "open"}),
        _pile(gettext("Findings"), own(open_findings()), AbuseFinding, {"state__exact": "open"}),
        _pile(gettext("Unmatched messages"), own(open_orphans()), OrphanMessage, {"resolved": "no"}),
        _pile(
            gettext("Unknown cards"),
            own(find_unknown()),
            RefusedCard,
            {"status__exact": "Invalid", "declined_at__isempty": "1"},
        ),
        _pile(
            gettext("Certificates to renew"),
            own(certificates_to_renew(now=now)),
            ChargePointCertificate,
            {},
        ),
        _pile(
            gettext("Unknown charge points"),
            own(held_charge_points()),
            PendingChargePoint,
            {"decided": "no"},
        ),
        _pile(
            gettext("New charge points"),
            own(pending_charge_points()),
            ChargePoint,
            {"registration__exact": "pending"},
        ),
    ]
    return [pile for pile in piles if pile.count]


def open_findings() -> QuerySet[Any]:
    return AbuseFinding.objects.filter(state=FindingState.OPEN).select_related("driver").order_by("found_at")


def open_orphans() -> QuerySet[Any]:
    return (
        OrphanMessage.objects.filter(resolved_at=None).select_related("charge_point").order_by("-received_at")
    )


def held_charge_points() -> QuerySet[Any]:
    return PendingChargePoint.objects.filter(blocked_at=None)


def pending_charge_points() -> QuerySet[Any]:
    return ChargePoint.objects.filter(registration=Registration.PENDING, retired_at=None)


def _pile(
    title: str, rows: QuerySet[Any], model: type[Model], lookups: dict[str, str], *, urgent: bool = False
) -> Pile:
    items = list(_items(rows[:SHOWN]))
    return Pile(title, rows.count(), items, list_of(model, **lookups), urgent)


def _items(rows: Iterable[Any]) -> Iterable[Item]:
    for row in rows:
        match row:
            case EmergencyRequest():
                text = f"{row.driver}: {row.reason}"
                yield Item(
                    text,
                    gettext("%(energy)s, needed %(needed_by)s")
                    % {"energy": kwh(row.energy_wh), "needed_by": ago(row.needed_by)},
                    f"{_act(row)}decide/",
                )
            case Strike():
                yield Item(
                    f"{row.driver}: {row.appeal}",
                    gettext("appealed %(appealed_at)s") % {"appealed_at": ago(row.appealed_at)},
                    page_of(row),
                )
            case Habit():
                yield Item(
                    f"{row.driver}: {row.objection}",
                    gettext("objected %(objected_at)s") % {"objected_at": ago(row.objected_at)},
                    page_of(row),
                )
            case AbuseFinding():
                yield Item(
                    f"{row.driver}: {row.get_kind_display()}",
                    gettext("found %(found_at)s") % {"found_at": ago(row.found_at)},
                    page_of(row),
                )
            case OrphanMessage():
                yield Item(
                    f"{row.charge_point}: {row}",
                    gettext("received %(received_at)s") % {"received_at": ago(row.received_at)},
                    page_of(row),
                )
            case RefusedCard():
                text = gettext("%(token)s at %(charge_point)s, %(count)s times") % {
                    "token": mask_token(row.token),
                    "charge_point": row.charge_point,
                    "count": row.count,
                }
                yield Item(
                    text, gettext("shown %(last_at)s") % {"last_at": ago(row.last_at)}, f"{_act(row)}assign/"
                )
            case ChargePointCertificate():
                yield Item(
                    str(row.charge_point),
                    gettext("ends %(not_after_at)s")
                    % {"not_after_at": clock.worded(row.not_after_at, "d M Y")},
                    page_of(row),
                )
            case _:
                yield Item(str(row), gettext("waits to be accepted"), page_of(row))


def _act(row: Model) -> str:
    return page_of(row).removesuffix("change/")


def count_waiting(request: HttpRequest) -> int:
    """How many things wait, for the sidebar."""
    access = request_access(request)
    queries = (
        pending_emergencies(),
        open_appeals(),
        open_objections(),
        open_findings(),
        open_orphans(),
        find_unknown(),
        certificates_to_renew(now=timezone.now()),
        held_charge_points(),
        pending_charge_points(),
    )
    return sum(scope.within(rows, access).count() for rows in queries)
