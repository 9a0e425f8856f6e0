"""Golden values of metrics, intervals and tests, on predictions with ties, skew and certainties.

From scikit-learn, scipy and statsmodels; where no library has a statistic, by its definition in numpy.

    pip install numpy scipy scikit-learn statsmodels
    python3 tests/golden/statistics.py  # about two minutes, for the bootstraps
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn import calibration, metrics
from statsmodels.stats import contingency_tables, multitest, proportion, weightstats

AVERAGES = {"macro avg": "macro_average", "weighted avg": "weighted_average"}


def row(scores):
    return {
        "precision": scores["precision"],
        "recall": scores["recall"],
        "f1": scores["f1-score"],
        "support": int(scores["support"]),
    }


def finite(threshold):
    """scikit-learn's infinite threshold is none at all."""
    return float(threshold) if np.isfinite(threshold) else None


def roc(labels, probabilities):
    rates = metrics.roc_curve(labels, probabilities, drop_intermediate=False)
    return [
        {"threshold": finite(threshold), "false_positive_rate": float(false), "sensitivity": float(true)}
        for false, true, threshold in zip(*rates)
    ]


def precision_recall(labels, probabilities):
    precision, recall, thresholds = metrics.precision_recall_curve(labels, probabilities)
    return [
        {"threshold": finite(threshold), "precision": float(p), "recall": float(r)}
        for p, r, threshold in zip(precision, recall, [*thresholds, np.inf])
    ]


def reliability(labels, probabilities, bins):
    """scikit-learn's filled bins; counts and calibration error by definition."""
    observed, predicted = calibration.calibration_curve(labels, probabilities, n_bins=bins)
    edges = [np.nextafter(0, -1), *np.linspace(0, 1, bins + 1)[1:]]
    inside = [[low < p <= high for p in probabilities] for low, high in zip(edges, edges[1:])]
    counts = [int(sum(row)) for row in inside]
    filled = [count for count in counts if count]
    return {
        "bins": bins,
        "counts": counts,
        "observed": observed.tolist(),
        "predicted": predicted.tolist(),
        "error": float(np.average(np.abs(observed - predicted), weights=filled)),
    }


def operating_points(labels, probabilities):
    """All thresholds tried one by one."""
    labels, probabilities = np.array(labels), np.array(probabilities)
    points = []
    for threshold in sorted({*probabilities.tolist(), 1.0}):
        calls = probabilities >= threshold
        points.append((threshold, float(calls[labels == 1].mean()), float((~calls)[labels == 0].mean())))

    def chosen(key, allowed=lambda point: True):
        allowed = [point for point in points if allowed(point)]
        point = max(allowed, key=key, default=None)
        return point and dict(zip(("threshold", "sensitivity", "specificity"), point))

    rates = [0.0, 0.5, 0.75, 0.9, 1.0]
    return {
        "youden": chosen(lambda point: (round(point[1] + point[2], 12), point[1])),
        "rates": rates,
        "at_specificity": [chosen(lambda p: (p[1], p[2]), lambda p: p[2] >= rate) for rate in rates],
        "at_sensitivity": [chosen(lambda p: (p[2], p[1]), lambda p: p[1] >= rate) for rate in rates],
    }


