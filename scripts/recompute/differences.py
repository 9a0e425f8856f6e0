"""Differences of configurations, their tests and corrections, from the papers that docs/reports.md names."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .ranges import DRAWS, Range, STANDARD_ERRORS, larger, quantile_range, range_of, smaller


def units_of(names):
    """The number of each cell's unit, and whether the units are groups: a single group's cells stand for themselves."""
    distinct, number = np.unique(np.asarray(names), return_inverse=True)
    if len(distinct) < 2:
        return np.arange(len(names)), False
    return number, True


def sums_of(units, values, count):
    return np.bincount(units, weights=values, minlength=count)


def cr2(sums, sizes):
    """Variance and degrees of freedom of the mean over all cells: CR2 (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018).

    The regression of the patients' means on a constant, with the patients' cells as weights and independent means of one
    variance as the working model. Written with the matrices of the papers.
    """
    filled = sizes > 0
    sums, sizes = np.asarray(sums)[filled], np.asarray(sizes, float)[filled]
    if len(sizes) < 2:
        return None
    weights = sizes / sizes.sum()
    hat = np.outer(np.ones(len(sizes)), weights)
    remainder = np.eye(len(sizes)) - hat
    adjustment = 1 / np.sqrt(np.diag(remainder @ remainder.T))
    residuals = remainder @ (sums / sizes)
    pulls = weights * adjustment
    variance = float(np.sum((pulls * residuals) ** 2))
    forms = remainder.T * pulls
    products = forms.T @ forms
    return variance, float(np.trace(products) ** 2 / np.sum(products**2))


def satterthwaite(total, parts):
    spread = sum(variance**2 / freedom for variance, freedom in parts if variance > 0)
    return total**2 / spread if spread > 0 else np.inf


class Cells:
    """Cells of a comparison: unit and fold of each."""

    def __init__(self, units, are_patients, folds=None):
        _, self.units = np.unique(units, return_inverse=True)
        self.are_patients = are_patients
        self.count = int(self.units.max()) + 1
        self.sizes = np.bincount(self.units).astype(float)
        self.cells = len(self.units)
        self.folds = None
        if folds is not None and len(set(folds)) > 1:
            _, self.folds = np.unique(folds, return_inverse=True)
            self.fold_sizes = np.bincount(self.folds).astype(float)

    def kept(self, mask):
        if not mask.any():
            return None
        found = Cells(self.units[mask], self.are_patients, None if self.folds is None else self.folds[mask])
        return found if found.count > 1 else None

    @property
    def effective(self):
        return self.cells**2 / float(np.sum(self.sizes**2))

    @property
    def largest_share(self):
        return float(self.sizes.max()) / self.cells


class Scores:
    """Whether the networks of each seed call each cell what it is: an array of seeds × cells."""

    def __init__(self, cells, scores):
        scores = np.atleast_2d(scores)
        self.mean = float(scores.mean())
        self.seeds = scores.mean(axis=1)
        by_unit = np.array([sums_of(cells.units, row, cells.count) for row in scores])
        self.units = by_unit.mean(axis=0)
        if cells.folds is not None:
            self.folds = sums_of(cells.folds, scores.mean(axis=0), len(cells.fold_sizes))
        self.variance = None
        seeds = len(self.seeds)
        if seeds > 1:
            of_seeds = float(np.var(self.seeds, ddof=1)) / seeds
            # A crossed layout of patients and seeds: what is left of a patient's sum after both means.
            left = by_unit - self.units - np.outer(self.seeds - self.seeds.mean(), cells.sizes)
            of_units = cells.count / (cells.count - 1) * float(np.sum(left**2)) / (seeds * (seeds - 1) * cells.cells**2)
            self.variance = (of_seeds, seeds - 1, min(of_units, of_seeds))


@dataclass
class Difference:
    first: float
    second: float
    variance: float
    freedom: float
    least: float
    level: float
    effective: float
    seeds: tuple
    parts: dict
    of_methods: bool

    @property
    def value(self):
        return self.first - self.second

    @property
    def error(self):
        return max(self.variance**0.5, self.least)

    @property
    def carries_claims(self):
        return self.effective >= 5

    @property
    def p(self):
        return 2 * stats.t.sf(abs(self.value) / self.error, self.freedom) if self.carries_claims else 1.0

    @property
    def interval(self):
        half = stats.t.ppf(0.5 + self.level / 2, self.freedom) * self.error
        return max(self.value - half, -1.0), min(self.value + half, 1.0)


class Family:
    """Configurations on the same cells."""

    def __init__(self, cells, members):
        self.cells, self.members = cells, members
        with_variance = [one for one in members if one.variance]
        self.seed = None
        if with_variance:
            freedom = sum(one.variance[1] for one in with_variance)
            pooled = [
                sum(one.variance[1] * len(one.seeds) * one.variance[part] for one in with_variance) / freedom
                for part in (0, 2)
            ]
            self.seed = (pooled[0], freedom, pooled[1])
        self.folds = None
        if cells.folds is not None and len(members) > 1:
            # Interaction of configurations × folds, of deviations from each configuration's own mean.
            table = np.array([one.folds - cells.fold_sizes * one.mean for one in members])
            table -= table.mean(axis=0)
            folds, others = len(cells.fold_sizes), len(members) - 1
            variance = 2 * folds / (folds - 1) * float(np.sum(table**2)) / others / cells.cells**2
            self.folds = (variance, others * (folds - 1))

    def compare(self, first, second, level):
        one, other = self.members[first], self.members[second]
        sums = one.units - other.units
        patients = cr2(sums, self.cells.sizes)
        seeds, interaction = self.of_seeds(one, other)
        folds = None
        if self.cells.folds is not None:
            folds = cr2(one.folds - other.folds, self.cells.fold_sizes)
            if self.folds and self.folds[0] > folds[0]:
                folds = self.folds
        shared = max(seeds[0] - interaction, 0.0) if seeds else 0.0
        total = patients[0] + shared
        folds_decide = bool(seeds and folds and folds[0] > total * (1 + 1e-9))
        if folds_decide:
            variance, freedom = folds
        else:
            variance = total
            freedom = satterthwaite(total, [patients, seeds]) if seeds and total > 0 else patients[1]
        difference = Difference(
            one.mean, other.mean, variance, freedom, 1 / self.cells.cells, level, self.cells.effective,
            (len(one.seeds), len(other.seeds)),
            dict(patients=patients, seeds=seeds, interaction=interaction, shared=shared, folds=folds,
                 folds_decide=folds_decide),
            bool(seeds),
        )
        return difference, sums

    def of_seeds(self, one, other):
        """Variance over seeds with its degrees of freedom, and the part from single patients."""
        if not (one.variance and other.variance):
            return None, 0.0
        variance = one.variance[0] + other.variance[0]
        freedom = satterthwaite(variance, [one.variance[:2], other.variance[:2]])
        if not np.isfinite(freedom):
            freedom = one.variance[1] + other.variance[1]
        own = ((variance, freedom), one.variance[2] + other.variance[2])
        per_seed = 1 / len(one.seeds) + 1 / len(other.seeds)
        pooled = ((self.seed[0] * per_seed, self.seed[1]), self.seed[2] * per_seed)
        rounding = 1e-9 * max(own[0][0], pooled[0][0])
        return pooled if pooled[0][0] - pooled[1] > own[0][0] - own[1] + rounding else own


def unpaired(first, second, level):
    """Difference of two means over different cells (Liang & Zeger 1986), patients as units; each side is
    (scores, patients, means of seeds)."""
    sizes = [len(side[0]) for side in (first, second)]
    values, names = [], []
    for side, size, sign in ((first, sizes[0], 1), (second, sizes[1], -1)):
        scores = np.asarray(side[0])
        values.append(sign * (scores - scores.mean()) / size)
        names.append(np.asarray(side[1], dtype=object))
    distinct, units = np.unique(np.concatenate(names).astype(str), return_inverse=True)
    cells = np.bincount(units).astype(float)
    found = cr2(np.bincount(units, weights=np.concatenate(values)) * sum(sizes), cells)
    if found is None:
        return None, 0
    variance, freedom = max(found[0], 1 / min(sizes) ** 2), found[1]
    parts = [(float(np.var(side[2], ddof=1)) / len(side[2]), len(side[2]) - 1) for side in (first, second) if len(side[2]) > 1]
    of_methods = len(parts) == 2
    if of_methods:
        over_patients = (variance, freedom)
        variance += sum(part[0] for part in parts)
        freedom = satterthwaite(variance, [over_patients, *parts])
    means = [float(np.mean(side[0])) for side in (first, second)]
    return Difference(
        means[0], means[1], variance, freedom, 1 / sum(sizes), level, sum(sizes) ** 2 / float(np.sum(cells**2)),
        (len(first[2]), len(second[2])), {}, of_methods,
    ), len(distinct)


def unseen(sums, sizes, seed=1):
    """Means under uniformly drawn weights with one more patient lost altogether (Gaffke 2005; Rubin 1981), one array where
    the first loses it and one where the second does."""
    weights = np.random.default_rng(seed).exponential(size=(DRAWS, len(sizes) + 1))
    added = float(np.sum(sizes**2) / np.sum(sizes)) * weights[:, -1]
    sum_, size = weights[:, :-1] @ sums, weights[:, :-1] @ sizes
    return np.sort((sum_ - added) / (size + added)), np.sort((sum_ + added) / (size + added))


def draws_of_ranklab(patients):
    return min(max(3_000_000 // (patients + 1), 999), 9999)


def share_range(count, patients):
    """The share of draws, ranklab's own draws being others."""
    p = (count + 1) / (DRAWS + 1)
    spread = max(p * (1 - p), 1 / DRAWS)
    half = STANDARD_ERRORS * (spread * (1 / DRAWS + 1 / draws_of_ranklab(patients))) ** 0.5
    return Range(max(p - half, 0.0), min(p + half, 1.0))


