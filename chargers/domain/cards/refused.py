"""Cards that were refused: kept for a while, so that one can be given to whoever stood there with it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, UUIDField
from django.utils.translation import gettext

from chargers.models import RefusedCard
from drivers.domain.cards import give_card
from drivers.domain.drivers import AuthorizeOutcome
from drivers.enums import AuthorizationStatus
from drivers.models import Driver, IdTag
from drivers.models.driver import plain_token
from evbalancer.common.beside import Beside
from evbalancer.common.db.batches import Ledger, dated_ledger
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from grid.domain.audit import Actor, record_entry

# Of each charge point the newest: somebody who tries numbers at one of them hides no card of another.
MOST_OF_ONE: Final = 20
KEPT: Final = timedelta(days=30)
LONGEST: Final = 36


def note_refusal(
    outcome: AuthorizeOutcome, *, token: str, community_id: UUID, charge_point_id: UUID, now: datetime
) -> None:
    """Beside the answer to the charge point, which it can't hold up."""
    token = plain_token(token)
    if outcome.status == AuthorizationStatus.ACCEPTED or not token or len(token) > LONGEST:
        return
    Beside(f"the refusal at {charge_point_id}").attempt(
        "Keeping the card",
        lambda: _keep(outcome, token, community_id, charge_point_id, now=now),
        otherwise=None,
    )


def find_unknown() -> QuerySet[RefusedCard]:
    """Those that nobody has, and that no manager has declined: they wait for a decision."""
    held = IdTag.objects.filter(community=OuterRef("community"), token__iexact=OuterRef("token"))
    rows = RefusedCard.objects.filter(declined_at=None, status=AuthorizationStatus.INVALID)
    return rows.exclude(Exists(held)).select_related("charge_point")


def with_holders(rows: QuerySet[RefusedCard]) -> QuerySet[RefusedCard]:
    """The same rows, each with `holder_id` and `holder_name`: whose card it is by now."""
    held = IdTag.objects.filter(community=OuterRef("community"), token__iexact=OuterRef("token"))
    return rows.annotate(
        holder_id=Subquery(held.values("driver")[:1], output_field=UUIDField()),
        holder_name=Subquery(held.values("driver__name")[:1]),
    )


def find_holder(card: RefusedCard) -> Driver | None:
    """Whose card it is by now."""
    held = IdTag.objects.filter(community=card.community_id, token__iexact=card.token)
    tag = held.select_related("driver").first()
    return None if tag is None else tag.driver


@transaction.atomic
def assign_refused(card: RefusedCard, driver: Driver, *, actor: Actor, now: datetime) -> IdTag:
    """It is this driver's from now on. Raises InvalidInput where somebody has it, NotFound for a driver of another community, and
    StateMoved for the slower of two."""
    if driver.community_id != card.community_id:
        raise NotFound(gettext("There is no such driver."))
    holder = find_holder(card)
    if holder is not None and holder != driver and holder.belongs:
        raise InvalidInput("driver_id", gettext("%(holder)s has this card.") % {"holder": holder})
    _take(card)
    return give_card(driver, card.token, actor=actor, now=now)


@transaction.atomic
def decline_refused(card: RefusedCard, *, actor: Actor, now: datetime) -> None:
    """It is nobody's here. It is still counted when it is shown again, and asks for no decision. Raises StateMoved."""
    if not RefusedCard.objects.filter(pk=card.pk, declined_at=None).update(declined_at=now):
        raise StateMoved(gettext("Somebody has already decided about this card."))
    record_entry(actor=actor, action="refusedcard.declined", target=card, now=now)


def old_refused(*, now: datetime) -> Ledger:
    """Those that were not shown for a month."""
    rows = RefusedCard.objects.filter(last_at__lt=now - KEPT)
    return dated_ledger("refused cards", rows, moment="last_at")


def _take(card: RefusedCard) -> None:
    gone, _ = RefusedCard.objects.filter(pk=card.pk).delete()
    if not gone:
        raise StateMoved(gettext("Somebody has already decided about this card."))


def _keep(
    outcome: AuthorizeOutcome, token: str, community_id: UUID, charge_point_id: UUID, *, now: datetime
) -> None:
    facts = {"charge_point_id": charge_point_id, "status": outcome.status, "last_at": now}
    known = RefusedCard.objects.filter(community=community_id, token__iexact=token)
    if known.update(count=F("count") + 1, **facts):
        return
    row = RefusedCard(community_id=community_id, token=token, first_at=now, **facts)
    RefusedCard.objects.bulk_create([row], ignore_conflicts=True)
    mine = RefusedCard.objects.filter(charge_point=charge_point_id).order_by("-last_at", "pk")
    RefusedCard.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[MOST_OF_ONE:])).delete()
