"""Mandates: checked when they are entered, encrypted at rest, one in force for each driver."""

from datetime import date, timedelta

import pytest
from django.db import connection

from evbalancer.common.errors import InvalidInput, StateMoved
from evbalancer.common.security.encryption import decrypt
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from pricing.domain.payments.mandates import forget_mandates, revoke_mandate, sign_mandate
from pricing.models import Mandate

IBAN = "DE89370400440532013000"


def sign(driver, now, **changes):
    told = {"holder": "Ada", "iban": "de89 3704 0044 0532 0130 00", "signed_on": date(2026, 11, 1)} | changes
    return sign_mandate(driver, **told, actor=SYSTEM, now=now)


def test_account_number_is_encrypted_and_stands_in_no_trail(driver, now):
    mandate = sign(driver, now)
    assert decrypt(mandate.iban_encrypted) == IBAN
    assert (mandate.iban_end, mandate.reference[:4]) == ("DE… 3000", "EVB-")
    with connection.cursor() as cursor:
        cursor.execute("SELECT iban_encrypted, iban_end, holder FROM pricing_mandate")
        assert IBAN not in str(cursor.fetchall())
    assert IBAN not in str([(each.before, each.after) for each in AuditEntry.objects.all()])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"iban": "DE89370400440532013001"}, "iban"),
        ({"iban": ""}, "iban"),
        ({"iban": "5500 0000 0000 0004"}, "iban"),
        ({"bic": "x"}, "bic"),
        ({"signed_on": date(2027, 1, 1)}, "signed_on"),
        ({"holder": "  "}, "holder"),
        ({"reference": "x" * 36}, "reference"),
    ],
)
def test_mandate_that_can_not_be_right_is_refused_by_its_field(driver, now, changes, field):
    with pytest.raises(InvalidInput) as refusal:
        sign(driver, now, **changes)
    assert refusal.value.field == field
    assert not Mandate.objects.exists()


def test_one_mandate_is_in_force_at_a_time(driver, now):
    mandate = sign(driver, now)
    with pytest.raises(InvalidInput, match="mandate in force"):
        sign(driver, now)
    revoke_mandate(mandate, actor=SYSTEM, now=now)
    with pytest.raises(StateMoved):
        revoke_mandate(mandate, actor=SYSTEM, now=now + timedelta(hours=1))
    sign(driver, now)


def test_end_of_an_account_leaves_no_account_number(driver, now):
    sign(driver, now)
    forget_mandates(driver, now=now)
    mandate = Mandate.objects.get()
    assert (mandate.holder, mandate.iban_encrypted, mandate.iban_end, mandate.revoked_at) == ("", "", "", now)