def case(name, labels, probabilities):
    calls = [int(probability >= 0.5) for probability in probabilities]
    matrix = metrics.confusion_matrix(labels, calls, labels=[0, 1])
    report = metrics.classification_report(
        labels,
        calls,
        labels=[0, 1],
        target_names=["negative", "positive"],
        output_dict=True,
        zero_division=0,
    )
    rows = {AVERAGES.get(key, key): row(value) for key, value in report.items() if isinstance(value, dict)}
    both = len(set(labels)) == 2
    return {
        "name": name,
        "labels": labels,
        "probabilities": probabilities,
        "confusion": {
            "true_positives": int(matrix[1, 1]),
            "false_negatives": int(matrix[1, 0]),
            "false_positives": int(matrix[0, 1]),
            "true_negatives": int(matrix[0, 0]),
        },
        "report": {**rows, "accuracy": metrics.accuracy_score(labels, calls)},
        "auc": metrics.roc_auc_score(labels, probabilities) if both else None,
        "log_loss": metrics.log_loss(labels, probabilities, labels=[0, 1]),
        "balanced_accuracy": metrics.recall_score(
            labels, calls, labels=[0, 1], average="macro", zero_division=0
        ),
        "matthews_correlation": float(metrics.matthews_corrcoef(labels, calls)),
        "roc": roc(labels, probabilities) if both else None,
        "precision_recall": precision_recall(labels, probabilities),
        "average_precision": float(metrics.average_precision_score(labels, probabilities)),
        "brier": float(metrics.brier_score_loss(labels, probabilities, labels=[0, 1], pos_label=1)),
        "reliability": [reliability(labels, probabilities, bins) for bins in (1, 5, 10)],
        "operating_points": operating_points(labels, probabilities) if both else None,
    }


random = np.random.default_rng(7)
labels = random.integers(0, 2, 40)
noisy = np.clip(0.3 + 0.4 * labels + 0.25 * random.normal(size=40), 0, 1)
cases = [
    case("noisy", labels.tolist(), np.round(noisy, 4).tolist()),
    case("tied", labels.tolist(), np.round(noisy, 1).tolist()),
    case("rare", [0] * 9 + [1], [0.1, 0.2, 0.3, 0.6, 0.05, 0.4, 0.2, 0.1, 0.7, 0.65]),
    case("never called positive", [0, 1, 1, 0], [0.1, 0.2, 0.3, 0.4]),
    case("one class", [1, 1, 1], [0.9, 0.4, 0.8]),
    case("wrong certainties", [0, 1, 1, 0], [1.0, 0.0, 1.0, 0.0]),
]
values = [0.9769, 0.9804, 0.9731, 0.9788]
summary = {
    "values": values,
    "mean": float(np.mean(values)),
    "sd": float(np.std(values, ddof=1)),
    "intervals": [
        [level, *stats.t.interval(level, len(values) - 1, np.mean(values), stats.sem(values))]
        for level in (0.9, 0.95, 0.99)
    ],
}


# Distributions: place, upper tail, probability and its quantile.
references = [
    {
        "degrees_of_freedom": freedom,
        "tails": [[float(x), float(law.sf(x))] for x in (-3, -0.5, 0, 1, 1.96, 4, 8)],
        "quantiles": [[q, float(law.ppf(q))] for q in (0.005, 0.05, 0.5, 0.9, 0.95, 0.975, 0.9995)],
    }
    for freedom, law in [(None, stats.norm), *((freedom, stats.t(freedom)) for freedom in (1, 2, 9, 199, 2599))]
]
wilson = [
    [successes, total, level, *map(float, proportion.proportion_confint(successes, total, 1 - level, "wilson"))]
    for successes, total in [(0, 7), (1, 7), (7, 7), (19, 20), (1286, 1300), (2540, 2600)]
    for level in (0.9, 0.95)
]
mcnemar = [
    [b, c, float(contingency_tables.mcnemar([[10, b], [c, 10]], exact=True).pvalue)]
    for b, c in [(0, 0), (0, 5), (5, 5), (6, 5), (3, 12), (31, 14), (40, 80), (1300, 1200)]
]


