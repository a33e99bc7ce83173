"""The units of OpenADR 3 in which a connection can be limited."""

from dataclasses import dataclass

from evbalancer.common.units import MILLI, PhaseMilliamps, va_to_ma

# Watts count as volt-amperes: what a limit in power leaves is spent on cars, whose power factor is close to 1.
POWER_VA = {"W": 1, "KW": 1_000, "MW": 1_000_000, "VA": 1, "KVA": 1_000, "MVA": 1_000_000}
CURRENT = ("A", "AMPS", "AMP")
SHARE = ("PERCENT", "%")
FULL_PCT = 100
# The specification names no default. Kilowatts are what its examples and the known nodes mean.
USUAL = "KW"


class UnknownUnit(ValueError):  # noqa: N818 (named for what it is)
    """Not a unit of power or current."""


@dataclass(frozen=True, slots=True)
class Amount:
    """One of them is set: power of all phases together, current of each phase, or a share of the permanent limit."""

    power_va: int | None = None
    current_ma: int | None = None
    share: float | None = None

    def limit_ma(self, permanent: PhaseMilliamps, *, voltage_v: int) -> PhaseMilliamps:
        """The limit of each phase, never above the permanent one."""
        if self.share is not None:
            return PhaseMilliamps(*(int(phase_ma * self.share) for phase_ma in permanent))
        each_ma = self.current_ma
        if each_ma is None:
            each_ma = va_to_ma(self.power_va or 0, voltage_v=voltage_v)
        return PhaseMilliamps(*(min(each_ma, phase_ma) for phase_ma in permanent))


def amount_of(value: float, unit: str | None) -> Amount:
    """Below 0 is nothing. Raises UnknownUnit for energy, prices and the like: guessing could leave no limit at all."""
    name = (unit or USUAL).strip().upper()
    if name in POWER_VA:
        return Amount(power_va=max(0, int(value * POWER_VA[name])))
    if name in CURRENT:
        return Amount(current_ma=max(0, int(value * MILLI)))
    if name in SHARE and value <= FULL_PCT:
        # By the specification 1 is all of it; what is above can only be meant in hundredths.
        return Amount(share=max(0.0, value if value <= 1 else value / FULL_PCT))
    raise UnknownUnit(f"{value:g} {name[:20]} is no limit of power or current")
