"""Whether a driver may begin to charge at a connector: by the rules of its community for whom it is and when.

A rule decides about a begin. What has begun goes on: nobody's car is stopped because hours end.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from chargers.domain.access import hours
from chargers.domain.access.sentences import say_hours
from chargers.enums import Audience
from chargers.models import AccessRule, Connector
from drivers.domain.drivers import AuthorizeOutcome
from drivers.domain.groups import GroupMembers
from drivers.enums import AuthorizationStatus
from drivers.models import Driver
from evbalancer.common.errors import DomainError
from evbalancer.common.words.said import Said


class SpaceClosed(DomainError):  # noqa: N818 (named for what happened)
    """The space is not open to this driver, or not at this time."""

    code = "space_closed"
    title = "The space is not open to you"


@dataclass(frozen=True, slots=True)
class Access:
    """`until`: when hours end, if they do. `status` and `why` of a refusal."""

    status: AuthorizationStatus = AuthorizationStatus.ACCEPTED
    until: datetime | None = None
    why: Said | None = None

    @property
    def is_open(self) -> bool:
        return self.status == AuthorizationStatus.ACCEPTED


ALWAYS = Access()


def is_guest(driver: Driver | None) -> bool:
    """Of a guest no more is known than the card: no account, no mail address, no flat. Where no card is asked for, not even that."""
    return driver is None or (driver.user_id is None and not driver.email and driver.flat_id is None)


class AccessBook:
    """The rules of some connectors with the members of the groups that they name, read in a constant number of queries."""

    def __init__(self, rules: Iterable[AccessRule]) -> None:
        self._of: dict[UUID, list[AccessRule]] = defaultdict(list)
        for rule in rules:
            self._of[rule.connector_id].append(rule)
        named = {rule.group_id for each in self._of.values() for rule in each if rule.group_id is not None}
        self._members = GroupMembers(named)

    @classmethod
    def of_connectors(cls, connector_ids: Collection[UUID]) -> Self:
        return cls(_rules().filter(connector__in=connector_ids))

    @classmethod
    def of_charge_points(cls, charge_point_ids: Collection[UUID]) -> Self:
        return cls(_rules().filter(connector__charge_point__in=charge_point_ids))

    @classmethod
    def of_communities(cls, community_ids: Collection[UUID] | None) -> Self:
        """None: of all of them."""
        rules = _rules()
        return cls(rules if community_ids is None else rules.filter(community__in=community_ids))

    @property
    def connector_ids(self) -> Collection[UUID]:
        """Those that have rules."""
        return self._of.keys()

    def rules_of(self, connector_id: UUID) -> Sequence[AccessRule]:
        return self._of.get(connector_id, ())

    def names(self, rule: AccessRule, driver: Driver | None) -> bool:
        """Whether a rule is for this driver, at whatever time."""
        match rule.audience:
            case Audience.EVERYBODY:
                return True
            case Audience.GUESTS:
                return is_guest(driver)
            case Audience.FLAT:
                return driver is not None and driver.flat_id == rule.flat_id
        return driver is not None and rule.group_id is not None and self._members.has(rule.group_id, driver)

    def judge(self, connector_id: UUID, driver: Driver | None, *, at: datetime) -> Access:
        rules = self.rules_of(connector_id)
        if not rules:
            return ALWAYS
        mine = [rule for rule in rules if self.names(rule, driver)]
        facts = {"space": str(rules[0].connector)}
        if not mine:
            why = Said("access.others", facts)
            return Access(AuthorizationStatus.NOT_AT_THIS_LOCATION, why=why)
        if any(rule.is_always for rule in mine):
            return ALWAYS
        until = hours.open_until(mine, at, ZoneInfo(rules[0].community.time_zone))
        if until == at:
            why = Said("access.other_hours", {**facts, "hours": [say_hours(rule) for rule in mine]})
            return Access(AuthorizationStatus.NOT_AT_THIS_TIME, why=why)
        return Access(until=until)


class StationBook:
    """What a card is worth at a charge point that doesn't say which connector it is shown for: what it is at the best of them."""

    def __init__(self, charge_point_ids: Collection[UUID]) -> None:
        self._book = AccessBook.of_charge_points(charge_point_ids)
        self._connectors: dict[UUID, list[Connector]] = defaultdict(list)
        if self._book.connector_ids:
            rows = Connector.objects.filter(charge_point__in=charge_point_ids, retired_at=None)
            for row in rows.select_related("charge_point").order_by("number"):
                self._connectors[row.charge_point_id].append(row)

    def name_of(self, charge_point_id: UUID) -> str:
        """Of one that has rules."""
        return str(self._connectors[charge_point_id][0].charge_point)

    def judge(self, charge_point_id: UUID, driver: Driver | None, *, at: datetime) -> Access:
        found = [self._book.judge(row.pk, driver, at=at) for row in self._connectors[charge_point_id]]
        opened = [each for each in found if each.is_open]
        if not opened:
            # A wrong time is nearer than a wrong place.
            found.sort(key=lambda each: each.status != AuthorizationStatus.NOT_AT_THIS_TIME)
            return found[0] if found else ALWAYS
        ends = [each.until for each in opened if each.until is not None]
        return Access(until=max(ends)) if len(ends) == len(opened) else ALWAYS


def restrict_outcome(outcome: AuthorizeOutcome, access: Access) -> AuthorizeOutcome:
    """The answer about a card that is good, at a place that may not be open to it. It is good for no longer than the place is open, so
    that a charge point which remembers it forgets it in time."""
    if outcome.status != AuthorizationStatus.ACCEPTED:
        return outcome
    if not access.is_open:
        return replace(outcome, status=access.status, why=access.why)
    ends = [at for at in (outcome.expires_at, access.until) if at is not None]
    return replace(outcome, expires_at=min(ends, default=None))


def judge_one(connector_id: UUID, driver: Driver | None, *, at: datetime) -> Access:
    return AccessBook.of_connectors([connector_id]).judge(connector_id, driver, at=at)


def check_open(connector_id: UUID, driver: Driver, *, at: datetime) -> None:
    """Raises SpaceClosed."""
    access = judge_one(connector_id, driver, at=at)
    if access.why is not None:
        raise SpaceClosed(access.why)


def _rules() -> QuerySet[AccessRule]:
    return AccessRule.objects.select_related("connector__charge_point", "community", "group", "flat")
