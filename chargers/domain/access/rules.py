"""The rules of a connector, set as a whole."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.access.sentences import Rule, UnreadableRuleError, read_rules, write_rules
from chargers.events import AccessChanged
from chargers.models import AccessRule, Connector
from evbalancer.common.errors import InvalidInput, invalid_row
from evbalancer.common.events import publish
from evbalancer.common.waking import wake_balancer
from grid.domain.audit import Actor, record_entry
from grid.models import Community

MOST_RULES = 20
FIELD = "access"


def find_rules(connector: Connector) -> list[AccessRule]:
    return list(connector.access_rules.select_related("group", "flat"))


@transaction.atomic
def set_access(
    connector: Connector, rules: Sequence[Rule], *, actor: Actor, now: datetime, reason: str = ""
) -> bool:
    """From now on these say who may begin to charge there; none: everybody. Returns whether anything changed. Raises InvalidInput.

    Sessions that run go on, and what was booked before stays booked.
    """
    Connector.objects.select_for_update(of=("self",), no_key=True).get(pk=connector.pk)
    before, wanted = find_rules(connector), _judged(rules, connector.community_id, connector)
    was, will = write_rules(before), write_rules(wanted)
    if was == will:
        return False
    AccessRule.objects.filter(connector=connector).delete()
    for row in wanted:
        row.save()
    record_entry(
        actor=actor,
        action="connector.access_changed",
        target=connector,
        now=now,
        before={FIELD: was or "everybody"},
        after={FIELD: will or "everybody"},
        reason=reason,
    )
    publish(AccessChanged(charge_point_id=connector.charge_point_id, community_id=connector.community_id))
    wake_balancer(connector.charge_point.cluster_id)
    return True


def set_access_in_words(
    connector: Connector, text: str, *, actor: Actor, now: datetime, reason: str = ""
) -> bool:
    """As `set_access` does, from lines as `read_rules` reads them."""
    rules = _read(text, connector.community)
    return set_access(connector, rules, actor=actor, now=now, reason=reason)


def check_words(text: str, *, community: Community) -> None:
    """Whether these lines could be set. Raises InvalidInput."""
    _judged(_read(text, community), community.pk, None)


def _read(text: str, community: Community) -> list[Rule]:
    try:
        return read_rules(text, community=community)
    except UnreadableRuleError as error:
        raise InvalidInput(FIELD, str(error)) from error


def _judged(rules: Sequence[Rule], community_id: UUID, connector: Connector | None) -> list[AccessRule]:
    if len(rules) > MOST_RULES:
        raise InvalidInput(FIELD, gettext("At most %(most)s rules for a space.") % {"most": MOST_RULES})
    rows = [
        AccessRule(
            community_id=community_id,
            connector=connector,
            audience=rule.audience,
            group=rule.group,
            flat=rule.flat,
            weekdays=rule.weekdays,
            start_min=rule.start_min,
            end_min=rule.end_min,
        )
        for rule in dict.fromkeys(rules)
    ]
    for row in rows:
        named = row.group or row.flat
        if named is not None and named.community_id != community_id:
            raise InvalidInput(FIELD, gettext("The group or flat belongs to another community."))
        try:
            row.full_clean(exclude=["connector"] if connector is None else None)
        except ValidationError as error:
            raise invalid_row(error) from error
    return rows
