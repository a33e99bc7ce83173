from evbalancer.common.admin.forms import TenantForm
from evbalancer.common.admin.policy import VIEW
from grid.admin.audited import AuditedAdmin


class LedgerAdmin(AuditedAdmin):
    """State, ledgers and logs: looked at by managers and operators, edited by nobody."""

    form: type[TenantForm] = TenantForm
    operator_may = VIEW
    manager_may = VIEW
    # Counting millions of rows would cost more than showing a page of them.
    show_full_result_count = False
