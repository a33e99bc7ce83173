"""Shares in whole cents that add up to the whole: by the largest remainders (Hamilton's method)."""

from collections.abc import Sequence
from fractions import Fraction


def apportion(whole: int, weights: Sequence[Fraction | int]) -> list[int]:
    """`whole` in proportion to the weights; each share is off by less than one, and their sum by nothing.

    What rounding down leaves goes to the largest remainders, of equal ones to the first. Weights are not below zero. Without
    any weight the first share is all of it; without any share there is nothing to give, and `whole` has to be 0.
    """
    if not weights:
        if whole:
            raise ValueError("There is nobody to share it")
        return []
    total = sum(weights, Fraction(0))
    if not total:
        return [whole] + [0] * (len(weights) - 1)
    sign = -1 if whole < 0 else 1
    exact = [abs(whole) * Fraction(weight) / total for weight in weights]
    shares = [int(share) for share in exact]
    ranked = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in ranked[: abs(whole) - sum(shares)]:
        shares[index] += 1
    return [sign * share for share in shares]
