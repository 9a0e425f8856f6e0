"""The statistics of a report, from the papers that docs/reports.md names.

Random draws differ from ranklab's. A figure that rests on them comes as a `Range`: what other draws may give within five
standard errors of either side's draws.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

# Draws of this program; ranklab's are 2,000 or fewer for areas, and 999 to 9,999 for patients not seen.
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


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def sample_sd(values):
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


# --- units -----------------------------------------------------------------------------------------------------------


def units_of(names):
    """The number of each cell's unit, and whether the units are groups: a single group's cells stand for themselves."""
    distinct, number = np.unique(np.asarray(names), return_inverse=True)
    if len(distinct) < 2:
        return np.arange(len(names)), False
    return number, True


def sums_of(units, values, count):
    return np.bincount(units, weights=values, minlength=count)


# --- cluster-robust variance of a mean ---------------------------------------------------------------------------------


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


# --- scores of a configuration -----------------------------------------------------------------------------------------


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


# --- differences -------------------------------------------------------------------------------------------------------


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


# --- equivalence, and what patients that were not seen leave open --------------------------------------------------------


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


def quantile_range(draws, share, others):
    """The quantile of sorted draws where `others` draws of ranklab have it."""
    half = STANDARD_ERRORS * (share * (1 - share) * (1 / len(draws) + 1 / others)) ** 0.5
    low, high = np.clip([share - half, share + half], 0, 1)
    return Range(float(np.quantile(draws, low)), float(np.quantile(draws, high)))


def larger(one, other):
    one, other = range_of(one), range_of(other)
    return Range(max(one.low, other.low), max(one.high, other.high))


def smaller(one, other):
    one, other = range_of(one), range_of(other)
    return Range(min(one.low, other.low), min(one.high, other.high))


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


# --- proportions -------------------------------------------------------------------------------------------------------


def wilson(proportion, trials, quantile):
    """Wilson's (1927) score interval."""
    centre = proportion + quantile**2 / (2 * trials)
    half = quantile * (proportion * (1 - proportion) / trials + quantile**2 / (4 * trials**2)) ** 0.5
    whole = 1 + quantile**2 / trials
    return max((centre - half) / whole, 0.0), min((centre + half) / whole, 1.0)


def clustered_wilson(successes, units, level):
    """Wilson's interval with an effective number of cells (Kish 1965) and Student's quantile (Korn & Graubard 1998)."""
    successes = np.asarray(successes, float)
    sizes = np.bincount(units).astype(float)
    count, cells, proportion = len(sizes), len(successes), float(successes.mean())
    if count < 2:
        return None
    sums = np.bincount(units, weights=successes)
    largest = float(np.sum(sizes**2)) / cells
    known = min(int(np.sum(sums < sizes)), int(np.sum(sums > 0)))
    design = largest
    if known:
        variance = count / (count - 1) * float(np.sum((sums - sizes * proportion) ** 2)) / cells**2
        found = max(variance / (proportion * (1 - proportion) / cells), 1.0)
        design = (known * found + largest) / (known + 1)
    return wilson(proportion, cells / design, stats.t.ppf(0.5 + level / 2, count - 1))


def joined(interval, estimate, half):
    """Two independent sources of spread (Zou & Donner 2008), cut to 0 to 1."""
    low, high = (range_of(end) for end in interval)
    lower = [estimate - np.hypot(estimate - end, half) for end in (low.low, low.high)]
    upper = [estimate + np.hypot(end - estimate, half) for end in (high.low, high.high)]
    return Range(*lower), Range(*upper)


def cut(interval, lowest, highest):
    return tuple(
        Range(*(float(np.clip(end, lowest, highest)) for end in (bound.low, bound.high))) for bound in map(range_of, interval)
    )