def equivalence(difference, sums, sizes, margin, alpha):
    """p of two one-sided tests (Schuirmann 1987) of ±margin, p of the one against a loss of the first by the margin, and
    the interval of confidence 1 − 2 alpha."""
    value, error, freedom = difference.value, difference.error, difference.freedom
    below = stats.t.sf((margin + value) / error, freedom)
    above = stats.t.sf((margin - value) / error, freedom)
    half = stats.t.ppf(1 - alpha, freedom) * error
    found = dict(p=max(below, above), inferior=below, interval=(value - half, value + half))
    if not difference.carries_claims:
        return dict(found, p=1.0, inferior=1.0, claimed=False)
    if below < alpha:
        low, high = unseen(sums, sizes)
        units, others = len(sizes), draws_of_ranklab(len(sizes))
        of_low = share_range(int(np.sum(low <= -margin)), units)
        found["inferior"] = larger(below, of_low)
        if above < alpha:
            of_high = share_range(int(np.sum(high >= margin)), units)
            found["p"] = larger(found["inferior"], larger(above, of_high))
            found["interval"] = (
                smaller(value - half, quantile_range(low, alpha, others)),
                larger(value + half, quantile_range(high, 1 - alpha, others)),
            )
    return found


def holm(values):
    """Holm's (1979) adjusted p-values, of ranges at both ends: an adjusted p falls with no p."""

    def adjusted(p_values):
        order = np.argsort(p_values, kind="stable")
        steps = np.minimum(np.asarray(p_values)[order] * (len(order) - np.arange(len(order))), 1.0)
        found = np.empty(len(order))
        found[order] = np.maximum.accumulate(steps)
        return found

    if not values:
        return []
    low, high = (adjusted([getattr(range_of(value), end) for value in values]) for end in ("low", "high"))
    return [Range(float(one), float(other)) for one, other in zip(low, high)]
