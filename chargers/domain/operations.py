"""Commands of persons to charge points: checked, queued and audited in one transaction, from every screen."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.limits import stack_levels
from chargers.domain.orders import abilities, commands
from chargers.domain.orders.remote import NothingToStop
from chargers.domain.orders.secrets import hide_secrets
from chargers.domain.sockets import keys
from chargers.enums import CommandKind, SessionState
from chargers.errors import BadCommand
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.orders import ORDERS
from chargers.orders.base import Order
from chargers.orders.charging import RemoteStart, RemoteStop, TellCost
from chargers.orders.trust import ChangeKey
from chargers.orders.upkeep import Call, ChangeConfiguration
from evbalancer.common.errors import InvalidInput
from grid.domain import audit

# Only the balancer sets these: a connector's limit counts from the moment that it is queued.
BALANCERS_OWN = frozenset(kind for kind, order in ORDERS.items() if order.is_ours_alone)
BY_HAND = tuple(kind for kind in CommandKind if kind not in BALANCERS_OWN)
# A key sent as configuration would stand readable in the command's row.
SECRET_KEYS = ("authorizationkey", "basicauthpassword")


@transaction.atomic
def order_command(
    charge_point: ChargePoint,
    order: Order,
    *,
    actor: audit.Actor,
    now: datetime,
    connector: Connector | None = None,
    session: Session | None = None,
    reason: str = "",
) -> ChargerCommand:
    """Queue it. Raises BadCommand, InvalidInput and NothingToStop."""
    abilities.require_ability(charge_point, order.kind)
    abilities.check_wording(charge_point, order)
    if isinstance(order, ChangeKey):
        return keys.send_next_key(charge_point, actor=actor, now=now)
    if _carries_key(order):
        raise InvalidInput(
            "key", gettext("Use the action for rotating the key: a key sent here would appear in the log.")
        )
    if isinstance(order, RemoteStop | TellCost) and {order.transaction_id, order.transaction_uid} == {None}:
        session = session or _running(charge_point, connector)
        connector = session.connector
        order = replace(order, transaction_id=session.transaction_id, transaction_uid=session.transaction_uid)
    if isinstance(order, RemoteStart) and order.limit_ma is not None:
        connector = connector or _only_connector(charge_point)
        order = replace(order, stack_level=stack_levels.level_of_transaction(connector))
    command = commands.queue_command(
        charge_point, order, by=actor, now=now, connector=connector, session=session
    )
    audit.record_entry(
        actor=actor,
        action=f"command.{order.kind.value}",
        target=charge_point,
        now=now,
        after={"command_id": command.pk, **_without_cards(command.arguments)},
        reason=reason,
    )
    return command


def _carries_key(order: Order) -> bool:
    match order:
        case ChangeConfiguration(key=name):
            return _names_key(name)
        case Call(action="ChangeConfiguration" | "SetVariables", payload=payload):
            return _names_key(json.dumps(payload))
    return False


def _names_key(text: str) -> bool:
    return any(word in text.lower() for word in SECRET_KEYS)


def _only_connector(charge_point: ChargePoint) -> Connector:
    """A limit that comes with the start is for one connector: its id and level are that one's."""
    found = list(charge_point.connectors.filter(retired_at=None).select_related("charge_point__make")[:2])
    if len(found) != 1:
        raise BadCommand(gettext("`connector` is required: a limit applies to one connector."))
    return found[0]


def _running(charge_point: ChargePoint, connector: Connector | None) -> Session:
    running = Session.objects.filter(connector__charge_point=charge_point, state=SessionState.ACTIVE)
    if connector is not None:
        running = running.filter(connector=connector)
    found = list(running.select_related("connector__charge_point")[:2])
    if not found:
        raise NothingToStop(gettext("No transaction runs there."))
    if len(found) > 1:
        raise BadCommand(gettext("Several transactions run: `connector` is required."))
    return found[0]


def _without_cards(arguments: Mapping[str, Any]) -> dict[str, Any]:
    hidden = {"id_tag": "(card)", "parent_id_tag": "(card)"}
    shown = {name: hidden.get(name, value) for name, value in arguments.items()}
    if "entries" in shown:
        shown["entries"] = len(shown["entries"])
    return dict(hide_secrets(shown))