# Patients, alpha, and Clopper & Pearson's one-sided upper bound where none of them fails.
unseen = [
    [patients, alpha, float(stats.beta.ppf(1 - alpha, 1, patients))]
    for patients in (5, 59, 200, 299, 2600)
    for alpha in (0.05, 0.01)
]
# Patients of so many that are lost altogether, margin and alpha; the binomial chance of so few, and the bound.
rare = [
    [*case, float(stats.binom.cdf(*case[:3])), float(stats.beta.ppf(1 - case[3], case[0] + 1, case[1] - case[0]))]
    for case in [(0, 100, 0.05, 0.05), (1, 100, 0.06, 0.05), (2, 40, 0.25, 0.05), (3, 200, 0.05, 0.025)]
]
# Shares right of two configurations, and the cells that flip over all pairs of their runs.
drawing = np.random.default_rng(11)
right_runs = [drawing.random((runs, 60)) < 0.8 for runs in (3, 4)]
flipped = [
    float(np.mean([(one & ~other).sum() for one in ours for other in theirs]))
    for ours, theirs in (right_runs, right_runs[::-1])
]
flips = {"shares": [runs.mean(axis=0).tolist() for runs in right_runs], "flips": flipped}
# A bootstrap's difference and standard error on the normal distribution.
on_normal = [
    {
        "difference": difference,
        "standard_error": error,
        "margin": margin,
        "lower_p": float(stats.norm.sf((margin + difference) / error)),
        "upper_p": float(stats.norm.sf((margin - difference) / error)),
        "interval": list(map(float, stats.norm.interval(0.9, difference, error))),
    }
    for difference, error, margin in [(0.004, 0.003, 0.01), (-0.02, 0.01, 0.03), (0.0, 0.02, 0.01)]
]


def joined(estimate, lower, upper, level, runs):
    """A bootstrap's interval and Student's over the runs, joined as Zou & Donner (2008) do."""
    half = stats.t.interval(level, len(runs) - 1, 0, stats.sem(runs))[1]
    return float(estimate - np.hypot(estimate - lower, half)), float(estimate + np.hypot(upper - estimate, half))


joined_runs = [
    {"case": list(case), "runs": runs, "interval": joined(*case, runs)}
    for case, runs in [((0.9, 0.86, 0.93, 0.95), [0.89, 0.92]), ((0.97, 0.95, 0.98, 0.9), values)]
]
raw = [0.01, 0.04, 0.03, 0.005, 0.005, 0.9, 0.6, 1.0, 0.0]
holm = {"raw": raw, "adjusted": multitest.multipletests(raw, method="holm")[1].tolist()}


# Patients of different sizes, whose cells share a difficulty; three seeds of two configurations.
sizes = [3, 20, 8, 5, 12, 9, 1, 14, 6, 10, 7, 11, 4, 16, 9, 8, 13, 2, 10, 12]
patients = np.repeat(np.arange(len(sizes)), sizes)
truth = random.integers(0, 2, len(patients))
difficulty = random.normal(size=len(sizes))[patients]


def run(skill):
    score = skill * (2 * truth - 1) + 0.6 * difficulty + random.normal(size=len(truth))
    return np.round(1 / (1 + np.exp(-score)), 3)


first_runs, second_runs = [run(1.4) for _ in range(3)], [run(0.9) for _ in range(3)]
first, second = first_runs[0], second_runs[0]


def delong(runs, level):
    """Every pair of a positive and a negative cell, as DeLong et al. (1988) define it: placement
    values, whose mean is the area and whose covariance is that of the areas."""
    positive, negative = truth == 1, truth == 0
    m, n = positive.sum(), negative.sum()
    wins = [np.subtract.outer(p[positive], p[negative]) for p in runs]
    wins = [(difference > 0) + 0.5 * (difference == 0) for difference in wins]
    areas = [float(win.mean()) for win in wins]
    by_positive, by_negative = [win.mean(axis=1) for win in wins], [win.mean(axis=0) for win in wins]
    covariance = np.cov(by_positive, ddof=1) / m + np.cov(by_negative, ddof=1) / n
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    z = (areas[0] - areas[1]) / np.sqrt(variance)
    own = [stats.norm.interval(level, area, np.sqrt(v)) for area, v in zip(areas, np.diag(covariance))]
    return {
        "level": level,
        "areas": areas,
        "variances": np.diag(covariance).tolist(),
        "covariance": float(covariance[0, 1]),
        "own_intervals": [list(map(float, bounds)) for bounds in own],
        "interval": list(map(float, stats.norm.interval(level, areas[0] - areas[1], np.sqrt(variance)))),
        "z": float(z),
        "p": float(2 * stats.norm.sf(abs(z))),
    }


