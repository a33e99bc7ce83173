from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from drivers.domain.flats import retire_flat
from drivers.models import Driver, Flat
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.policy import EDIT
from evbalancer.common.admin.theme import action, display
from grid.admin.audited import AuditedAdmin, actor_of

SHOWN_DRIVERS = 12


@admin.register(Flat)
class FlatAdmin(AuditedAdmin):
    manager_may = EDIT
    operator_may = EDIT
    list_display = ("name", "kind", "holder", "drivers_now", "billed_together")
    list_filter = ("kind", "billed_together")
    search_fields = ("name", "holder")
    list_select_related = ("community",)
    fieldsets = (
        (None, {"fields": (("name", "kind"), "billed_together")}),
        ("On statements", {"fields": ("holder", "address")}),
        ("Record", {"fields": (("created_at", "retired_at"),)}),
    )
    readonly_fields = ("retired_at",)
    actions_detail = ("retire",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        present = Count("drivers", filter=Q(drivers__retired_at=None))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(present=present)
        return rows

    @display(description="Drivers")
    def drivers_now(self, flat: Flat) -> str:
        return str(getattr(flat, "present", 0))

    @action(description="Retire", url_path="retire", icon="archive", permissions=["change"])
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        flat = self.find_row(request, object_id, Flat)

        def run(_: object) -> str:
            retire_flat(flat, actor=actor_of(request), now=timezone.now())
            return gettext("%(name)s is retired.") % {"name": flat.name}

        return act_page(
            self,
            request,
            row=flat,
            title=gettext("Retire %(name)s") % {"name": flat.name},
            intro=gettext("It can't be chosen any more. Its statements stay."),
            form_class=ActForm,
            dangerous=True,
            run=run,
        )


@panel_for(Flat)
def drivers_panel(request: HttpRequest, flat: Flat) -> Panel | None:
    drivers = Driver.objects.filter(flat=flat, retired_at=None)[:SHOWN_DRIVERS]
    rows = [[Cell(driver.name, page_of(driver)), driver.unit] for driver in drivers]
    more = Cell(gettext("All drivers"), list_of(Driver, flat__id__exact=flat.pk))
    return table(
        gettext("Drivers"),
        [gettext("Name"), gettext("Unit")],
        rows,
        more=more,
        empty=gettext("Nobody yet. Choose it on a driver's page."),
    )
