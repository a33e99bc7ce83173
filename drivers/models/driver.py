import re
from collections.abc import Collection

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext, gettext_lazy

from drivers.enums import IdTagKind
from evbalancer.common.db.fields import TenantModel
from evbalancer.common.words.inputs import Text

CARD_NAME = Text(40)
# As they are printed and as readers show them: 04:A1:B2:C3, 04 a1 b2 c3, 04-A1-B2-C3.
PRINTED = re.compile(r"[0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2}){3,17}")


def plain_token(token: str) -> str:
    """A card's number as charge points send it: hexadecimal digits without what stands between them. Other tokens stay."""
    token = token.strip()
    return re.sub(r"[ :-]", "", token).upper() if PRINTED.fullmatch(token) else token


class Driver(TenantModel):
    """A person who charges in one community."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="drivers",
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    unit = models.CharField(max_length=40, blank=True, help_text="Apartment, parking space or office.")
    flat = models.ForeignKey(
        "drivers.Flat",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="drivers",
        verbose_name="flat or cost centre",
    )
    suspended_until = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "community"],
                condition=models.Q(user__isnull=False),
                name="driver_one_per_user_and_community",
                violation_error_message="This account belongs to another driver of the community.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def belongs(self) -> bool:
        """As `drivers.domain.belonging` has it, for one row."""
        if self.retired_at is not None or self.user is None:
            return self.retired_at is None
        is_let_in = (
            self.user.is_superuser or self.user.memberships.filter(community=self.community_id).exists()
        )
        return self.user.is_active and is_let_in


class IdTag(TenantModel):
    """What a driver shows to a charger. Compared case-insensitively, as OCPP's CiString is."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="id_tags")
    token = models.CharField(max_length=36)
    kind = models.CharField(max_length=12, choices=IdTagKind.choices, default=IdTagKind.RFID)
    name = models.CharField(
        max_length=CARD_NAME.longest,
        blank=True,
        help_text="The driver's own word for it, such as Key ring.",
        default="",
        db_default="",
    )
    blocked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "community",
                Upper("token"),
                name="id_tag_once_per_community",
                violation_error_code="id_tag_taken",
                violation_error_message=gettext_lazy("Somebody has this card."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.driver}"

    def clean(self) -> None:
        self.token = plain_token(self.token)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """A card that somebody has is refused in words; one of a driver who has left is no hindrance (`domain.cards`)."""
        try:
            super().validate_constraints(exclude=exclude)
        except ValidationError as broken:
            if "id_tag_taken" not in {error.code for error in broken.error_dict.get(NON_FIELD_ERRORS, ())}:
                raise
            holder = self._holder()
            if holder is not None:
                text = gettext("%(driver)s has this card. Remove it there first, or read the number again.")
                raise ValidationError({"token": text % {"driver": holder}}, code="id_tag_taken") from broken

    def _holder(self) -> Driver | None:
        held = IdTag.objects.filter(community_id=self.community_id, token__iexact=self.token.strip())
        tag = held.exclude(pk=self.pk).select_related("driver__user").first()
        return tag.driver if tag is not None and tag.driver.belongs else None
