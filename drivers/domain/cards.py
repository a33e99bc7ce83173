"""Cards: a card is one driver's at a time, and of use to the next one when the first has moved out."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from drivers.domain.belonging import match_belonging
from drivers.domain.drivers import tags_changed
from drivers.models import Driver, IdTag
from drivers.models.driver import CARD_NAME
from evbalancer.common.errors import check_row
from grid.domain import audit


@transaction.atomic
def give_card(driver: Driver, token: str, *, actor: audit.Actor, now: datetime) -> IdTag:
    """Give a driver the card with this number. One of a driver who has left is handed on; the driver's own stays as it is.

    Raises InvalidInput where somebody has it.
    """
    card = IdTag(community_id=driver.community_id, driver=driver, token=token)
    card.clean()
    own = IdTag.objects.filter(driver=driver, token__iexact=card.token).first()
    if own is not None:
        return own
    hand_on(driver.community_id, card.token, actor=actor, now=now)
    check_row(card)
    card.save()
    audit.record_entry(
        actor=actor, action="idtag.added", target=card, now=now, after={"driver_id": str(driver.pk)}
    )
    tags_changed(driver.community_id, is_withdrawal=False)
    return card


@transaction.atomic
def report_lost(card: IdTag, *, actor: audit.Actor, now: datetime) -> None:
    """Block it at once, also at charge points that know it without asking. A manager may let it in again. The second time nothing changes."""
    if IdTag.objects.filter(pk=card.pk, blocked_at=None).update(blocked_at=now):
        audit.record_entry(
            actor=actor,
            action="idtag.reported_lost",
            target=card,
            now=now,
            before={"blocked_at": None},
            after={"blocked_at": now},
        )
        tags_changed(card.community_id, is_withdrawal=True)
    card.refresh_from_db()


@transaction.atomic
def name_card(card: IdTag, name: str, *, actor: audit.Actor, now: datetime) -> None:
    """Raises InvalidInput."""
    before, after = card.name, CARD_NAME.check("name", name) if name.strip() else ""
    if before != after:
        card.name = after
        card.save(update_fields=["name"])
        audit.record_entry(
            actor=actor,
            action="idtag.named",
            target=card,
            now=now,
            before={"name": before},
            after={"name": after},
        )


@transaction.atomic
def hand_on(
    community_id: UUID, token: str, *, actor: audit.Actor, now: datetime, but: UUID | None = None
) -> bool:
    """Take the card from a driver who has left, so that it can be given to another one. Whether there was one.

    To be called right before the card is stored for its next driver. Sessions and bills keep their own driver.
    """
    held = IdTag.objects.filter(community_id=community_id, token__iexact=token.strip())
    if but is not None:
        held = held.exclude(pk=but)
    left = held.exclude(match_belonging("driver__")).select_related("driver").first()
    if left is None:
        return False
    audit.record_entry(
        actor=actor,
        action="idtag.handed_on",
        target=left,
        now=now,
        before={
            "driver_id": str(left.driver_id),
            "blocked_at": left.blocked_at,
            "expires_at": left.expires_at,
        },
    )
    left.delete()
    return True
