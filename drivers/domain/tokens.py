"""Refresh tokens are used once. A second use means that somebody has a copy: all of that user's end (S9)."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import transaction
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import BlacklistMixin, RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from drivers.models import SignIn, User
from evbalancer.common.errors import DomainError
from evbalancer.common.security.digests import digest
from evbalancer.common.words.said import Said


class RefreshRefused(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "token_not_valid"
    title: ClassVar[str] = "The refresh token is no longer valid"
    status: ClassVar[int] = 401


class OnceToken(RefreshToken):
    """A refresh token whose second use is noticed, not just refused; only its id is stored."""

    @classmethod
    def for_user(cls, user: Any) -> Self:
        # Past the mixin, which would store the token itself.
        token: Self = super(BlacklistMixin, cls).for_user(user)
        OutstandingToken.objects.create(user=user, **token.row())
        return token

    def check_blacklist(self) -> None:
        """Left to `rotate`, which must know whose token was used twice."""

    def row(self) -> dict[str, Any]:
        return {
            "jti": self.payload[api_settings.JTI_CLAIM],
            "token": "",
            "created_at": self.current_time,
            "expires_at": datetime.fromtimestamp(self.payload["exp"], tz=UTC),
        }

    def use_up(self, user: User) -> bool:
        """Whether this was its first use. Of two at once, one wins in the database."""
        row = self.row()
        outstanding, _ = OutstandingToken.objects.get_or_create(
            jti=row.pop("jti"), defaults={"user": user, **row}
        )
        _, first = BlacklistedToken.objects.get_or_create(token=outstanding)
        return bool(first)


def rotate_refresh(refresh: OnceToken) -> OnceToken:
    """The next refresh token; `refresh` was checked for signature and expiry.

    1. Refuse a token of a deactivated user, or from before a change of the password.
    2. Use the token up and issue the next one. The database lets one caller use it up.
    3. A token that was used before may be stolen: revoke every token of the user, and refuse.

    Raises RefreshRefused.
    """
    # 1.
    user = User.objects.filter(
        pk=str(refresh.payload.get(api_settings.USER_ID_CLAIM) or 0), is_active=True
    ).first()
    password_digest = refresh.payload.get(api_settings.REVOKE_TOKEN_CLAIM)
    if user is None or password_digest != get_md5_hash_password(user.password):
        raise RefreshRefused(Said("refusal.sign_in_again"))
    # 2.
    with transaction.atomic():
        if refresh.use_up(user):
            following = OnceToken.for_user(user)
            SignIn.objects.filter(
                user=user, key_digest=digest(refresh.payload[api_settings.JTI_CLAIM])
            ).update(
                key_digest=digest(following.payload[api_settings.JTI_CLAIM]), seen_at=following.current_time
            )
            return following
        # 3.
        revoke_all(user)
    # Raised after the commit, so that the refusal can't take the revocation back.
    raise RefreshRefused(Said("refusal.token_used_before"))


def revoke_all(user: User) -> None:
    """End every refresh token of the user."""
    open_tokens = OutstandingToken.objects.filter(user=user, blacklistedtoken__isnull=True)
    BlacklistedToken.objects.bulk_create(
        [BlacklistedToken(token=token) for token in open_tokens],
        ignore_conflicts=True,
    )


def prune_tokens(*, now: datetime) -> None:
    """Forget refresh tokens that have expired, and sign-ins that can't be open any more."""
    OutstandingToken.objects.filter(expires_at__lt=now).delete()
    longest = max(timedelta(seconds=settings.SESSION_COOKIE_AGE), api_settings.REFRESH_TOKEN_LIFETIME)
    SignIn.objects.filter(seen_at__lt=now - longest).delete()
