"""Fields and bases that every app's models share."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID, uuid4

from django.db import models

from evbalancer.common.words.inputs import MILLIAMPS
from evbalancer.common.words.said import Said, plain

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[M_co]):
    """The one way to limit rows to communities: every tenant row has a `community_id`."""

    def within(self, community_ids: Iterable[UUID]) -> Self:
        return self.filter(community_id__in=list(community_ids))


class UUIDModel(models.Model):
    """Public ids are UUIDs: they can't be counted through."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)

    class Meta:
        abstract = True


class TenantModel(UUIDModel):
    """A row that belongs to one community. PROTECT: history is kept, nothing cascades away."""

    community = models.ForeignKey("grid.Community", on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


if TYPE_CHECKING:
    # The stubs know what null=True does to the built-in field, and would not know it of a subclass.
    MilliampField = models.PositiveIntegerField
else:

    class MilliampField(models.PositiveIntegerField):
        """Integer milliamperes per phase."""

        default_validators = MILLIAMPS.validators

        def formfield(self, **options: Any) -> Any:
            # The column's own rules refuse, in their own words.
            return super().formfield(**{"min_value": None, **options})


class SaidField(models.JSONField):
    """A saying of the system, as code and facts; None if a person's text stands beside it. Migrations see plain JSON."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"null": True, "blank": True, "default": None, "editable": False, **options})

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.JSONField", args, options

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.to_python(super().from_db_value(value, expression, connection))

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Said) else Said.of_stored(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        return super().get_db_prep_value(plain(value), connection, prepared)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(plain(value), model_instance)

    def value_to_string(self, obj: models.Model) -> Any:
        return plain(self.value_from_object(obj))


class SayingsField(SaidField):
    """Several, in their order. Plain texts among them are from before there were codes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"null": False, "default": list, **options})

    def to_python(self, value: Any) -> Any:
        return [one if isinstance(one, Said) else Said.of_stored(one) for one in value or []]


class TableField(models.JSONField):
    """Rows of facts with the same names, which are stored once: three fifths of the bytes of a list of objects are its keys.

    Anything else, and what was stored before, is plain JSON. Migrations see plain JSON, too.
    """

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.JSONField", args, options

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        stored = super().from_db_value(value, expression, connection)
        if not isinstance(stored, dict) or set(stored) != {"names", "rows"}:
            return stored
        return [dict(zip(stored["names"], row, strict=True)) for row in stored["rows"]]

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        names = list(value[0]) if isinstance(value, list) and value and isinstance(value[0], dict) else []
        if names and all(isinstance(row, dict) and list(row) == names for row in value):
            value = {"names": names, "rows": [list(row.values()) for row in value]}
        return super().get_db_prep_value(value, connection, prepared)
