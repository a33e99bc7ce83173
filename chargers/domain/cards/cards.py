"""The kinds of the cards in an order, which newer charge points want to know."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from django.db.models.functions import Upper

from chargers.enums import CommandKind
from chargers.models import ChargerCommand
from chargers.orders import read_order
from chargers.orders.base import Order
from chargers.orders.charging import RemoteStart, Reserve, Unlock
from chargers.orders.trust import CustomerData, SendLocalList
from chargers.orders.upkeep import Trigger
from chargers.orders.words import CARD
from chargers.reports.commands import CommandOrder
from drivers.models import IdTag


def with_kinds(order: Order, *, community_id: UUID) -> Order:
    """The order with the kind of every card that is known. One query, and none where there is no card."""
    match order:
        case SendLocalList(entries=entries) if entries:
            kinds = _kinds_of((entry.id_tag for entry in entries), community_id)
            told = (replace(entry, id_tag_kind=kinds.get(entry.id_tag.upper(), CARD)) for entry in entries)
            return replace(order, entries=tuple(told))
        case RemoteStart(id_tag=token) | Reserve(id_tag=token) | CustomerData(id_tag=str(token)):
            kind = _kinds_of([token], community_id).get(token.upper(), CARD)
            return replace(order, id_tag_kind=kind)
        case _:
            return order


def _kinds_of(tokens: Iterable[str], community_id: UUID) -> dict[str, str]:
    """By token in capitals: a charge point may write it in other letters than we do."""
    rows = IdTag.objects.annotate(upper=Upper("token")).filter(
        community_id=community_id, upper__in={token.upper() for token in tokens}
    )
    return dict(rows.values_list("upper", "kind"))


def order_of(command: ChargerCommand) -> CommandOrder:
    """The order that a claimed command is, with what is known of its cards and its plug at the moment of sending."""
    order, connector = read_order(CommandKind(command.kind), command.arguments), command.connector
    if isinstance(order, Order):
        order = with_kinds(order, community_id=command.community_id)
    # Commands that OCPP 2 sends to one plug and not to its EVSE.
    if isinstance(order, Trigger | Unlock) and connector is not None and connector.plug_number is not None:
        order = replace(order, plug_number=connector.plug_number)
    return CommandOrder(command.pk, order, None if connector is None else connector.number)
