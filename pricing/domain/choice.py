"""Which tariff a session has: the narrowest that is assigned where it charges, chosen at its start.

The order: a group of the driver, a group of the connector, the cluster's price that follows the market, the cluster, everybody,
and last the community's standing tariff. Of two groups of one kind the one whose assignment began later comes first.
docs/adr/0106 has the reasons.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from chargers.models import Connector, Session
from drivers.domain.groups import GroupMembers, find_groups
from drivers.models import Driver
from grid.models import Cluster, Community
from pricing.domain.versions import version_at, version_of_tariff
from pricing.enums import PriceBasis
from pricing.models import DynamicPrice, PriceChoice, TariffAssignment, TariffVersion

ORDER: Final = tuple(PriceBasis)
# They come before the price of the market, which is the cluster's.
NARROW: Final = frozenset({PriceBasis.DRIVER_GROUP, PriceBasis.CONNECTOR_GROUP})


@dataclass(frozen=True, slots=True)
class Choice:
    """`version` is also what counts beside a price of the market: surcharges, and where no price was published."""

    version: TariffVersion | None
    basis: PriceBasis

    @property
    def follows_market(self) -> bool:
        """Whether the cluster's published prices count where there are any."""
        return self.basis not in NARROW


def choose_price(
    community: Community,
    *,
    at: datetime,
    driver: Driver | None = None,
    connector: Connector | None = None,
    cluster: Cluster | UUID | None = None,
) -> Choice:
    """What a session that begins at this moment would be priced by. The connector names its cluster, if it is known."""
    if connector is not None:
        cluster = connector.charge_point.cluster_id
    found = _assigned(community, at=at, driver=driver, connector=connector, cluster=cluster)
    if found is None:
        found = Choice(version_at(community, at=at), PriceBasis.STANDING)
    if cluster is not None and found.follows_market and active_policy(cluster) is not None:
        return Choice(found.version, PriceBasis.MARKET)
    return found


def price_of_session(session: Session) -> Choice:
    """What a started session is priced by: as chosen at its start, unless another driver was named since."""
    started_at = session.started_at
    assert started_at is not None  # noqa: S101 (callers checked; for the type checker)
    if session.community_id not in with_assignments([session.community_id]):
        return Choice(version_at(session.community, at=started_at), PriceBasis.STANDING)
    kept = PriceChoice.objects.filter(session=session).select_related("version__tariff").first()
    if kept is not None and kept.driver_id == session.driver_id:
        return Choice(kept.version, PriceBasis(kept.basis))
    return choose_price(session.community, at=started_at, driver=session.driver, connector=session.connector)


def version_during(session: Session, *, at: datetime) -> TariffVersion | None:
    """The newest version at a moment of the tariff that the session has: of fees that are announced when they begin."""
    if session.started_at is None or session.community_id not in with_assignments([session.community_id]):
        return version_at(session.community, at=at)
    chosen = price_of_session(session).version
    return None if chosen is None else version_of_tariff(chosen.tariff, at=max(at, session.started_at))


class PersonalPrices:
    """What counts for a community's drivers wherever they charge: the tariff of a group that they are in now, else everybody's.

    Of what a whole period costs, as a monthly share; read for all drivers and moments of it in a constant number of queries.
    """

    def __init__(self, community: Community, *, begin: datetime, end: datetime) -> None:
        overlaps = Q(begins_at__lt=end) & (Q(ends_at=None) | Q(ends_at__gt=begin))
        rows = TariffAssignment.objects.filter(
            overlaps, community=community, connector_group=None, cluster=None
        ).order_by("-begins_at", "-created_at", "pk")
        self._assignments = sorted(rows, key=lambda each: ORDER.index(each.basis))
        versions = TariffVersion.objects.filter(community=community, begins_at__lt=end).select_related(
            "tariff"
        )
        self._of: dict[UUID, list[TariffVersion]] = defaultdict(list)
        for version in versions.order_by("-begins_at", "-number"):
            self._of[version.tariff_id].append(version)
        standing = [each for found in self._of.values() for each in found if each.tariff.is_standing]
        self._standing = sorted(
            standing, key=lambda each: (each.tariff.valid_from, each.begins_at, each.number), reverse=True
        )
        named = {each.driver_group_id for each in self._assignments if each.driver_group_id is not None}
        self._members = GroupMembers(named)

    def version(self, driver: Driver | None, *, at: datetime) -> TariffVersion | None:
        for each in self._assignments:
            if (
                each.begins_at <= at
                and (each.ends_at is None or each.ends_at > at)
                and self._is_for(each, driver)
            ):
                version = _newest(self._of[each.tariff_id], at=at)
                if version is not None:
                    return version
        return _newest(self._standing, at=at)

    def _is_for(self, assignment: TariffAssignment, driver: Driver | None) -> bool:
        group_id = assignment.driver_group_id
        if group_id is None or driver is None:
            return group_id is None
        return self._members.has(group_id, driver)


def _newest(versions: Iterable[TariffVersion], *, at: datetime) -> TariffVersion | None:
    return next((each for each in versions if each.begins_at <= at), None)


def keep_choices(sessions: Iterable[Session], *, now: datetime) -> None:
    """Remember what these sessions, which have just begun, are priced by. One query where nothing is assigned."""
    begun = [session for session in sessions if session.started_at is not None]
    assigned = with_assignments({session.community_id for session in begun})
    for session in begun:
        if session.community_id not in assigned:
            continue
        choice = choose_price(
            session.community,
            at=session.started_at or now,
            driver=session.driver,
            connector=session.connector,
        )
        values = {"driver_id": session.driver_id, "version": choice.version, "basis": choice.basis}
        PriceChoice.objects.update_or_create(
            session=session, defaults={**values, "community_id": session.community_id, "chosen_at": now}
        )


def with_assignments(community_ids: Collection[UUID]) -> set[UUID]:
    """Those of these communities that ever assigned a tariff."""
    rows = TariffAssignment.objects.filter(community__in=community_ids).order_by()
    return set(rows.values_list("community_id", flat=True).distinct())


def active_policy(cluster: Cluster | UUID) -> DynamicPrice | None:
    """How the cluster's price follows the market, if it does."""
    return DynamicPrice.objects.filter(cluster=cluster, active=True).first()


def match_in_force(at: datetime) -> Q:
    return Q(begins_at__lte=at) & (Q(ends_at=None) | Q(ends_at__gt=at))


def _assigned(
    community: Community, *, at: datetime, driver: Driver | None, connector: Connector | None, cluster: Any
) -> Choice | None:
    """The narrowest assignment whose tariff has a version by then."""
    rows = TariffAssignment.objects.filter(match_in_force(at), community=community).select_related("tariff")
    assignments = list(rows.order_by("-begins_at", "-created_at", "pk"))
    if not assignments:
        return None
    mine: set[UUID | None] = {None}
    if driver is not None:
        mine |= set(find_groups(driver).values_list("pk", flat=True))
    if connector is not None:
        mine |= set(connector.groups.values_list("pk", flat=True))
    mine.add(cluster.pk if isinstance(cluster, Cluster) else cluster)
    fitting = [
        each
        for each in assignments
        if {each.driver_group_id, each.connector_group_id, each.cluster_id} <= mine
    ]
    for each in sorted(fitting, key=lambda each: ORDER.index(each.basis)):
        version = version_of_tariff(each.tariff, at=at)
        if version is not None:
            return Choice(version, each.basis)
    return None