def right(runs):
    return np.mean([(p >= 0.5) == truth for p in runs], axis=0)


def clustered(one, other, level=0.95, groups=patients):
    """statsmodels: regression on a constant with errors robust to patients."""
    difference = one - other
    fit = sm.OLS(difference, np.ones(len(difference))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}, use_t=True
    )
    return {
        "difference": float(fit.params[0]),
        "standard_error": float(fit.bse[0]),
        "t": float(fit.tvalues[0]),
        "p": float(fit.pvalues[0]),
        "level": level,
        "interval": fit.conf_int(1 - level)[0].tolist(),
    }


def unpaired(one, one_patients, other, other_patients, level):
    """By definition: patients' influences on both means as clusters of their cells, CR2 with Bell & McCaffrey's degrees."""
    groups = np.concatenate([one_patients, other_patients])
    influence = np.concatenate([(one - one.mean()) / len(one), -(other - other.mean()) / len(other)])
    units = np.unique(groups)
    e = np.array([influence[groups == unit].sum() for unit in units])
    w = np.array([np.mean(groups == unit) for unit in units])
    shares = (np.eye(len(w)) - np.outer(np.ones(len(w)), w)) @ (np.eye(len(w)) - np.outer(np.ones(len(w)), w)).T
    c = 1 / np.diag(shares)
    error = float(np.sqrt((c * e**2).sum()))
    form = np.sqrt(np.outer(c * w**2, c * w**2)) * shares
    freedom = float(np.trace(form) ** 2 / (form**2).sum())
    difference = float(one.mean() - other.mean())
    t = difference / error
    half = stats.t.isf((1 - level) / 2, freedom) * error
    return {
        "difference": difference,
        "standard_error": error,
        "t": t,
        "p": float(2 * stats.t.sf(abs(t), freedom)),
        "level": level,
        "interval": [float(difference - half), float(difference + half)],
    }


def clustered_wilson(successes, groups, level):
    """Both ends as the proportions that are so many standard errors from the observed one."""
    p, n, units = successes.mean(), len(successes), len(np.unique(groups))
    cells = np.unique(groups, return_counts=True)[1]
    largest = (cells**2).sum() / n
    known = min(len(np.unique(groups[successes == value])) for value in (False, True))
    effect = largest
    if known:
        variance = clustered(successes.astype(float), np.zeros(n), groups=groups)["standard_error"] ** 2
        effect = (known * max(variance * n / (p * (1 - p)), 1) + largest) / (known + 1)
    effective = n / effect
    quantile = stats.t.isf((1 - level) / 2, units - 1)

    def beyond(end):
        return (p - end) ** 2 - quantile**2 * end * (1 - end) / effective

    # Where none or all succeed, the observed proportion itself is one of both.
    below, above = min(p, 1 - 1e-9), max(p, 1e-9)
    return [
        float(optimize.brentq(beyond, 0, below, xtol=1e-14)) if p > 0 else 0.0,
        float(optimize.brentq(beyond, above, 1, xtol=1e-14)) if p < 1 else 1.0,
    ]


def sparse(runs, margin, alpha):
    """Two configurations of which hardly any patient differs: means under uniformly drawn weights of the
    patients and of one more, as large as that of a mean cell, that one of both loses altogether. The p are the
    shares beyond the margin."""
    sums, drawing = np.bincount(patients, 1 - right(runs)), np.random.default_rng(13)
    weights = drawing.exponential(size=(1_000_000, len(sizes) + 1))
    lost = weights[:, -1] * np.square(sizes).sum() / np.sum(sizes)
    size, total = weights[:, :-1] @ sizes + lost, weights[:, :-1] @ sums
    low, high = (total - lost) / size, (total + lost) / size
    return {
        "margin": margin,
        "lower_p": float((low <= -margin).mean()),
        "upper_p": float((high >= margin).mean()),
        "interval": [float(np.quantile(low, alpha)), float(np.quantile(high, 1 - alpha))],
    }


