"""A cluster's live picture as JSON, in sections, limited to what the viewer may see."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, override

from chargers.domain.access.judging import AccessBook
from chargers.domain.access.sentences import say_rule
from evbalancer.common.errors import NotFound
from evbalancer.common.words.telling import tell
from evbalancer.dashboard.live.access import Person, Rights, clusters_in_use, rights_on
from evbalancer.dashboard.live.ahead import expected_building, expected_with_cars
from evbalancer.dashboard.live.banner import banner, without_alarms, without_names_in_banner
from evbalancer.dashboard.live.bars import bars
from evbalancer.dashboard.live.curve import (
    DAY_BUCKET_S,
    HOUR_BUCKET_S,
    Curve,
    limit_steps,
    local_day,
)
from evbalancer.dashboard.live.facts import Facts, gather
from evbalancer.dashboard.live.feed import ROWS, Picture
from evbalancer.dashboard.live.overview import alerts, cut_ahead, cut_state, headline, without_reasons
from evbalancer.dashboard.live.rows import rows, without_names
from evbalancer.dashboard.live.today import price, today
from grid.models import Cluster

SLOW_EVERY: Final = timedelta(seconds=20)
AN_HOUR_S: Final = 3600
AT_LEAST_S: Final = 900
AXIS_STEP_S: Final = 120
CUT_AHEAD: Final = "cut_ahead"
ACCESS: Final = "access"


@dataclass
class Slow:
    """Sections over longer times. They change slowly, so they are read less often than the rest."""

    _day: Curve = field(default_factory=lambda: Curve(DAY_BUCKET_S))
    _hour: Curve = field(default_factory=lambda: Curve(HOUR_BUCKET_S))
    _read_at: datetime | None = None
    _limits: Collection[UUID] = ()
    _book: AccessBook = field(default_factory=lambda: AccessBook(()))
    _sections: Picture = field(default_factory=dict)

    def sections(self, facts: Facts, *, for_managers: bool) -> Picture:
        limits = [limit.pk for limit in facts.limits]
        if self._read_at is None or facts.now - self._read_at >= SLOW_EVERY or limits != self._limits:
            self._read_at, self._limits = facts.now, limits
            self._book = AccessBook.of_connectors([place.connector.pk for place in facts.places])
            self._sections = {
                "today": today(facts),
                "price": price(facts.cluster, now=facts.now),
                "day": self._window(
                    self._day, facts, *local_day(facts.now, facts.cluster.community.time_zone)
                ),
                "hour": self._last_hour(facts),
            }
        if for_managers and CUT_AHEAD not in self._sections:
            # Two plans of the whole cluster, which nobody else sees.
            self._sections = {**self._sections, CUT_AHEAD: cut_ahead(facts)}
        return {**self._sections, ACCESS: self._access()}

    def _access(self) -> dict[str, str]:
        """By connector that is not everybody's at any time: whose it is and when, in the language that is active, without a name."""
        return {
            str(pk): " ".join(tell(say_rule(rule, names=False)) for rule in self._book.rules_of(pk))
            for pk in self._book.connector_ids
        }

    def _last_hour(self, facts: Facts) -> dict[str, Any]:
        """The last hour, or as much of it as was recorded, in whole steps so that the axis does not creep."""
        second = int(facts.now.timestamp()) // AXIS_STEP_S * AXIS_STEP_S
        points = self._hour.points(facts, since=_moment(second - AN_HOUR_S))
        first = points[0][0] - HOUR_BUCKET_S if points else second
        begin = max(second - AN_HOUR_S, min(first, second - AT_LEAST_S))
        ahead = max(2 * AXIS_STEP_S, (second - begin) // 6)
        return self._window(self._hour, facts, _moment(begin), _moment(second + ahead))

    def _window(self, curve: Curve, facts: Facts, since: datetime, until: datetime) -> dict[str, Any]:
        return {
            "from": int(since.timestamp()),
            "to": int(until.timestamp()),
            "bucket_s": curve.bucket_s,
            "points": curve.points(facts, since=since),
            "expected": expected_building(facts, since=since, until=until),
            "planned": expected_with_cars(facts, until=until),
            "limit": limit_steps(facts, since=since, until=until),
        }


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@dataclass
class ClusterPictures:
    """What a cluster's feed builds: the facts are read once, whoever looks."""

    cluster_id: UUID
    _slow: Slow = field(default_factory=Slow)

    def __call__(self, levels: Collection[str]) -> Mapping[str, Picture]:
        cluster = clusters_in_use().filter(pk=self.cluster_id).first()
        if cluster is None:
            return {}
        shown = [(level, *parts_of(level)) for level in levels]
        now = datetime.now(UTC)
        pictures: dict[str, Picture] = {}
        # Sentences are made of facts as they are gathered, so each language gathers for itself.
        for_managers = any(rights is Rights.MANAGER for _, rights, _ in shown)
        for language in {language for _, _, language in shown}:
            with override(language):
                whole = _whole(gather(cluster, now=now), self._slow, for_managers=for_managers)
            pictures |= {
                level: limited(whole, rights)
                for level, rights, spoken in shown
                if spoken == language and (rights is not Rights.PUBLIC or cluster.is_public)
            }
        return pictures


def level_of(rights: Rights, language: str) -> str:
    """The part that viewers of the same picture have in common."""
    return f"{rights} {language}"


def parts_of(level: str) -> tuple[Rights, str]:
    rights, language = level.split()
    return Rights(rights), language


def cluster_snapshot(cluster: Cluster, *, viewer: Person, now: datetime) -> dict[str, Any]:
    """The whole picture for one viewer. Raises NotFound when there is none for them."""
    rights = rights_on(cluster, viewer)
    if rights is None:
        raise NotFound(gettext("There is no such cluster."))
    whole = _whole(gather(cluster, now=now), Slow(), for_managers=rights is Rights.MANAGER)
    return limited(whole, rights)


def tree_of(facts: Facts) -> dict[str, Any]:
    """Of the whole picture what the tree is drawn from: its circuits, and the connectors that hang on them."""
    community = facts.cluster.community
    return {
        "cluster": {
            "id": str(facts.cluster.pk),
            "name": facts.cluster.name,
            "community": community.name,
            "time_zone": community.time_zone,
        },
        "bars": bars(facts),
        ROWS: rows(facts),
    }


def _whole(facts: Facts, slow: Slow, *, for_managers: bool) -> dict[str, Any]:
    return {
        **tree_of(facts),
        "headline": headline(facts),
        "banner": banner(facts),
        "alerts": without_alarms(alerts(facts), facts),
        "cut": cut_state(facts),
        **slow.sections(facts, for_managers=for_managers),
    }


def limited(whole: Mapping[str, Any], rights: Rights) -> dict[str, Any]:
    """Anyone sees sums, residents rows without names, managers everything and the button."""
    picture = {**whole, "rights": rights}
    if rights is Rights.MANAGER:
        return picture
    del picture["cut"]
    picture.pop(CUT_AHEAD, None)
    picture["banner"] = [without_names_in_banner(line) for line in whole["banner"]]
    if rights is Rights.RESIDENT:
        picture[ROWS] = [without_names(row) for row in whole[ROWS]]
        return picture
    del picture[ROWS], picture[ACCESS]
    picture["alerts"] = [without_reasons(alert) for alert in whole["alerts"]]
    return picture
