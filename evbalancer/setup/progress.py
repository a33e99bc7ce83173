"""How far a site is set up, read from its rows: nobody ticks anything, so that a step can be left and taken up anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy, ngettext

from chargers.domain.limits.commissioning import in_use
from chargers.models import ChargePoint, PendingChargePoint
from chargers.models.charge_point import NEVER_CONNECTED
from drivers.domain.people import has_manager
from drivers.models import Driver, IdTag
from evbalancer.common.mail import sends_mail
from grid.domain import commissioning
from grid.models import Circuit, Cluster, Community
from pricing.domain.versions import with_tariff


class Step(StrEnum):
    COMMUNITY = "community"
    CONNECTION = "connection"
    CIRCUITS = "circuits"
    CHARGERS = "chargers"
    FALLBACKS = "fallbacks"
    TARIFF = "tariff"
    PEOPLE = "people"
    MANAGER = "manager"
    MAIL = "mail"
    CONTACT = "contact"


TITLES: Final = {
    Step.COMMUNITY: gettext_lazy("Community"),
    Step.CONNECTION: gettext_lazy("Grid connection"),
    Step.CIRCUITS: gettext_lazy("Panels and feeders"),
    Step.CHARGERS: gettext_lazy("Charge points and keys"),
    Step.FALLBACKS: gettext_lazy("Without the server"),
    Step.TARIFF: gettext_lazy("Tariff"),
    Step.PEOPLE: gettext_lazy("People and cards"),
    Step.MANAGER: gettext_lazy("Manager"),
    Step.MAIL: gettext_lazy("Mail"),
    Step.CONTACT: gettext_lazy("First contact"),
}
# What only who operates the server can do.
OF_OPERATORS: Final = (Step.MANAGER, Step.MAIL)


@dataclass(frozen=True, slots=True)
class Point:
    """A line of the check list: whether it is done, and how things are in a few words."""

    step: Step
    is_done: bool
    note: str

    @property
    def title(self) -> str:
        return str(TITLES[self.step])


@dataclass(frozen=True, slots=True)
class Progress:
    community: Community
    points: tuple[Point, ...]

    @property
    def done(self) -> int:
        return sum(point.is_done for point in self.points)

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.points)

    @property
    def next(self) -> Step:
        """The first that is not done; the last when all are."""
        return next((point.step for point in self.points if not point.is_done), Step.CONTACT)


def clusters_of(community: Community) -> list[Cluster]:
    """In use, each with its grid connection."""
    rooted = Circuit.objects.filter(parent=None, retired_at=None).values("cluster")
    rows = Cluster.objects.filter(community=community, retired_at=None, pk__in=rooted)
    return list(rows.order_by("created_at"))


def read_progress(community: Community) -> Progress:
    clusters = clusters_of(community)
    points = [
        Point(Step.COMMUNITY, True, f"{community.time_zone}, {community.currency}"),
        Point(Step.CONNECTION, bool(clusters), ", ".join(cluster.name for cluster in clusters)),
        _circuits(clusters),
        _chargers(community),
        _fallbacks(clusters),
        _tariff(community),
        _people(community),
        Point(Step.MANAGER, has_manager(community.pk), ""),
        Point(Step.MAIL, sends_mail(), ""),
        _contact(community),
    ]
    return Progress(community, tuple(points))


def _circuits(clusters: Iterable[Cluster]) -> Point:
    """A small site has none, and needs none: whoever has chargers has gone past this."""
    clusters = list(clusters)
    below = Circuit.objects.filter(cluster__in=clusters, retired_at=None).exclude(parent=None).count()
    has_connectors = any(in_use(cluster).exists() for cluster in clusters)
    note = ngettext("%(count)s circuit", "%(count)s circuits", below) % {"count": below} if below else ""
    return Point(Step.CIRCUITS, bool(below) or has_connectors, note)


def _chargers(community: Community) -> Point:
    rows = ChargePoint.objects.filter(community=community, retired_at=None)
    count, without = rows.count(), rows.filter(key_hash="").filter(NEVER_CONNECTED).count()
    waiting = PendingChargePoint.objects.filter(community=community, blocked_at=None).count()
    notes = []
    if count:
        notes.append(ngettext("%(count)s charge point", "%(count)s charge points", count) % {"count": count})
    if without:
        notes.append(
            ngettext("%(count)s without a key", "%(count)s without a key", without) % {"count": without}
        )
    if waiting:
        notes.append(ngettext("%(count)s waits", "%(count)s wait", waiting) % {"count": waiting})
    return Point(Step.CHARGERS, bool(count) and not without and not waiting, ", ".join(notes))


def _fallbacks(clusters: Iterable[Cluster]) -> Point:
    """Nothing is missing, and there is something that could fall back."""
    short = [each for cluster in clusters for each in commissioning.shortfalls_of(cluster)]
    has_connectors = any(in_use(cluster).exists() for cluster in clusters)
    return Point(Step.FALLBACKS, has_connectors and not short, " ".join(map(str, short[:1])))


def _tariff(community: Community) -> Point:
    return Point(Step.TARIFF, bool(with_tariff([community.pk])), "")


def _people(community: Community) -> Point:
    drivers = Driver.objects.filter(community=community, retired_at=None).count()
    cards = IdTag.objects.filter(community=community, blocked_at=None).count()
    if not drivers:
        return Point(Step.PEOPLE, False, "")
    people = ngettext("%(count)s person", "%(count)s people", drivers) % {"count": drivers}
    return Point(
        Step.PEOPLE,
        True,
        f"{people}, {ngettext('%(count)s card', '%(count)s cards', cards) % {'count': cards}}",
    )


def _contact(community: Community) -> Point:
    rows = ChargePoint.objects.filter(community=community, retired_at=None)
    seen, count = rows.exclude(NEVER_CONNECTED).count(), rows.count()
    note = ngettext("%(seen)s of %(count)s connected", "%(seen)s of %(count)s connected", count)
    return Point(
        Step.CONTACT, bool(count) and seen == count, note % {"seen": seen, "count": count} if count else ""
    )
