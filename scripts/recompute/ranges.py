"""Figures that random draws decide, as ranges.

Random draws differ from ranklab's. A figure that rests on them is a `Range`: what other draws may give within five standard
errors of either side's draws.
"""

from dataclasses import dataclass

import numpy as np

# Draws of this program; ranklab's are 2,000 or fewer for areas, and 999 to 9,999 for patients that were not seen.
DRAWS = 8000
# Standard errors of the draws within which two simulations agree.
STANDARD_ERRORS = 5.0


@dataclass(frozen=True)
class Range:
    """A figure that random draws decide: from low to high."""

    low: float
    high: float


def range_of(value):
    return value if isinstance(value, Range) else Range(value, value)


def larger(one, other):
    one, other = range_of(one), range_of(other)
    return Range(max(one.low, other.low), max(one.high, other.high))


def smaller(one, other):
    one, other = range_of(one), range_of(other)
    return Range(min(one.low, other.low), min(one.high, other.high))


def scaled(value, factor):
    return Range(value.low * factor, value.high * factor) if isinstance(value, Range) else value * factor


def quantile_range(draws, share, others):
    """The quantile of sorted draws where `others` draws of ranklab have it."""
    half = STANDARD_ERRORS * (share * (1 - share) * (1 / len(draws) + 1 / others)) ** 0.5
    low, high = np.clip([share - half, share + half], 0, 1)
    return Range(float(np.quantile(draws, low)), float(np.quantile(draws, high)))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def sample_sd(values):
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