def half_of_seeds(values, level):
    """Half of Student's interval of a mean over seeds; 0 of a single one."""
    if len(values) < 2:
        return 0.0
    return float(stats.t.ppf(0.5 + level / 2, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)


# --- areas under the ROC curve -----------------------------------------------------------------------------------------


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


# --- power -------------------------------------------------------------------------------------------------------------


def spreads(difference):
    """Spreads of patients, networks and seeds that a comparison shows; None of single seeds."""
    parts, patients = difference.parts, difference.effective
    if not parts["seeds"]:
        return None
    each = 2 / sum(1 / seeds for seeds in difference.seeds)
    interaction = min(parts["interaction"], parts["patients"][0])
    return dict(
        patients=patients,
        patient=((parts["patients"][0] - interaction) * patients) ** 0.5,
        network=(interaction * each * patients) ** 0.5,
        luck=(parts["shared"] * each / 2) ** 0.5,
        freedom_per_seed=parts["seeds"][1] / (each - 1),
    )


def detectable(known, folds, seeds, alpha, comparisons):
    """Smallest loss and smallest margin found in 80 % of studies (Bloom 1995), at Bonferroni's share of alpha."""
    level = alpha / max(comparisons, 1)
    if folds:
        variance, freedom = folds
    else:
        patients = known["patients"]
        interaction = known["network"] ** 2 / (patients * seeds)
        shared = 2 * known["luck"] ** 2 / seeds
        over_patients = (known["patient"] ** 2 / patients + interaction, patients - 1)
        over_seeds = (shared + interaction, known["freedom_per_seed"] * (seeds - 1))
        variance = over_patients[0] + shared
        freedom = satterthwaite(variance, [over_patients, over_seeds])
        if not np.isfinite(freedom):
            freedom = patients - 1
    t = lambda tail: stats.t.isf(tail, freedom)
    margin = (t(level) + t(0.1)) * variance**0.5
    # None of J patients who differ: Clopper & Pearson (1934).
    least = 1 - level ** (1 / max(int(known["patients"]), 1))
    return (t(level / 2) + t(0.2)) * variance**0.5, max(margin, least)


def seeds_for_loss(known, loss, alpha, comparisons):
    for seeds in range(2, 201):
        if detectable(known, None, seeds, alpha, comparisons)[0] <= loss:
            return seeds
    return None


# --- choice of thresholds ----------------------------------------------------------------------------------------------


def rates_at(labels, probabilities, threshold):
    called = probabilities >= threshold
    return int(np.sum(called & (labels == 1))), int(np.sum(~called & (labels == 0)))


def chosen_threshold(aim, labels, probabilities, fixed=0.95):
    """The threshold of an aim on validation images, by trying each probability and 1; None where none reaches it."""
    positives, negatives = int(np.sum(labels == 1)), int(np.sum(labels == 0))
    if not positives or not negatives:
        return None
    found = []
    for threshold in sorted(set(probabilities) | {1.0}):
        true_positives, true_negatives = rates_at(labels, probabilities, threshold)
        youden = true_positives * negatives + true_negatives * positives
        if aim == "youden":
            found.append(((youden, true_positives), threshold))
        elif aim == "specificity" and true_negatives / negatives >= fixed:
            found.append(((true_positives, true_negatives), threshold))
        elif aim == "sensitivity" and true_positives / positives >= fixed:
            found.append(((true_negatives, true_positives), threshold))
    return max(found, key=lambda one: one[0])[1] if found else None


# --- clinical measures -------------------------------------------------------------------------------------------------


def ratio_interval(numerator, denominator):
    """MOVER-R (Zou & Donner 2008; Li, Tang & Wong 2014) of rates with intervals, `(rate, lower, upper)` each."""
    (a, a_low, a_high), (b, b_low, b_high) = numerator, denominator
    of = lambda rate, bound: bound * (2 * rate - bound)

    def root(of_a, of_b):
        return max(a * a * b * b - of_a * of_b, 0.0) ** 0.5

    bottom = of(b, b_high)
    lower = 0.0
    if of(a, a_low) != 0:
        # (ab − root) / bottom, multiplied by the other root: both are exact, and this one has no difference of equals.
        lower = of(a, a_low) / (a * b + root(of(a, a_low), bottom))
    top = of(b, b_low)
    upper = (a * b + root(of(a, a_high), top)) / top if top > 0 else np.inf
    return lower, upper


def predictive(sensitivity, specificity, prevalence):
    """Positive and negative predictive value with intervals; None where none is called so."""
    complement = lambda rate: (1 - rate[0], 1 - rate[2], 1 - rate[1])

    def value(wrong, right, odds):
        if wrong[0] == 0 and right[0] == 0:
            return None
        share = lambda ratio: 1 / (1 + ratio * odds)
        lower, upper = ratio_interval(wrong, right)
        ratio = wrong[0] / right[0] if right[0] else np.inf
        return share(ratio), min(share(upper), share(ratio)), max(share(lower), share(ratio))

    odds = prevalence / (1 - prevalence)
    return value(complement(specificity), sensitivity, 1 / odds), value(complement(sensitivity), specificity, odds)


def recalibration(labels, repeats, units, level):
    """Intercept (slope 1) and slope of logistic recalibration, each with its interval over units, and how many probabilities
    were clipped; None with a reason's word where there is no maximum."""
    edge = 2.0**-24
    stacked = np.concatenate(repeats)
    kept = np.clip(stacked, edge, 1 - edge)
    odds = np.log(kept / (1 - kept))
    outcome, units = np.tile(labels, len(repeats)).astype(float), np.tile(units, len(repeats))
    negative, positive = odds[outcome == 0], odds[outcome == 1]
    if not len(negative) or not len(positive):
        return "one class"
    if odds.max() - odds.min() < 1e-9:
        return "equal"
    if negative.max() <= positive.min() or positive.max() <= negative.min():
        return "separates"
    found = []
    for design, offset in ((np.ones((len(odds), 1)), odds), (np.column_stack([np.ones(len(odds)), odds]), 0.0)):
        at = np.zeros(design.shape[1]) if design.shape[1] == 1 else np.array([0.0, 1.0])
        height = lambda at: float(np.sum(outcome * (offset + design @ at) - np.logaddexp(0, offset + design @ at)))
        for _ in range(200):
            fitted = 1 / (1 + np.exp(-(offset + design @ at)))
            information = design.T @ (design * (fitted * (1 - fitted))[:, None])
            step, part = np.linalg.solve(information, design.T @ (outcome - fitted)), 1.0
            while part > 1e-9 and height(at + part * step) < height(at) - 1e-12 * abs(height(at)):
                part /= 2
            at = at + part * step
            if np.max(np.abs(step)) < 1e-12 * (1 + np.max(np.abs(at))):
                break
        fitted = 1 / (1 + np.exp(-(offset + design @ at)))
        bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
        pulls = design * (outcome - fitted)[:, None]
        count = int(units.max()) + 1
        meat = np.array([np.bincount(units, weights=column, minlength=count) for column in pulls.T])
        covariance = count / (count - 1) * bread @ (meat @ meat.T) @ bread
        half = stats.t.ppf(0.5 + level / 2, count - 1) * covariance[-1, -1] ** 0.5
        found.append((float(at[-1]), float(at[-1] - half), float(at[-1] + half)))
    return found[0], found[1], int(np.sum(kept != stacked))


def net_benefit(labels, repeats, prevalence, threshold):
    """Of the networks, averaged, and of treating all (Vickers & Elkin 2006), probabilities carried over to the prevalence by
    Bayes' theorem (Elkan 2001)."""
    odds = lambda share: share / (1 - share)
    share = float(np.mean(labels))
    factor = odds(share) / odds(prevalence)
    cut_ = odds(threshold) * factor
    cut_ = threshold if factor == 1 else cut_ / (1 + cut_)
    harm = odds(threshold) * (1 - prevalence)
    called = [probabilities >= cut_ for probabilities in repeats]
    model = mean(
        prevalence * float(np.mean(one[labels == 1])) - harm * float(np.mean(one[labels == 0])) for one in called
    )
    return model, prevalence - harm


# --- other measures of a run -------------------------------------------------------------------------------------------


def average_precision(labels, probabilities):
    found, before = 0.0, 0.0
    for threshold in sorted(set(probabilities), reverse=True):
        called = probabilities >= threshold
        recall = float(np.sum(called & (labels == 1))) / float(np.sum(labels == 1))
        found += (recall - before) * float(np.mean(labels[called]))
        before = recall
    return found


def log_loss(labels, probabilities):
    epsilon = np.finfo(float).eps
    clipped = np.clip(probabilities, epsilon, 1 - epsilon)
    return float(np.mean(-np.where(labels == 1, np.log(clipped), np.log(1 - clipped))))


def calibration_error(labels, probabilities, bins=10):
    """Expected calibration error (Naeini et al. 2015) in bins that include their upper edge."""
    place = np.searchsorted(np.arange(1, bins) / bins, probabilities, side="left")
    return sum(
        float(np.mean(place == one)) * abs(float(np.mean(probabilities[place == one])) - float(np.mean(labels[place == one])))
        for one in range(bins)
        if np.any(place == one)
    )
