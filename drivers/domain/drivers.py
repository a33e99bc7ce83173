"""Drivers and what they show to a charger."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Upper

from drivers.domain import probing
from drivers.domain.belonging import is_member, match_belonging
from drivers.enums import AuthorizationStatus, IdTagKind
from drivers.events import IdTagsChanged
from drivers.models import Driver, IdTag
from drivers.models.driver import plain_token
from evbalancer.common.events import publish
from evbalancer.common.words.said import Said

OCPP_ID_TOKEN_LENGTH = 20
# The community that is asked, and the token that was shown.
Card = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class AuthorizeOutcome:
    status: AuthorizationStatus
    driver: Driver | None = None
    expires_at: datetime | None = None
    # Of a refusal: what its driver is to read.
    why: Said | None = None


def authorize_tag(
    community_id: UUID, token: str, *, now: datetime, asked_by: UUID | None = None
) -> AuthorizeOutcome:
    """The answer to a charger of this community about `token`. Another community's tag is simply Invalid (S11).

    `asked_by`: the charger; one that tries many unknown tags is reported.
    """
    outcome = authorize_tags([(community_id, token)], now=now)[community_id, token]
    if asked_by is not None:
        note_shown(outcome, community_id, asked_by=asked_by, now=now)
    return outcome


def note_shown(outcome: AuthorizeOutcome, community_id: UUID, *, asked_by: UUID, now: datetime) -> None:
    """Report a charger where many unknown tags are tried."""
    if outcome.status == AuthorizationStatus.INVALID:
        probing.note_unknown_tag(community_id, asked_by, now=now)


def authorize_tags(shown: Collection[Card], *, now: datetime) -> dict[Card, AuthorizeOutcome]:
    """The answers of `authorize` to many cards, in one query."""
    if not shown:
        return {}
    rows = (
        IdTag.objects.filter(is_member("driver__"), community__in={community_id for community_id, _ in shown})
        .select_related("driver", "driver__user")
        .annotate(folded=Upper("token"))
        .filter(folded__in=[Upper(Value(form)) for _, token in shown for form in _forms(token)])
    )
    tags = {(tag.community_id, tag.folded): tag for tag in rows}

    def held(community_id: UUID, token: str) -> IdTag | None:
        found = (tags.get((community_id, form.upper())) for form in _forms(token))
        return next((tag for tag in found if tag is not None), None)

    return {card: _judge(held(*card), now=now) for card in shown}


def _forms(token: str) -> Collection[str]:
    """As it was shown, and without what some readers put between the digits."""
    return dict.fromkeys((token.strip(), plain_token(token)))


def _judge(tag: IdTag | None, *, now: datetime) -> AuthorizeOutcome:
    if tag is None or tag.driver.retired_at is not None:
        return AuthorizeOutcome(AuthorizationStatus.INVALID)
    driver = tag.driver
    if tag.blocked_at is not None or is_suspended(driver, now=now):
        return AuthorizeOutcome(AuthorizationStatus.BLOCKED, driver)
    if driver.user is not None and not driver.user.is_active:
        return AuthorizeOutcome(AuthorizationStatus.BLOCKED, driver)
    if tag.expires_at is not None and tag.expires_at <= now:
        return AuthorizeOutcome(AuthorizationStatus.EXPIRED, driver, tag.expires_at)
    return AuthorizeOutcome(AuthorizationStatus.ACCEPTED, driver, tag.expires_at)


def valid_cards(community_id: UUID, *, now: datetime) -> list[IdTag]:
    """Every card that `authorize` accepts now, with its driver."""
    tags = IdTag.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        Q(driver__suspended_until=None) | Q(driver__suspended_until__lte=now),
        match_belonging("driver__"),
        community_id=community_id,
        blocked_at=None,
    )
    return list(tags.select_related("driver"))


@transaction.atomic
def tags_changed(community_id: UUID, *, is_withdrawal: bool) -> None:
    """To be called, in its transaction, by whatever changes what a card is worth."""
    publish(IdTagsChanged(community_id=community_id, is_withdrawal=is_withdrawal))


def is_suspended(driver: Driver, *, now: datetime) -> bool:
    return driver.suspended_until is not None and driver.suspended_until > now


@transaction.atomic
def app_token(driver: Driver) -> str:
    """The token that the app shows to a charger for this driver; made at the first use."""
    tags = IdTag.objects.filter(driver=driver, kind=IdTagKind.APP, blocked_at=None, expires_at=None)
    tag = tags.order_by("created_at").first()
    if tag is None:
        tag = IdTag.objects.create(
            community_id=driver.community_id,
            driver=driver,
            kind=IdTagKind.APP,
            token=secrets.token_hex(OCPP_ID_TOKEN_LENGTH // 2).upper(),
        )
        tags_changed(driver.community_id, is_withdrawal=False)
    return str(tag.token)


def mask_token(token: str) -> str:
    """Enough to recognise one's own card, too little to copy it."""
    return "…" + token[-2:] if len(token) > 4 else "…"
