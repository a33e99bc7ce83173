"""Forms whose rows and links stay inside one community."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model
from django.forms.models import InlineForeignKeyField

from evbalancer.common.admin import scope
from evbalancer.common.admin.fields import SecretField
from evbalancer.common.admin.theme import ModelForm
from evbalancer.common.clocks.moments import FIRST_YEAR, LAST_YEAR, TOO_FAR
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import encryption

FOREIGN: Final = "This belongs to another community."


def refuse_far_moments(form: forms.BaseForm) -> None:
    """At the ends of the calendar a moment has no place on another zone's clock: it could neither be stored nor shown."""
    far = [
        name
        for name, value in form.cleaned_data.items()
        if isinstance(value, datetime) and not FIRST_YEAR <= value.year <= LAST_YEAR
    ]
    for name in far:
        form.add_error(name, TOO_FAR)


class TenantForm(ModelForm):
    """Knows its row's community before anything is checked, and refuses links into another one.

    `community_from` names the field that the row inherits its community from; None where it is chosen.
    """

    community_from: str | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        refuse_far_moments(self)
        community_id = self._community_id(cleaned)
        if community_id is None:
            return cleaned
        if self.instance._state.adding and hasattr(self.instance, "community_id"):
            self.instance.community_id = community_id
        for field in self.instance._meta.fields:
            linked = cleaned.get(field.name)
            if isinstance(field, ForeignKey) and field.name != "community" and isinstance(linked, Model):
                self._check_link(field.name, linked, community_id)
        for field in self.instance._meta.many_to_many:
            if any(not scope.is_of(row, community_id) for row in cleaned.get(field.name) or ()):
                self.add_error(field.name, ValidationError(FOREIGN, code="foreign_community"))
        return cleaned

    def _check_link(self, name: str, linked: Model, community_id: UUID) -> None:
        if isinstance(self.fields.get(name), InlineForeignKeyField):
            return
        unchanged = not self.instance._state.adding and name not in self.changed_data
        if not unchanged and not self.may_link(name, linked, community_id):
            self.add_error(name, ValidationError(FOREIGN, code="foreign_community"))

    def _community_id(self, cleaned: dict[str, Any]) -> UUID | None:
        own: UUID | None = getattr(self.instance, "community_id", None)
        if not self.instance._state.adding:
            return own
        chosen = cleaned.get("community")
        if chosen is not None:
            return UUID(str(chosen.pk))
        for field in self.fields.values():
            if isinstance(field, InlineForeignKeyField):
                inherited: UUID = field.parent_instance.community_id  # type: ignore[attr-defined]  # a tenant's row
                return inherited
        source = cleaned.get(self.community_from or "")
        return source.community_id if source is not None else own

    def _get_validation_exclusions(self) -> set[str]:
        # No form field sets the community, but rules that name it are still checked.
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"community"} if getattr(self.instance, "community_id", None) else excluded

    def may_link(self, name: str, linked: Model, community_id: UUID) -> bool:
        """Whether the row may point to this one. Which rows the person may choose from at all is the field's own to say."""
        return scope.is_of(linked, community_id)

    def _keep_secrets(self) -> None:
        for name, field in self.fields.items():
            if isinstance(field, SecretField) and self.cleaned_data.get(name):
                setattr(self.instance, field.column, encryption.encrypt(self.cleaned_data[name]))

    def check_row(self) -> None:
        """Rules of the domain on the whole row, as it is about to be saved. Raise ValidationError or InvalidInput."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        self._keep_secrets()
        try:
            self.check_row()
            if not self.instance._state.adding:
                # Django skips a rule when one of its fields is only shown, such as a circuit's cluster.
                self.instance.validate_constraints()
        except InvalidInput as refusal:
            self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)
        except ValidationError as broken:
            for name, messages in broken.update_error_dict({}).items():
                self.add_error(name if name in self.fields else None, messages)