def equal_sizes(size):
    """The first cells of all patients with so many, on which statsmodels' errors robust to patients are CR2's."""
    kept = np.concatenate([cells[:size] for cells in members if len(cells) >= size])
    return {
        "kept": np.isin(np.arange(len(truth)), kept).tolist(),
        "found": clustered(right([first])[kept], right([second])[kept], groups=patients[kept]),
    }


def one_sided(fit, margin):
    """Both tests against the margins, on t with one degree of freedom less than patients."""
    law = stats.t(len(sizes) - 1)
    lower = law.sf((fit["difference"] + margin) / fit["standard_error"])
    upper = law.cdf((fit["difference"] - margin) / fit["standard_error"])
    return float(lower), float(upper)


def by_cell(one, other, margin):
    """scipy's paired t test and statsmodels' two one-sided tests, on cells as if independent."""
    test = stats.ttest_rel(one, other)
    p, lower, upper = weightstats.ttost_paired(one, other, -margin, margin)
    return {
        "t": float(test.statistic),
        "p": float(test.pvalue),
        "interval": list(map(float, test.confidence_interval(0.95))),
        "margin": margin,
        "equivalence_p": float(p),
        "lower_p": float(lower[1]),
        "upper_p": float(upper[1]),
    }


METRICS = {
    "accuracy": metrics.accuracy_score,
    "sensitivity": metrics.recall_score,
    "specificity": lambda labels, calls: metrics.recall_score(labels, calls, pos_label=0),
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": metrics.f1_score,
    "matthews_correlation": metrics.matthews_corrcoef,
}
members = [np.flatnonzero(patients == patient) for patient in range(len(sizes))]


def bootstrapped(value):
    """scipy's percentile bootstrap of a function of cells, with patients as its sample."""
    result = stats.bootstrap(
        (np.arange(len(sizes)),),
        lambda drawn: value(np.concatenate([members[patient] for patient in drawn.astype(int)])),
        n_resamples=4000,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(3),
    )
    return {
        "estimate": float(value(np.arange(len(truth)))),
        "standard_error": float(result.standard_error),
        "interval": list(map(float, result.confidence_interval)),
        "p": two_sided(result.bootstrap_distribution),
    }


def two_sided(values):
    """Twice the smaller share of resamples at or beyond zero, the sample counted as one of them."""
    beyond = min((values <= 0).sum(), (values >= 0).sum())
    return float(min(1, 2 * (beyond + 1) / (len(values) + 1)))


def roc_heights(labels, p, places):
    false, true, _ = metrics.roc_curve(labels, p, drop_intermediate=False)
    return np.interp(places, false, true)


def precision_heights(labels, p, places):
    """Precision at the highest threshold that reaches the recall."""
    precision, recall, thresholds = metrics.precision_recall_curve(labels, p)
    precision, recall = precision[: len(thresholds)], recall[: len(thresholds)]
    return np.array([precision[np.flatnonzero(recall >= place)[-1]] for place in places])


PLACES = [0.0, 0.04, 0.07, 0.12, 0.2, 0.5, 0.77, 0.9, 1.0]


