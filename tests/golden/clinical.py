"""Golden values of what clinicians ask: calls of patients, predictive values, recalibration, decision curves.

From statsmodels (logistic regression with a sandwich over clusters, Wilson's interval, the ratio of two rates
by MOVER) and scikit-learn (recall, ROC curve, weighted confusion matrices).

    pip install numpy scipy scikit-learn statsmodels
    python3 tests/golden/clinical.py
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import special, stats
from sklearn import metrics
from statsmodels.stats import proportion, rates

LEVEL = 0.95
RANDOM = np.random.default_rng(14)


def cells(patients, networks, shift, slope):
    """Cells of patients who differ, with the predictions of several networks that are wrong in the same way."""
    sizes = RANDOM.integers(3, 25, patients)
    patient = np.repeat(np.arange(patients), sizes)
    healthy = RANDOM.random(patients) < 0.4
    truth = RANDOM.normal(-1, 1.5, sizes.sum()) + RANDOM.normal(0, 0.7, patients)[patient]
    labels = ((RANDOM.random(sizes.sum()) < special.expit(truth)) & ~healthy[patient]).astype(int)

    def predicted():
        risk = special.expit((truth - shift) / slope + RANDOM.normal(0, 0.4, sizes.sum()))
        return np.round(risk, 4).clip(1e-4, 1 - 1e-4)

    runs = [predicted() for _ in range(networks)]
    return patient, labels, runs


def coefficient(fit, which, patients):
    """With the factor J / (J - 1) and Student's t on J - 1 degrees of freedom."""
    value, error = float(fit.params[which]), float(fit.bse[which] * np.sqrt(patients / (patients - 1)))
    half = stats.t.ppf(0.5 + LEVEL / 2, patients - 1) * error
    return {
        "value": value,
        "standard_error": error,
        "interval": {"lower": value - half, "upper": value + half, "level": LEVEL},
    }


def recalibration(patient, labels, runs):
    truth, logits = np.tile(labels, len(runs)), special.logit(np.concatenate(runs))
    sandwich = {
        "cov_type": "cluster",
        "cov_kwds": {"groups": np.tile(patient, len(runs)), "use_correction": False},
        "tol": 1e-14,
    }
    constant, binomial = np.ones((len(truth), 1)), sm.families.Binomial()
    shift = sm.GLM(truth, constant, family=binomial, offset=logits).fit(**sandwich)
    line = sm.GLM(truth, sm.add_constant(logits), family=binomial).fit(**sandwich)
    patients = len(np.unique(patient))
    return {"intercept": coefficient(shift, 0, patients), "slope": coefficient(line, 1, patients)}


def decision_curve(labels, runs, prevalence, thresholds):
    """By confusion matrices of cells that are weighted to the prevalence, of probabilities carried over to it."""
    share = labels.mean()
    prevalence = share if prevalence is None else prevalence
    weights = np.where(labels == 1, prevalence / share, (1 - prevalence) / (1 - share)) / len(labels)
    move = special.logit(prevalence) - special.logit(share)

    def benefit(called, threshold):
        (_, false), (_, true) = metrics.confusion_matrix(labels, called, labels=[0, 1], sample_weight=weights)
        return true - false * threshold / (1 - threshold)

    def mean_benefit(threshold):
        moved = [special.expit(special.logit(run) + move) for run in runs]
        return float(np.mean([benefit((risk >= threshold).astype(int), threshold) for risk in moved]))

    points = [
        {"threshold": t, "model": mean_benefit(t), "treat_all": float(benefit(np.ones(len(labels), int), t))}
        for t in thresholds
    ]
    return {"prevalence": float(prevalence), "points": points}


def youden(truth, scores):
    """Of equal J the one with the highest sensitivity."""
    false, true, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    best = max(range(1, len(thresholds)), key=lambda place: (round(true[place] - false[place], 12), true[place]))
    return {"least": float(thresholds[best]), "sensitivity": float(true[best]), "specificity": float(1 - false[best])}


def wilson(right):
    low, high = proportion.proportion_confint(right.sum(), len(right), 1 - LEVEL, method="wilson")
    return {"rate": float(right.mean()), "interval": {"lower": float(low), "upper": float(high), "level": LEVEL}}


