"""Payments of statements: what came in, who may be debited, prepaid wallets. Ledgers are looked at and never edited."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from drivers.models import Driver
from evbalancer.common.admin.base import EXPORTS
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.theme import ModelChoiceField, action, display
from evbalancer.common.admin.wording import money
from grid.admin.audited import actor_of
from grid.admin.ledger import LedgerAdmin
from grid.models import Community
from pricing.admin.forms import OfCommunitiesForm, choices_of, to_minor
from pricing.domain.payments.debits import collect_open, return_debit
from pricing.domain.payments.mandates import revoke_mandate, sign_mandate
from pricing.domain.payments.receipts import open_items
from pricing.domain.payments.reminders import remind_overdue
from pricing.domain.payments.wallets import balance_of, fill_wallet, open_wallet
from pricing.models import Debit, DebitRun, Mandate, Payment, Reminder, Statement, Wallet, WalletEntry

SHOWN = 40
ADD = frozenset({"view", "add"})


class MandateForm(OfCommunitiesForm):
    driver = ModelChoiceField(Driver.objects.none())
    holder = forms.CharField(max_length=70, help_text="Of the account.")
    iban = forms.CharField(max_length=42, label="IBAN")
    bic = forms.CharField(max_length=11, required=False, label="BIC")
    reference = forms.CharField(max_length=35, required=False, help_text="One is made if it is empty.")
    signed_on = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))


class CollectForm(OfCommunitiesForm):
    community = ModelChoiceField(Community.objects.none(), empty_label=None)
    collect_on = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))


class RemindForm(OfCommunitiesForm):
    community = ModelChoiceField(Community.objects.none(), empty_label=None)


class WalletForm(OfCommunitiesForm):
    driver = ModelChoiceField(Driver.objects.none())
    floor = forms.DecimalField(
        decimal_places=2, max_digits=10, initial=0, help_text="Below zero is credit: -20.00 lends 20.00."
    )


class FillForm(ActForm):
    amount = forms.DecimalField(decimal_places=2, max_digits=10, help_text="Below zero pays out.")
    note = forms.CharField(max_length=140, required=False)


@admin.register(Payment)
class PaymentAdmin(LedgerAdmin):
    list_display = ("paid_on", "statement", "way", "amount_minor", "note")
    list_filter = ("way",)
    search_fields = ("statement__label", "note")
    list_select_related = ("statement", "community")
    link_lookups = ("statement",)
    fields = ("statement", ("way", "amount_minor", "paid_on"), "note", "created_at")


@admin.register(Mandate)
class MandateAdmin(LedgerAdmin):
    manager_may = ADD
    operator_may = ADD
    list_display = ("reference", "driver", "iban_end", "signed_on", "revoked_at")
    search_fields = ("reference", "driver__name")
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fields = (("driver", "reference"), ("holder", "iban_end", "bic"), ("signed_on", "used_at", "revoked_at"))
    export_fields = ("reference", "driver", "iban_end", "signed_on", "revoked_at")
    actions_detail = ("revoke",)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str:
            mandate = sign_mandate(**data, actor=actor_of(request), now=timezone.now())
            return gettext("%(mandate)s is kept. The account number is encrypted.") % {"mandate": mandate}

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Enter a SEPA mandate"),
            intro=gettext(
                "The driver has signed it on paper or online; keep that. The account number is stored encrypted."
            ),
            submit=gettext("Enter it"),
            form_class=MandateForm,
            form_options={"choices": {"driver": choices_of(request, Driver)}},
            run=run,
        )

    @action(description="Revoke", url_path="revoke", icon="block", permissions=["act"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        mandate = self.find_row(request, object_id, Mandate)

        def run(_: dict[str, Any]) -> str:
            revoke_mandate(mandate, actor=actor_of(request), now=timezone.now())
            return gettext("Nothing is collected by it any more.")

        return act_page(
            self,
            request,
            row=mandate,
            title=gettext("Revoke %(mandate)s") % {"mandate": mandate},
            form_class=ActForm,
            dangerous=True,
            run=run,
        )


@admin.register(DebitRun)
class DebitRunAdmin(LedgerAdmin):
    list_display = ("created_at", "collect_on", "counted", "message")
    list_select_related = ("community",)
    fields = (("message", "collect_on", "created_at"),)
    actions_list = ("collect", *EXPORTS)

    @display(description="Debits")
    def counted(self, run: DebitRun) -> str:
        return str(run.debits.count())

    @action(description="Collect", url_path="collect", icon="account_balance", permissions=["view"])
    def collect(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> str:
            made = collect_open(**data, actor=actor_of(request), now=timezone.now())
            return gettext("%(count)s debits: download the file and hand it to your bank.") % {
                "count": made.debits.count()
            }

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Collect by direct debit"),
            intro=gettext(
                "Every open statement of a driver with a mandate is collected. It counts as paid until the bank returns it."
            ),
            submit=gettext("Make the file"),
            form_class=CollectForm,
            form_options={
                "choices": {"community": choices_of(request, Community)},
                "initial": {"collect_on": timezone.localdate() + timedelta(days=5)},
            },
            run=run,
        )


@admin.register(Debit)
class DebitAdmin(LedgerAdmin):
    list_display = ("statement", "mandate", "amount_minor", "run", "returned_at")
    list_select_related = ("statement", "mandate", "run", "community")
    link_lookups = ("run", "statement")
    fields = (("statement", "mandate"), ("amount_minor", "is_first"), ("run", "returned_at"))
    actions_detail = ("give_back",)

    @action(description="The bank returned it", url_path="return", icon="undo", permissions=["act"])
    def give_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        debit = self.find_row(request, object_id, Debit)

        def run(_: dict[str, Any]) -> str:
            return_debit(debit, actor=actor_of(request), now=timezone.now())
            return gettext("%(statement)s is open again.") % {"statement": debit.statement}

        return act_page(
            self,
            request,
            row=debit,
            title=gettext("The bank returned this debit"),
            form_class=ActForm,
            run=run,
        )


@admin.register(Wallet)
class WalletAdmin(LedgerAdmin):
    manager_may = ADD
    operator_may = ADD
    list_display = ("driver", "balance", "floor_minor", "currency")
    list_select_related = ("driver", "community")
    link_lookups = ("driver",)
    fields = (("driver", "currency"), ("balance", "floor_minor"))
    readonly_fields = ("balance",)
    actions_detail = ("fill",)

    @display(description="Balance")
    def balance(self, wallet: Wallet) -> str:
        return money(balance_of(wallet))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str:
            floor_minor = to_minor(data["floor"])
            wallet = open_wallet(
                data["driver"], floor_minor=floor_minor, actor=actor_of(request), now=timezone.now()
            )
            return gettext("%(wallet)s is open. Statements are taken from it.") % {"wallet": wallet}

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Open a wallet"),
            submit=gettext("Open it"),
            form_class=WalletForm,
            form_options={"choices": {"driver": choices_of(request, Driver)}},
            run=run,
        )

    @action(description="Pay in or out", url_path="fill", icon="savings", permissions=["act"])
    def fill(self, request: HttpRequest, object_id: str) -> HttpResponse:
        wallet = self.find_row(request, object_id, Wallet)

        def run(data: dict[str, Any]) -> str:
            entry = fill_wallet(
                wallet,
                amount_minor=to_minor(data["amount"]),
                note=data["note"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return gettext("The balance is %(balance)s %(currency)s.") % {
                "balance": money(entry.balance_minor),
                "currency": wallet.currency,
            }

        return act_page(
            self,
            request,
            row=wallet,
            title=gettext("%(wallet)s: pay in or out") % {"wallet": wallet},
            form_class=FillForm,
            run=run,
        )


@admin.register(WalletEntry)
class WalletEntryAdmin(LedgerAdmin):
    list_display = ("at", "wallet", "kind", "amount_minor", "balance_minor", "statement")
    list_select_related = ("wallet__driver", "statement", "community")
    link_lookups = ("wallet",)
    fields = (("wallet", "sequence", "kind"), ("amount_minor", "balance_minor"), ("statement", "note", "at"))


@admin.register(Reminder)
class ReminderAdmin(LedgerAdmin):
    list_display = ("sent_at", "statement", "level", "open_minor")
    list_select_related = ("statement", "community")
    link_lookups = ("statement",)
    fields = ("statement", ("level", "open_minor", "sent_at"))
    actions_list = ("remind", *EXPORTS)

    @action(description="Remind", url_path="remind", icon="notification_important", permissions=["view"])
    def remind(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> str:
            sent = remind_overdue(data["community"], actor=actor_of(request), now=timezone.now())
            return gettext("%(count)s reminders are sent.") % {"count": len(sent)}

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Remind of overdue statements"),
            intro=gettext(
                "Three times at most, a week apart: in the app, and by mail to those who like mail."
            ),
            submit=gettext("Remind"),
            form_class=RemindForm,
            form_options={"choices": {"community": choices_of(request, Community)}},
            run=run,
        )


@panel_for(DebitRun)
def debits_panel(request: HttpRequest, run: DebitRun) -> Panel | None:
    debits = run.debits.select_related("statement__driver", "mandate")[:SHOWN]
    rows = [
        [Cell(str(debit.statement), page_of(debit)), str(debit.statement.driver), money(debit.amount_minor)]
        for debit in debits
    ]
    file = Cell(gettext("Download the file for the bank (pain.008)"), reverse("debit-file", args=[run.pk]))
    return table(
        gettext("Debits"), [gettext("Statement"), gettext("Driver"), gettext("Amount")], rows, more=file
    )


@panel_for(Statement, rank=20)
def payments_panel(request: HttpRequest, statement: Statement) -> Panel | None:
    row = open_items(Statement.objects.filter(pk=statement.pk)).first()
    owed = money(row.open_minor) if row is not None else money(0)
    rows = [
        [f"{payment.paid_on:%F}", payment.get_way_display(), money(payment.amount_minor)]
        for payment in statement.payments.all()
    ]
    more = Cell(
        gettext("Open: %(owed)s %(currency)s") % {"owed": owed, "currency": statement.currency},
        list_of(Payment, statement__id__exact=statement.pk),
    )
    return table(
        gettext("Payments"),
        [gettext("Day"), gettext("Way"), gettext("Amount")],
        rows,
        more=more,
        empty=gettext("Nothing yet; open: %(owed)s.") % {"owed": owed},
    )
