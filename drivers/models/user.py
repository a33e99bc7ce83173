from django.contrib.auth.models import AbstractUser
from django.db import models

from drivers.enums import Role
from evbalancer.common.db.fields import TenantModel


class User(AbstractUser):
    """A person who can sign in. Memberships give the rights."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username


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
