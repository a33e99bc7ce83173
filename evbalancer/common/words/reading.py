"""What people write into cells and forms, read as the units of the house."""

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext

from evbalancer.common.units import PHASES, PhaseMilliamps


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


def read_phases(text: str, phases: tuple[int, ...] = PHASES) -> PhaseMilliamps:
    """One number counts on each of `phases`; three, parted by a slash, are those of L1, L2 and L3. Raises ValueError."""
    parts = [read_amperes(part) for part in text.split("/")]
    if len(parts) == 1:
        return PhaseMilliamps.on(phases, parts[0])
    if len(parts) != len(PHASES):
        raise ValueError(gettext("Enter one number, or three for L1, L2 and L3: 63 / 63 / 40."))
    return PhaseMilliamps(*parts)


def write_phases(current_ma: PhaseMilliamps, phases: tuple[int, ...] = PHASES) -> str:
    """As `read_phases` reads it."""
    if current_ma == PhaseMilliamps.on(phases, current_ma.l1):
        return _plain(current_ma.l1)
    return " / ".join(_plain(each) for each in current_ma)


def _plain(current_ma: int) -> str:
    return f"{Decimal(current_ma) / 1_000:f}"
