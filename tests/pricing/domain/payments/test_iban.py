import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from pricing.domain.payments.iban import check_bic, check_iban, mask_iban, plain_iban
from tests.examples import examples

GOOD = [
    "DE02120300000000202051",
    "de89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "NL91ABNA0417164300",
]


@pytest.mark.parametrize("iban", GOOD)
def test_iban_of_a_bank_is_taken(iban):
    check_iban(iban)


@pytest.mark.parametrize(
    "iban", ["", "DE", "DE02120300000000202052", "DE0212030000000020205", "XX00", "DE02\u0661"]
)
def test_iban_that_no_bank_gave_is_refused(iban):
    with pytest.raises(ValidationError):
        check_iban(iban)


@pytest.mark.property
@examples(100)
@given(st.integers(4, 21), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(at, by):
    iban = GOOD[0]
    wrong = f"{iban[:at]}{(int(iban[at]) + by) % 10}{iban[at + 1 :]}"
    with pytest.raises(ValidationError):
        check_iban(wrong)


def test_bic_has_eight_or_eleven_characters():
    for good in ("BYLADEM1001", "COBADEFF"):
        check_bic(good)
    for bad in ("", "COBADEF", "COBADEFF1", "C0BADEFF"):
        with pytest.raises(ValidationError):
            check_bic(bad)


def test_masked_account_shows_its_end():
    assert mask_iban(plain_iban("de89 3704 0044 0532 0130 00")) == "DE… 3000"
