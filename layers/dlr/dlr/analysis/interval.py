"""How far a rate of few messages can be trusted."""

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

Z = NormalDist().inv_cdf(0.975)
"""Of 95 per cent."""


class Share(NamedTuple):
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        """0 to 1. Raises ZeroDivisionError of nothing."""
        return self.part / self.whole


def wilson(share: Share) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson 1927), without correction for continuity.

    All of [0, 1] where nothing was counted.
    """
    part, n = share
    if n == 0:
        return 0.0, 1.0
    square = Z * Z
    middle = (part + square / 2) / (n + square)
    half = Z / (n + square) * sqrt(part * (n - part) / n + square / 4)
    low = 0.0 if part == 0 else middle - half
    high = 1.0 if part == n else middle + half
    return low, high


def differ(one: Share, other: Share) -> bool:
    """Whether two rates differ at 95 %: Newcombe's interval of the difference leaves out zero.

    Newcombe 1998, method 10, which is made of the two Wilson intervals.
    """
    if not one.whole or not other.whole:
        return False
    better, worse = sorted((one, other), key=lambda share: share.rate, reverse=True)
    least = sqrt((better.rate - wilson(better)[0]) ** 2 + (wilson(worse)[1] - worse.rate) ** 2)
    return better.rate - worse.rate > least
