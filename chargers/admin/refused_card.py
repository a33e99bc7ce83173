"""Refused cards: where and when, how often, and one act that gives a card to whoever stood there."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from chargers.domain.cards import refused
from chargers.models import RefusedCard
from drivers.domain.belonging import match_belonging
from drivers.domain.drivers import mask_token
from drivers.models import Driver
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import list_of
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING, ago
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin


class AssignForm(ActForm):
    driver = forms.ModelChoiceField(Driver.objects.none(), label=gettext_lazy("Driver"))

    def __init__(self, *args: Any, drivers: QuerySet[Driver], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["driver"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (declared above)
        field.queryset = drivers


@admin.register(RefusedCard)
class RefusedCardAdmin(LedgerAdmin):
    list_display = ("card", "charge_point", "shown", "count", "status", "holder")
    list_filter = ("status", ("declined_at", admin.EmptyFieldListFilter))
    search_fields = ("=token", "charge_point__name")
    search_help_text = gettext_lazy("The whole card number, or the space")
    list_select_related = ("charge_point", "community")
    fields = ("token", "holder", "charge_point", "status", "count", ("first_at", "last_at"), "declined_at")
    export_fields = ("charge_point", "status", "count", "first_at", "last_at", "declined_at")
    actions_detail = ("assign", "decline")

    @display(description=gettext_lazy("Card"))
    def card(self, row: RefusedCard) -> str:
        return mask_token(row.token)

    @display(description=gettext_lazy("Last shown"), ordering="last_at")
    def shown(self, row: RefusedCard) -> str:
        return ago(row.last_at)

    @display(description=gettext_lazy("Whose it is"))
    def holder(self, row: RefusedCard) -> str:
        name: str | None = getattr(row, "holder_name", None)
        return name or NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefusedCard]:
        return refused.with_holders(super().get_queryset(request))

    @action(
        description=gettext_lazy("Give it to a driver"),
        url_path="assign",
        icon="person_add",
        permissions=["act"],
    )
    def assign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, RefusedCard)
        drivers = Driver.objects.filter(match_belonging(), community=row.community_id).order_by("name")

        def run(data: dict[str, Any]) -> str:
            refused.assign_refused(row, data["driver"], actor=actor_of(request), now=timezone.now())
            return gettext("The card is %(driver)s's now.") % {"driver": data["driver"]}

        return act_page(
            self,
            request,
            row=row,
            back=list_of(RefusedCard),
            title=gettext("Whose is the card %(token)s?") % {"token": row.token},
            intro=gettext(
                "Compare the number with the card: it opens every space that is open to the driver."
            ),
            submit=gettext("Give it to this driver"),
            form_class=AssignForm,
            form_options={"drivers": drivers},
            run=run,
        )

    @action(
        description=gettext_lazy("It is nobody's here"),
        url_path="decline",
        icon="block",
        permissions=["act"],
    )
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, RefusedCard)

        def run(_: object) -> str:
            refused.decline_refused(row, actor=actor_of(request), now=timezone.now())
            return gettext("The card asks for no decision any more.")

        return act_page(
            self,
            request,
            row=row,
            back=list_of(RefusedCard),
            title=gettext("Decline the card %(token)s") % {"token": row.token},
            intro=gettext("It stays refused, and leaves the front page."),
            submit=gettext("Decline"),
            form_class=ActForm,
            run=run,
        )