def patient_calls(patient, labels, runs):
    of_patient = [patient == one for one in np.unique(patient)]
    truth = np.array([labels[cells].any() for cells in of_patient]).astype(int)
    called = np.array([[(run[cells] >= 0.5).sum() for cells in of_patient] for run in runs])
    sizes = np.array([cells.sum() for cells in of_patient])
    any_cell = (called > 0).mean(axis=0)
    return {
        "counts": youden(truth, called[0]),
        "shares": youden(truth, called[0] / sizes),
        "any_sensitivity": wilson(any_cell[truth == 1]),
        "any_specificity": wilson(1 - any_cell[truth == 0]),
    }


def ratio(counts, trials):
    """statsmodels' MOVER of two rates, with the score interval of each that goes into it."""
    low, high = rates.confint_poisson_2indep(
        counts[0], trials[0], counts[1], trials[1], method="mover", compare="ratio", alpha=1 - LEVEL
    )
    one = [rates.confint_poisson(c, t, method="score", alpha=1 - LEVEL) for c, t in zip(counts, trials)]
    return {
        "rates": [c / t for c, t in zip(counts, trials)],
        "bounds": [[float(bound) for bound in of] for of in one],
        "lower": float(low),
        "upper": float(high),
    }


def predictive(true_positives, positives, true_negatives, negatives, prevalence):
    """Bayes' theorem by weighted counts, with MOVER's bounds as the roots of their quadratic equation."""
    of = [(true_positives, positives), (true_negatives, negatives)]
    rate = [k / n for k, n in of]
    bounds = [proportion.proportion_confint(k, n, 1 - LEVEL, method="wilson") for k, n in of]
    called, passed = prevalence * rate[0], prevalence * (1 - rate[0])
    alarms, clear = (1 - prevalence) * (1 - rate[1]), (1 - prevalence) * rate[1]

    def quotient(a, ends_a, b, ends_b):
        """(a - R b)^2 = (a - end of a)^2 + R^2 (b - end of b)^2, solved for R."""
        def roots(end_a, end_b):
            square = (a - end_a) ** 2
            return np.sort(np.roots([b**2 - (b - end_b) ** 2, -2 * a * b, a**2 - square]).real)
        return roots(ends_a[0], ends_b[1])[0], roots(ends_a[1], ends_b[0])[1]

    complement = lambda ends: (1 - ends[1], 1 - ends[0])
    alarm_ratio = quotient(1 - rate[1], complement(bounds[1]), rate[0], bounds[0])
    miss_ratio = quotient(1 - rate[0], complement(bounds[0]), rate[1], bounds[1])
    odds = prevalence / (1 - prevalence)
    ends = lambda ratios, factor: {
        "lower": 1 / (1 + ratios[1] * factor), "upper": 1 / (1 + ratios[0] * factor), "level": LEVEL
    }
    return {
        "counts": [true_positives, positives, true_negatives, negatives],
        "prevalence": prevalence,
        "positive": {"rate": called / (called + alarms), "interval": ends(alarm_ratio, 1 / odds)},
        "negative": {"rate": clear / (clear + passed), "interval": ends(miss_ratio, odds)},
    }


# Between the predictions, which have four decimals: carrying over rounds.
THRESHOLDS = [0.01305, 0.05705, 0.10375, 0.25115, 0.49735, 0.75195, 0.90005]
cases = []
for patients, networks, shift, slope in [(40, 1, 0.0, 1.0), (12, 3, 0.8, 0.6), (60, 2, -0.5, 1.7)]:
    patient, labels, runs = cells(patients, networks, shift, slope)
    cases.append({
        "patients": patient.tolist(),
        "labels": labels.tolist(),
        "runs": [run.tolist() for run in runs],
        "recalibration": recalibration(patient, labels, runs),
        "decision_curves": [
            [prevalence, decision_curve(labels, runs, prevalence, THRESHOLDS)] for prevalence in (None, 0.1, 0.02)
        ],
        "patient_calls": patient_calls(patient, labels, runs),
    })

golden = {
    "scikit_learn": sklearn.__version__,
    "scipy": scipy.__version__,
    "statsmodels": statsmodels.__version__,
    "cases": cases,
    "ratios": [ratio(counts, trials) for counts, trials in [((8, 90), (100, 120)), ((30, 12), (90, 40)), ((2, 60), (50, 90))]],
    "predictive": [
        predictive(*counts, prevalence)
        for counts in [(95, 100, 180, 200), (40, 41, 28, 60), (700, 750, 980, 1000)]
        for prevalence in (0.01, 0.1, 0.6)
    ],
}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
