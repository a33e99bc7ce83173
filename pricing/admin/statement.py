"""A month's statements: drafted, looked at, issued; and what corrects them."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.common.admin.base import EXPORTS
from evbalancer.common.admin.filters import WordedFilter
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.theme import ModelChoiceField, action, display
from evbalancer.common.admin.wording import NOTHING, money
from evbalancer.common.clocks import clock
from evbalancer.common.words.amounts import kwh
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from grid.models import Community
from pricing.admin.forms import OfCommunitiesForm, choices_of, to_minor
from pricing.domain.payments.receipts import enter_payment, open_minor, with_open
from pricing.domain.statements import credits as notes
from pricing.domain.statements.months import draft_month, issue_month, month_totals, review_month
from pricing.enums import PaymentKind, StatementKind, StatementState
from pricing.models import BillingMonth, Statement, StatementItem

SHOWN_ITEMS = 40
FORMS = ("pdf", "xlsx", "csv")


class DraftForm(OfCommunitiesForm):
    community = ModelChoiceField(Community.objects.none(), empty_label=None)
    month = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}), help_text="Any day of the month that is billed."
    )


class CreditForm(ActForm):
    amount = forms.DecimalField(
        min_value=0, decimal_places=2, max_digits=12, help_text="In the statement's currency."
    )
    reason = forms.CharField(**notes.REASON.options, help_text="It stands on the credit note.")


class PaidForm(ActForm):
    amount = forms.DecimalField(decimal_places=2, max_digits=12, help_text="Below zero takes a payment back.")
    paid_on = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(max_length=140, required=False)


class OpenFilter(WordedFilter):
    """The list of open items, and of those that are overdue."""

    title = "paid"
    parameter_name = "paid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("overdue", "Overdue"), ("paid", "Settled")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "open":
                return with_open(queryset).exclude(open_minor=0)
            case "overdue":
                return with_open(queryset).filter(open_minor__gt=0, due_on__lt=timezone.localdate())
            case "paid":
                return with_open(queryset).filter(open_minor=0)
        return queryset


class CancelForm(ActForm):
    reason = forms.CharField(**notes.REASON.options, help_text="It stands on the credit note.")


@admin.register(BillingMonth)
class BillingMonthAdmin(LedgerAdmin):
    list_display = ("month", "state", "counted", "sums")
    list_select_related = ("community",)
    fields = (("first_day", "drafted_at"), ("reviewed_at", "issued_at"))
    actions_list = ("draft", *EXPORTS)
    actions_detail = ("draft_again", "review", "issue")

    @display(description="Month", ordering="first_day")
    def month(self, row: BillingMonth) -> str:
        return f"{row.first_day:%B %Y}"

    @display(description="State", label={"issued": "success", "to review": "warning", "to issue": "warning"})
    def state(self, row: BillingMonth) -> str:
        states = {total["state"] for total in month_totals(row)}
        if StatementState.DRAFT in states:
            return "to review"
        if StatementState.REVIEWED in states:
            return "to issue"
        return "issued" if states else "empty"

    @display(description="Statements")
    def counted(self, row: BillingMonth) -> str:
        return str(row.statements.count())

    @display(description="Sum")
    def sums(self, row: BillingMonth) -> str:
        return ", ".join(f"{money(each['total_minor'])} {each['currency']}" for each in _sums(row)) or NOTHING

    @action(description="Draft a month", url_path="draft", icon="edit_note", permissions=["view"])
    def draft(self, request: HttpRequest) -> HttpResponse:
        last_month = timezone.localdate().replace(day=1) - timedelta(days=1)
        return act_page(
            self,
            request,
            row=None,
            title=gettext("Draft a month"),
            intro=gettext(
                "Every cost of the month that is on no statement yet goes onto one, with late corrections of months before."
            ),
            submit=gettext("Draft it"),
            form_class=DraftForm,
            form_options={
                "choices": {"community": choices_of(request, Community)},
                "initial": {"month": last_month},
            },
            run=lambda data: self._draft(request, data["community"], data["month"]),
        )

    @action(description="Draft again", url_path="draft-again", icon="refresh", permissions=["act"])
    def draft_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, BillingMonth)
        return act_page(
            self,
            request,
            row=row,
            title=gettext("Draft %(row)s again") % {"row": row},
            intro=gettext("Drafts are thrown away and made from what is known now. What was issued stays."),
            form_class=ActForm,
            run=lambda _: self._draft(request, row.community, row.first_day),
        )

    @action(description="Mark as reviewed", url_path="review", icon="fact_check", permissions=["act"])
    def review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, BillingMonth)

        def run(_: dict[str, Any]) -> str:
            review_month(row, actor=actor_of(request), now=timezone.now())
            return gettext("%(row)s is reviewed and can be issued.") % {"row": row}

        return act_page(
            self,
            request,
            row=row,
            title=gettext("%(row)s is reviewed") % {"row": row},
            intro=_told(row),
            form_class=ActForm,
            run=run,
        )

    @action(description="Issue all", url_path="issue", icon="send", permissions=["act"])
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, BillingMonth)

        def run(_: dict[str, Any]) -> str:
            issued = issue_month(row, actor=actor_of(request), now=timezone.now())
            return gettext("%(count)s statements are issued.") % {"count": len(issued)}

        return act_page(
            self,
            request,
            row=row,
            title=gettext("Issue the statements of %(row)s") % {"row": row},
            intro=gettext(
                "%(row)s Issued statements get their numbers and never change: only credit notes correct them."
            )
            % {"row": _told(row)},
            form_class=ActForm,
            dangerous=True,
            run=run,
        )

    def _draft(self, request: HttpRequest, community: Community, month: date) -> str:
        row = draft_month(community, month=month, actor=actor_of(request), now=timezone.now())
        return f"{row}: {_told(row)}"


@admin.register(Statement)
class StatementAdmin(LedgerAdmin):
    """Issued ones never change: a credit note corrects them."""

    list_display = ("__str__", "recipient", "kind", "state", "month", "energy_wh", "sum")
    list_filter = (OpenFilter, "state", "kind", "currency")
    search_fields = ("label", "driver__name", "flat__name")
    list_select_related = ("driver", "flat", "month", "community")
    link_lookups = ("month", "driver", "flat", "corrects")
    fields = (
        ("label", "kind", "state"),
        ("driver", "flat", "month"),
        ("corrects", "reason"),
        ("energy_wh", "sum"),
        ("issued_at", "due_on"),
    )
    readonly_fields = ("sum",)
    export_fields = (
        "label", "kind", "state", "month", "driver", "flat", "energy_wh", "total_minor", "currency", "issued_at",
        "due_on", "corrects",
    )  # fmt: skip
    actions_detail: Any = ("paid", "credit", "cancel")

    @display(description="Recipient")
    def recipient(self, statement: Statement) -> str:
        return str(statement.flat or statement.driver or gettext("Nobody known"))

    @display(description="Sum", ordering="total_minor")
    def sum(self, statement: Statement) -> str:
        return f"{money(statement.total_minor)} {statement.currency}"

    @action(description="Mark as paid", url_path="paid", icon="paid", permissions=["act"])
    def paid(self, request: HttpRequest, object_id: str) -> HttpResponse:
        statement = self.find_row(request, object_id, Statement)
        owed_minor = open_minor(statement)

        def run(data: dict[str, Any]) -> str:
            enter_payment(
                statement,
                amount_minor=to_minor(data["amount"]),
                way=PaymentKind.ACCOUNT,
                paid_on=data["paid_on"],
                note=data["note"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return gettext("%(statement)s %(currency)s is open.") % {
                "statement": money(open_minor(statement)),
                "currency": statement.currency,
            }

        return act_page(
            self,
            request,
            row=statement,
            title=gettext("Payment of %(statement)s") % {"statement": statement},
            intro=gettext("%(owed)s %(currency)s is open.")
            % {"owed": money(owed_minor), "currency": statement.currency},
            form_class=PaidForm,
            form_options={"initial": {"amount": owed_minor / 100, "paid_on": timezone.localdate()}},
            run=run,
        )

    @action(description="Credit an amount", url_path="credit", icon="undo", permissions=["act"])
    def credit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        statement = self.find_row(request, object_id, Statement)

        def run(data: dict[str, Any]) -> str:
            note = notes.credit_amount(
                statement,
                amount_minor=to_minor(data["amount"]),
                reason=data["reason"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return gettext("Credit note %(note)s is issued.") % {"note": note}

        return act_page(
            self,
            request,
            row=statement,
            title=gettext("Credit a part of %(statement)s") % {"statement": statement},
            intro=gettext("Of %(total)s %(currency)s, %(statement)s were credited before.")
            % {
                "total": money(statement.total_minor),
                "currency": statement.currency,
                "statement": money(notes.credited_minor(statement)),
            },
            form_class=CreditForm,
            run=run,
        )

    @action(description="Cancel", url_path="cancel", icon="cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        statement = self.find_row(request, object_id, Statement)

        def run(data: dict[str, Any]) -> str:
            note = notes.cancel_statement(
                statement, reason=data["reason"], actor=actor_of(request), now=timezone.now()
            )
            return gettext(
                "Credit note %(note)s takes all of it back. Its costs wait for a statement again."
            ) % {"note": note}

        return act_page(
            self,
            request,
            row=statement,
            title=gettext("Cancel %(statement)s") % {"statement": statement},
            intro=gettext(
                "A credit note takes all of it back. The next draft puts its costs onto a statement again."
            ),
            form_class=CancelForm,
            dangerous=True,
            run=run,
        )


@admin.register(StatementItem)
class StatementItemAdmin(LedgerAdmin):
    list_display = ("statement", "bill_line", "energy_wh", "amount_minor", "tax_bp")
    list_select_related = ("statement", "bill_line", "community")
    link_lookups = ("statement",)
    fields = ("statement", "bill_line", "reverses", "energy_wh", "amount_minor", "tax_bp")


@panel_for(BillingMonth)
def totals_panel(request: HttpRequest, row: BillingMonth) -> Panel | None:
    rows = [
        [
            Cell(str(StatementState(each["state"]).label), list_of(Statement, month__id__exact=row.pk, state__exact=each["state"])),
            str(each["count"]),
            kwh(each["energy_wh"]),
            f"{money(each['total_minor'])} {each['currency']}",
        ]
        for each in month_totals(row)
    ]  # fmt: skip
    more = Cell(gettext("All statements of the month"), list_of(Statement, month__id__exact=row.pk))
    return table(
        gettext("Totals"),
        [gettext("State"), gettext("Statements"), gettext("Energy"), gettext("Sum")],
        rows,
        more=more,
        empty=gettext("No statement."),
    )


@panel_for(Statement)
def items_panel(request: HttpRequest, statement: Statement) -> Panel | None:
    items = statement.items.select_related("bill_line__session__connector__charge_point", "bill_line__driver")
    rows = []
    for item in items[:SHOWN_ITEMS]:
        line = item.bill_line
        when = clock.worded(line.ended_at, "d M H:i") if line is not None else NOTHING
        rows.append(
            [
                Cell(when, page_of(line) if line is not None else ""),
                line.place if line is not None else NOTHING,
                line.get_kind_display() if line is not None else StatementKind.CREDIT.label,
                kwh(item.energy_wh),
                money(item.amount_minor),
            ]
        )
    more = Cell(gettext("All items"), list_of(StatementItem, statement__id__exact=statement.pk))
    return table(
        gettext("Items"),
        [gettext("Ended"), gettext("Where"), gettext("What"), gettext("Energy"), gettext("Amount")],
        rows,
        more=more,
    )


@panel_for(BillingMonth, rank=12)
def flats_panel(request: HttpRequest, row: BillingMonth) -> Panel | None:
    link = Cell(gettext("Workbook"), reverse("landlord-sheets", args=[row.pk]))
    return table(
        gettext("For the landlord"),
        [gettext("Sum of each flat, and the meters at both ends of the month")],
        [[link]],
    )


@panel_for(Statement, rank=5)
def files_panel(request: HttpRequest, statement: Statement) -> Panel | None:
    links = [Cell(form.upper(), reverse(f"statement-{form}", args=[statement.pk])) for form in FORMS]
    return table(gettext("Files"), ["", "", ""], [links])


def _sums(row: BillingMonth) -> list[dict[str, Any]]:
    sums: dict[str, int] = {}
    for each in month_totals(row):
        currency = str(each["currency"])
        sums[currency] = sums.get(currency, 0) + each["total_minor"]
    return [{"currency": currency, "total_minor": total} for currency, total in sums.items()]


def _told(row: BillingMonth) -> str:
    """What is about to be done, in figures."""
    told = [
        gettext("%(each)s %(lower)s over %(each2)s and %(each3)s %(each4)s")
        % {
            "each": each["count"],
            "lower": str(StatementState(each["state"]).label).lower(),
            "each2": kwh(each["energy_wh"]),
            "each3": money(each["total_minor"]),
            "each4": each["currency"],
        }
        for each in month_totals(row)
    ]
    return f"{'; '.join(told)}." if told else gettext("No cost waits for a statement.")
