"""Areas under the ROC curve with their resamples, and tests of single runs."""

import numpy as np
from scipy import stats

from .ranges import DRAWS, mean, quantile_range


def wins(labels, probabilities):
    """For each positive × negative cell 1 where the positive one is above, ½ for a tie."""
    positive, negative = probabilities[labels == 1], probabilities[labels == 0]
    return (np.sign(positive[:, None] - negative[None, :]) + 1) / 2


def area(labels, probabilities):
    """Mann & Whitney (1947); None of one class only."""
    found = wins(labels, probabilities)
    return float(found.mean()) if found.size else None


def area_within(labels, probabilities, folds):
    """The area within each fold, averaged over folds."""
    if folds is None:
        return area(labels, probabilities)
    areas = [area(labels[folds == fold], probabilities[folds == fold]) for fold in sorted(set(folds))]
    return None if any(one is None for one in areas) else mean(areas)


class ResampledArea:
    """The area of a configuration's repeats, averaged, for any number of times that each unit is drawn."""

    def __init__(self, labels, repeats, folds_of_repeats, units):
        self.count = int(units.max()) + 1
        self.parts = []
        for probabilities, folds in zip(repeats, folds_of_repeats):
            masks = [np.ones(len(labels), bool)] if folds is None else [folds == fold for fold in sorted(set(folds))]
            for mask in masks:
                of_fold, own = labels[mask], units[mask]
                positive, negative = own[of_fold == 1], own[of_fold == 0]
                table = np.zeros((self.count, self.count))
                np.add.at(table, (positive[:, None], negative[None, :]), wins(of_fold, probabilities[mask]))
                classes = [np.bincount(side, minlength=self.count).astype(float) for side in (positive, negative)]
                self.parts.append((table, *classes, 1 / len(masks) / len(repeats)))

    def values(self, times):
        """One value per row of times; NaN where a class is missing."""
        total = np.zeros(len(times))
        with np.errstate(divide="ignore", invalid="ignore"):
            for table, positives, negatives, weight in self.parts:
                won = np.einsum("bi,bi->b", times @ table, times)
                total += weight * won / ((times @ positives) * (times @ negatives))
        return total


def resampled(statistic, count, seed=2):
    """The bootstrap over units (Field & Welsh 2007): sorted values of resamples that have one."""
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(float)
    values = statistic(times)
    return np.sort(values[np.isfinite(values)])


def percentile_interval(values, level, replicates):
    share = (1 - level) / 2
    return quantile_range(values, share, replicates), quantile_range(values, 1 - share, replicates)


def delong(labels, first, second):
    """Difference of two areas on the same cells and p (DeLong, DeLong & Clarke-Pearson 1988)."""
    one, other = wins(labels, first), wins(labels, second)
    if min(one.shape) < 2:
        return None, None
    less = one - other
    variance = np.var(less.mean(axis=1), ddof=1) / less.shape[0] + np.var(less.mean(axis=0), ddof=1) / less.shape[1]
    difference = float(less.mean())
    return difference, float(2 * stats.norm.sf(abs(difference) / variance**0.5)) if variance > 1e-30 else None


def mcnemar(first_only, second_only):
    all_ = first_only + second_only
    return stats.binomtest(first_only, all_, 0.5).pvalue if all_ else 1.0
