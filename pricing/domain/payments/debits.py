"""Direct debits: a file (pain.008) that the community's bank takes, and what came back."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext
from sepaxml import SepaDD  # type: ignore[import-untyped]

from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from evbalancer.common.security import encryption
from grid.domain import audit
from grid.models import Community
from pricing.domain.payments.receipts import enter_payment, open_items
from pricing.domain.statements.issuing import lock_billing
from pricing.enums import PaymentKind
from pricing.models import BillingDetails, Debit, DebitRun, Mandate, Statement

# What German and Dutch banks take since November 2025; the one before asks for the BIC of each bank.
SCHEMA: Final = "pain.008.001.08"
# Banks ask for the file a day before.
EARLIEST: Final = timedelta(days=1)


@transaction.atomic
def collect_open(community: Community, *, collect_on: date, actor: audit.Actor, now: datetime) -> DebitRun:
    """Put every open statement of a driver with a mandate into one run. Raises InvalidInput, NotFound where there is none.

    A statement counts as paid from then on, until the bank returns it.
    """
    details = lock_billing(community)
    if not (details.iban and details.creditor_id):
        raise InvalidInput("community", gettext("Enter the community's IBAN and creditor identifier first."))
    if collect_on < now.date() + EARLIEST:
        raise InvalidInput("collect_on", gettext("A day from tomorrow on: banks need the file before."))
    mandates = {row.driver_id: row for row in Mandate.objects.filter(community=community, revoked_at=None)}
    rows = Statement.objects.filter(community=community, currency="EUR", driver__in=mandates)
    due = [row for row in open_items(rows).select_related("community") if row.open_minor > 0]
    if not due:
        raise NotFound(gettext("No open statement has a mandate."))
    run = DebitRun.objects.create(
        community=community, message=f"EVB-{uuid4().hex[:24]}", collect_on=collect_on, created_at=now
    )
    for statement in due:
        _add(run, statement, mandates[statement.driver_id], actor=actor, now=now)
    audit.record_entry(actor=actor, action="debits.collected", target=run, now=now, after={"count": len(due)})
    return run


def write_debit_file(run: DebitRun) -> bytes:
    """For the bank. Here alone the accounts are decrypted; the file is never kept. Raises KeyMissing, InvalidInput."""
    details = BillingDetails.objects.get(community=run.community)
    file = SepaDD(
        {
            "name": details.account_holder or details.name or run.community.name,
            "IBAN": details.iban,
            **({"BIC": details.bic} if details.bic else {}),
            "batch": True,
            "creditor_id": details.creditor_id,
            "currency": "EUR",
            "instrument": "CORE",
        },
        schema=SCHEMA,
        clean=True,
    )
    file.msg_id = run.message
    for debit in run.debits.select_related("mandate", "statement"):
        mandate = debit.mandate
        if not mandate.iban_encrypted:
            raise InvalidInput(
                "run", gettext("The account of %(reference)s was erased.") % {"reference": mandate.reference}
            )
        file.add_payment(
            {
                "name": mandate.holder,
                "IBAN": encryption.decrypt(mandate.iban_encrypted),
                **({"BIC": mandate.bic} if mandate.bic else {}),
                "amount": debit.amount_minor,
                "type": "FRST" if debit.is_first else "RCUR",
                "collection_date": run.collect_on,
                "mandate_id": mandate.reference,
                "mandate_date": mandate.signed_on,
                "description": debit.statement.label,
                "endtoend_id": debit.pk.hex[:35],
            }
        )
    return bytes(file.export(validate=True))


@transaction.atomic
def return_debit(debit: Debit, *, actor: audit.Actor, now: datetime) -> None:
    """The bank gave it back: the statement is open again. Raises StateMoved where it was returned before."""
    if not Debit.objects.filter(pk=debit.pk, returned_at=None).update(returned_at=now):
        raise StateMoved(gettext("It was returned before."))
    debit.refresh_from_db()
    enter_payment(
        debit.statement,
        amount_minor=-debit.amount_minor,
        way=PaymentKind.DEBIT,
        paid_on=now.date(),
        note=str(debit.run),
        actor=actor,
        now=now,
    )


def _add(run: DebitRun, statement: Any, mandate: Mandate, *, actor: audit.Actor, now: datetime) -> None:
    amount_minor = int(statement.open_minor)
    is_first = mandate.used_at is None
    if is_first:
        mandate.used_at = now
        mandate.save(update_fields=["used_at"])
    Debit.objects.create(
        community_id=run.community_id,
        run=run,
        statement=statement,
        mandate=mandate,
        amount_minor=amount_minor,
        is_first=is_first,
    )
    enter_payment(
        statement,
        amount_minor=amount_minor,
        way=PaymentKind.DEBIT,
        paid_on=run.collect_on,
        note=str(run),
        actor=actor,
        now=now,
    )