def band(heights, runs):
    """Heights averaged over the runs, and numpy's percentiles of 4,000 resamples of the patients."""

    def mean(cells):
        return np.mean([heights(truth[cells], p[cells], PLACES) for p in runs], axis=0)

    drawing = np.random.default_rng(5)
    draws = [drawing.integers(0, len(sizes), len(sizes)) for _ in range(4000)]
    drawn = np.array([mean(np.concatenate([members[patient] for patient in draw])) for draw in draws])
    return {
        "places": PLACES,
        "heights": mean(np.arange(len(truth))).tolist(),
        "standard_errors": drawn.std(axis=0, ddof=1).tolist(),
        "intervals": np.percentile(drawn, [2.5, 97.5], axis=0).T.tolist(),
    }


def of_counts(name, p):
    return lambda cells: METRICS[name](truth[cells], p[cells] >= 0.5)


def area(p):
    return lambda cells: metrics.roc_auc_score(truth[cells], p[cells])


def paired(one, other):
    return lambda cells: one(cells) - other(cells)


def mcnemar_of(one, other):
    table = [[(one & other).sum(), (one & ~other).sum()], [(~one & other).sum(), (~one & ~other).sum()]]
    return [int(table[0][1]), int(table[1][0]), float(contingency_tables.mcnemar(table, exact=True).pvalue)]


# A run that is right but on a few cells of two patients.
cells = truth.copy()
for patient, count in [(1, 2), (4, 1)]:
    cells[members[patient][:count]] ^= 1
sparse_run = 0.1 + 0.8 * cells
comparison = {
    "labels": truth.tolist(),
    "patients": [f"C{patient:02}" for patient in patients],
    "first": [p.tolist() for p in first_runs],
    "second": [p.tolist() for p in second_runs],
    "delong": delong([first, second], 0.95),
    "tied_delong": delong([np.round(first, 1), np.round(second, 1)], 0.9),
    "mcnemar": mcnemar_of(right([first]) == 1, right([second]) == 1),
    "equal_sizes": equal_sizes(8),
    "all_seeds": clustered(right(first_runs), right(second_runs), 0.9),
    "unpaired": unpaired(
        right([first])[:120], patients[:120], right([second])[60:], patients[60:], 0.9
    ),
    "clustered_wilson": [
        [level, *clustered_wilson(right([first])[truth == 1] == 1, patients[truth == 1], level)]
        for level in (0.9, 0.95)
    ],
    "clustered_wilson_of_none_and_all": [
        clustered_wilson(np.full(len(truth), value), patients, 0.95) for value in (False, True)
    ],
    "sparse": {"run": sparse_run.tolist(), "of_one": sparse([sparse_run], 0.2, 0.05)},
    "by_cell": by_cell(right(first_runs), right(second_runs), 0.2),
    "equivalence": [
        [margin, *one_sided(clustered(right(first_runs), right(second_runs)), margin), *bounds]
        for margin in (0.05, 0.2)
        for bounds in [clustered(right(first_runs), right(second_runs), 0.9)["interval"]]
    ],
    "bootstrap": {
        **{name: bootstrapped(of_counts(name, first)) for name in METRICS},
        "area": bootstrapped(area(first)),
        "mean_area": bootstrapped(lambda cells: np.mean([area(p)(cells) for p in first_runs])),
        "brier": bootstrapped(lambda cells: metrics.brier_score_loss(truth[cells], first[cells])),
    },
    "paired_bootstrap": {
        **{name: bootstrapped(paired(of_counts(name, first), of_counts(name, second))) for name in METRICS},
        "area": bootstrapped(paired(area(first), area(second))),
    },
    "roc_band": band(roc_heights, first_runs[:2]),
    "precision_recall_band": band(precision_heights, first_runs[:2]),
}

golden = {
    "scikit_learn": sklearn.__version__,
    "scipy": scipy.__version__,
    "statsmodels": statsmodels.__version__,
    "cases": cases,
    "summary": summary,
    "references": references,
    "wilson": wilson,
    "mcnemar": mcnemar,
    "unseen": unseen,
    "rare": rare,
    "flips": flips,
    "on_normal": on_normal,
    "joined_runs": joined_runs,
    "holm": holm,
    "comparison": comparison,
}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
