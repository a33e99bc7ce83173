"""Models of other packages: periodic tasks for operators, the rest for nobody."""

from typing import Any

import django_celery_beat.admin  # noqa: F401  # registers what is taken back below
from django.contrib import admin
from django.contrib.auth.models import Group
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from evbalancer.common.admin.policy import EDIT, NOBODY
from evbalancer.common.admin.theme import display
from evbalancer.common.admin.wording import ago
from grid.admin.audited import AuditedAdmin

# Rights come from memberships, and a token's row is of no use to people.
HIDDEN = (Group, OutstandingToken, BlacklistedToken, SolarSchedule, ClockedSchedule)
for model in (*HIDDEN, PeriodicTask, IntervalSchedule, CrontabSchedule):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(AuditedAdmin):
    """When the periodic jobs run, and whether. The code says what they do."""

    manager_may = NOBODY
    operator_may = frozenset({"view", "change"})
    list_display = ("name", "state", "rhythm", "last_run", "total_run_count")
    list_filter = ("enabled",)
    search_fields = ("name", "task")
    list_select_related = ("interval", "crontab")
    readonly_fields = ("name", "task", "last_run_at", "total_run_count", "date_changed")
    fieldsets = (
        (None, {"fields": (("name", "task"), "enabled", "description")}),
        ("When", {"fields": (("interval", "crontab"), ("last_run_at", "total_run_count"))}),
    )

    @display(description="State", ordering="enabled", label={"on": "success", "off": "danger"})
    def state(self, task: PeriodicTask) -> str:
        return "on" if task.enabled else "off"

    @display(description="Runs")
    def rhythm(self, task: PeriodicTask) -> str:
        return str(task.schedule)

    @display(description="Last run", ordering="last_run_at")
    def last_run(self, task: PeriodicTask) -> str:
        return ago(task.last_run_at)


class ScheduleAdmin(AuditedAdmin):
    manager_may = NOBODY
    operator_may = EDIT

    def get_list_display(self, request: Any) -> list[Any]:
        return ["__str__"]


admin.site.register(IntervalSchedule, ScheduleAdmin)
admin.site.register(CrontabSchedule, ScheduleAdmin)
