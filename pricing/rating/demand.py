"""A connection's charge for its highest quarter of an hour, shared over those who charged: to the cent, without anything left."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from pricing.rating.apportion import apportion
from pricing.rating.priced import round_half_up

W_PER_KW = 1_000
Who = TypeVar("Who")


@dataclass(frozen=True, slots=True)
class Shares(Generic[Who]):
    """`charge_minor` is `kept_minor` (of the building) and the sum of `of_each`; `cars_minor` is that sum."""

    charge_minor: int
    kept_minor: int
    of_each: Mapping[Who, int]

    @property
    def cars_minor(self) -> int:
        return sum(self.of_each.values())


def demand_charge_minor(peak_w: int, *, per_kw_minor: int) -> int:
    """What the highest mean power of a month costs. Half a cent is rounded up."""
    return int(round_half_up(Fraction(peak_w * per_kw_minor, W_PER_KW), 0))


def share_by_power(peak_w: int, powers_w: Mapping[Who, int], *, per_kw_minor: int) -> Shares[Who]:
    """Each pays for the mean power that it had in the highest quarter, and the building for the rest of it.

    Where the cars' own meters say more than the connection's, they share all of the charge.
    """
    charge_minor = demand_charge_minor(peak_w, per_kw_minor=per_kw_minor)
    rest_w = max(0, peak_w - sum(powers_w.values()))
    kept_minor, *shares = apportion(charge_minor, [rest_w, *powers_w.values()])
    return Shares(charge_minor, kept_minor, dict(zip(powers_w, shares, strict=True)))


def share_by_energy(
    peak_w: int, cars_w: int, energies_wh: Mapping[Who, int], *, per_kw_minor: int
) -> Shares[Who]:
    """The cars' part of the charge, by all that each charged in the month; the building pays for the rest."""
    charge_minor = demand_charge_minor(peak_w, per_kw_minor=per_kw_minor)
    within_w = min(cars_w, peak_w) if sum(energies_wh.values()) else 0
    kept_minor, cars_minor = apportion(charge_minor, [peak_w - within_w, within_w])
    shares = apportion(cars_minor, [*energies_wh.values()])
    return Shares(charge_minor, kept_minor, dict(zip(energies_wh, shares, strict=True)))
