"""Rates with intervals, thresholds chosen on validation images, and clinical measures."""

import numpy as np
from scipy import stats

from .ranges import Range, mean, range_of


def wilson(proportion, trials, quantile):
    """Wilson's (1927) score interval."""
    centre = proportion + quantile**2 / (2 * trials)
    half = quantile * (proportion * (1 - proportion) / trials + quantile**2 / (4 * trials**2)) ** 0.5
    whole = 1 + quantile**2 / trials
    # Rounding must not push a bound past the proportion.
    return min(max((centre - half) / whole, 0.0), proportion), max(min((centre + half) / whole, 1.0), proportion)


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
        scores = design * (outcome - fitted)[:, None]
        count = int(units.max()) + 1
        of_units = np.array([np.bincount(units, weights=column, minlength=count) for column in scores.T])
        # Each unit's pull on the last coefficient.
        pulls = bread[-1] @ of_units
        half = stats.t.ppf(0.5 + level / 2, count - 1) * (count / (count - 1) * float(np.sum(pulls**2))) ** 0.5
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
