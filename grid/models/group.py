from django.db import models
from django.db.models.functions import Upper

from evbalancer.common.db.fields import TenantModel


class NamedGroup(TenantModel):
    """Rows of one kind under a name, so that a price or a rule names them once. `MEMBERS` are the relations that hold them."""

    MEMBERS: tuple[str, ...] = ()

    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "community",
                Upper("name"),
                name="%(class)s_once_per_name",
                violation_error_message="The community has a group of this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
