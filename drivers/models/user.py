from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext, gettext_lazy

from drivers.enums import Role
from evbalancer.common.db.fields import TenantModel


class AccountManager(UserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """By user name or mail address, in any case: Django's sign-in asks here. Raises DoesNotExist."""
        typed = (username or "").strip()
        if not typed or "\0" in typed:
            raise self.model.DoesNotExist
        found = list(self.filter(Q(username__iexact=typed) | Q(email__iexact=typed)))
        if not found:
            raise self.model.DoesNotExist
        return min(found, key=lambda user: user.username.casefold() != typed.casefold())


class User(AbstractUser):
    """A person who can sign in, with one account in all communities. Memberships give the rights."""

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="account_one_per_name",
                violation_error_message=gettext_lazy("Somebody has this user name; choose another one."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="account_one_per_address",
                violation_error_message=gettext_lazy("Another account has this e-mail address."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def clean(self) -> None:
        """A name that is another person's mail address would sign in as somebody else than it says. Raises ValidationError."""
        super().clean()
        others = User.objects.exclude(pk=self.pk)
        if others.filter(email__iexact=self.username).exclude(email="").exists():
            raise ValidationError({"username": gettext("Somebody has this user name; choose another one.")})
        if self.email and others.filter(username__iexact=self.email).exists():
            raise ValidationError({"email": gettext("Another account has this e-mail address.")})


class Membership(TenantModel):
    """A user's role in one community; a manager may have several communities."""

    user = models.ForeignKey("drivers.User", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "community", "role"], name="membership_once_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} of {self.community}"
