"""SEPA mandates: who may be debited. Their IBANs are encrypted, and leave only in the file for the bank."""

from datetime import date, datetime
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from drivers.models import Driver
from evbalancer.common.errors import InvalidInput, StateMoved, check_row
from evbalancer.common.security import encryption
from grid.domain import audit
from pricing.domain.payments.iban import check_bic, check_iban, mask_iban, plain_iban
from pricing.models import Mandate


@transaction.atomic
def sign_mandate(
    driver: Driver,
    *,
    holder: str,
    iban: str,
    signed_on: date,
    actor: audit.Actor,
    now: datetime,
    bic: str = "",
    reference: str = "",
) -> Mandate:
    """Keep a mandate that the driver signed. Raises InvalidInput: a wrong IBAN or BIC, a day to come, one in force already."""
    iban, bic = plain_iban(iban), bic.strip().upper()
    for field, check, value in (("iban", check_iban, iban), ("bic", check_bic, bic)):
        try:
            if value or field == "iban":
                check(value)
        except ValidationError as error:
            raise InvalidInput(field, " ".join(error.messages)) from error
    if signed_on > now.date():
        raise InvalidInput("signed_on", gettext("A mandate is signed before it is entered."))
    mandate = Mandate(
        community_id=driver.community_id,
        driver=driver,
        reference=reference.strip() or f"EVB-{uuid4().hex[:16].upper()}",
        holder=holder.strip(),
        iban_encrypted=encryption.encrypt(iban),
        iban_end=mask_iban(iban),
        bic=bic,
        signed_on=signed_on,
        created_at=now,
    )
    check_row(mandate)
    mandate.save()
    audit.record_entry(
        actor=actor, action="mandate.signed", target=mandate, now=now, after={"account": mandate.iban_end}
    )
    return mandate


@transaction.atomic
def revoke_mandate(mandate: Mandate, *, actor: audit.Actor, now: datetime) -> None:
    """Raises StateMoved where it was revoked before. A file that was made stands."""
    if not Mandate.objects.filter(pk=mandate.pk, revoked_at=None).update(revoked_at=now):
        raise StateMoved(gettext("It was revoked before."))
    mandate.refresh_from_db()
    audit.record_entry(actor=actor, action="mandate.revoked", target=mandate, now=now)


def forget_mandates(driver: Driver, *, now: datetime) -> None:
    """At the end of a driver's account: no account number stays. In the caller's transaction."""
    Mandate.objects.filter(driver=driver, revoked_at=None).update(revoked_at=now)
    Mandate.objects.filter(driver=driver).update(holder="", iban_encrypted="", iban_end="")
