"""What people write into cells and forms, read as the units of the house."""

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext


def read_amperes(text: object) -> int:
    """Milliamperes; the point may be a comma. Raises ValueError with a sentence."""
    refusal = gettext("%(text)r is not a current in amperes, for example 16 or 16.5.") % {
        "text": str(text)[:40]
    }
    try:
        current_ma = Decimal(str(text).strip().replace(",", ".")) * 1_000
    except InvalidOperation as error:
        raise ValueError(refusal) from error
    if not current_ma.is_finite() or current_ma < 0 or current_ma != current_ma.to_integral_value():
        raise ValueError(refusal)
    return int(current_ma)
