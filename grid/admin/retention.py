from django.contrib import admin

from evbalancer.common.admin.policy import NOBODY
from grid.admin.ledger import LedgerAdmin
from grid.models import RetentionMark


@admin.register(RetentionMark)
class RetentionMarkAdmin(LedgerAdmin):
    """How far each ledger is cleared of what is over its time. Operators look at it; nobody edits it."""

    manager_may = NOBODY
    list_display = ("ledger", "finished_at", "removed", "kept")
    fields = ("ledger", ("began_at", "finished_at"), ("removed", "kept"))
    export_fields = ("ledger", "began_at", "finished_at", "removed", "kept")
