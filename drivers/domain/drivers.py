"""Drivers and what they show to a charger."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from drivers.domain import probing
from drivers.domain.belonging import belongs, is_member
from drivers.enums import AuthorizationStatus, IdTagKind
from drivers.events import IdTagsChanged
from drivers.models import Driver, IdTag
from evbalancer.common.events import publish

OCPP_ID_TOKEN_LENGTH = 20


@dataclass(frozen=True, slots=True)
class AuthorizeOutcome:
    status: AuthorizationStatus
    driver: Driver | None = None
    expires_at: datetime | None = None


def authorize(
    community_id: UUID, token: str, *, now: datetime, asked_by: UUID | None = None
) -> AuthorizeOutcome:
    """What a charger of this community is answered for `token`. Another community's tag is simply Invalid (S11).

    `asked_by`: the charger; one that tries many unknown tags is reported.
    """
    tag = (
        IdTag.objects.filter(is_member("driver__"), community_id=community_id, token__iexact=token.strip())
        .select_related("driver", "driver__user")
        .first()
    )
    if tag is None or tag.driver.retired_at is not None:
        if asked_by is not None:
            probing.note_unknown_tag(community_id, asked_by, now=now)
        return AuthorizeOutcome(AuthorizationStatus.INVALID)
    driver = tag.driver
    if tag.blocked_at is not None or is_suspended(driver, now=now):
        return AuthorizeOutcome(AuthorizationStatus.BLOCKED, driver)
    if driver.user is not None and not driver.user.is_active:
        return AuthorizeOutcome(AuthorizationStatus.BLOCKED, driver)
    if tag.expires_at is not None and tag.expires_at <= now:
        return AuthorizeOutcome(AuthorizationStatus.EXPIRED, driver, tag.expires_at)
    return AuthorizeOutcome(AuthorizationStatus.ACCEPTED, driver, tag.expires_at)


def valid_tags(community_id: UUID, *, now: datetime) -> dict[str, datetime | None]:
    """Every token that `authorize` accepts now, and when it expires by itself."""
    tags = IdTag.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        Q(driver__suspended_until=None) | Q(driver__suspended_until__lte=now),
        belongs("driver__"),
        community_id=community_id,
        blocked_at=None,
    )
    return dict(tags.values_list("token", "expires_at"))


@transaction.atomic
def tags_changed(community_id: UUID, *, is_withdrawal: bool) -> None:
    """To be called, in its transaction, by whatever changes what a card is worth."""
    publish(IdTagsChanged(community_id=community_id, is_withdrawal=is_withdrawal))


def is_suspended(driver: Driver, *, now: datetime) -> bool:
    return driver.suspended_until is not None and driver.suspended_until > now


@transaction.atomic
def app_token(driver: Driver) -> str:
    """What the app shows to a charger for this driver; made at the first use."""
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
