"""Of which kind the cards in a command are: newer charge points want to be told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models.functions import Upper

from drivers.models import IdTag


def with_kinds(arguments: Mapping[str, Any], *, community_id: UUID) -> Mapping[str, Any]:
    """The arguments with `id_tag_kind` beside every card that is known. One query, and none where there is no card."""
    entries = arguments.get("entries") or []
    tokens = {str(card["id_tag"]).upper() for card in (arguments, *entries) if "id_tag" in card}
    if not tokens:
        return arguments
    rows = IdTag.objects.annotate(upper=Upper("token")).filter(community_id=community_id, upper__in=tokens)
    kinds = dict(rows.values_list("upper", "kind"))

    def told(card: Mapping[str, Any]) -> dict[str, Any]:
        kind = kinds.get(str(card.get("id_tag", "")).upper())
        return {**card, "id_tag_kind": kind} if kind else {**card}

    return told(arguments) | ({"entries": [told(entry) for entry in entries]} if entries else {})
