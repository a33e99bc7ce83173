"""No filter or link of a change list tells whether a row of another community exists (S6)."""

from uuid import uuid4

import pytest
from django.contrib import admin
from django.db.models import ForeignKey, UUIDField
from django.urls import reverse

pytestmark = [pytest.mark.sweep, pytest.mark.promise("S6")]


def _by_row() -> list[tuple]:
    """Every relation that a list may be narrowed to by its address."""
    found = []
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label):
        if "view" not in getattr(model_admin, "manager_may", ()):
            continue
        named = {entry[0] if isinstance(entry, tuple) else entry for entry in model_admin.list_filter}
        named |= {*model_admin.link_lookups, "community"}
        found += [
            (model, field)
            for field in model._meta.fields
            if isinstance(field, ForeignKey)
            and field.name in named
            and isinstance(field.related_model._meta.pk, UUIDField)
        ]
    return found


@pytest.mark.parametrize(("model", "field"), _by_row(), ids=str)
def test_foreign_row_and_no_row_are_answered_alike_by_every_list(model, field, worlds, sign_in):
    client = sign_in(worlds.a.manager)
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    foreign = worlds.b[field.related_model._meta.label].pk
    answers = []
    for asked in (foreign, uuid4()):
        response = client.get(page, {f"{field.name}__id__exact": str(asked)})
        answers.append(
            (
                response.status_code,
                response.get("Location", "").replace(str(asked), "ASKED"),
                len(
                    (
                        getattr(response, "context", None)
                        and response.context.get("cl")
                        and list(response.context["cl"].result_list)
                    )
                    or []
                ),
            )
        )
        assert b"SECRETB" not in response.content
    assert answers[0] == answers[1]
