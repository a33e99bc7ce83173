"""What the acts of the back office on money have in common: rows of the person's communities, and sums as people type them."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from evbalancer.common.admin import scope
from evbalancer.common.admin.pages import ActForm
from evbalancer.common.security.tenancy import request_access


class OfCommunitiesForm(ActForm):
    """A form whose choices are rows of the person's communities."""

    def __init__(self, *args: Any, choices: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in choices.items():
            field: Any = self.fields[name]
            field.queryset = rows


def choices_of(request: HttpRequest, model: Any) -> Any:
    return scope.within(model.objects.filter(retired_at=None), request_access(request))


def to_minor(amount: Decimal) -> int:
    return int(amount * 100)
