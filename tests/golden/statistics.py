"""Golden values of metrics: scikit-learn's on predictions with ties, skew and certainties.

    pip install numpy scikit-learn
    python3 tests/golden/statistics.py
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics

AVERAGES = {"macro avg": "macro_average", "weighted avg": "weighted_average"}


def row(scores):
    return {
        "precision": scores["precision"],
        "recall": scores["recall"],
        "f1": scores["f1-score"],
        "support": int(scores["support"]),
    }


def case(name, labels, probabilities):
    calls = [int(probability >= 0.5) for probability in probabilities]
    matrix = metrics.confusion_matrix(labels, calls, labels=[0, 1])
    report = metrics.classification_report(
        labels,
        calls,
        labels=[0, 1],
        target_names=["uninfected", "parasitized"],
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
    }


random = np.random.default_rng(7)
labels = random.integers(0, 2, 40)
noisy = np.clip(0.3 + 0.4 * labels + 0.25 * random.normal(size=40), 0, 1)
cases = [
    case("noisy", labels.tolist(), np.round(noisy, 4).tolist()),
    case("tied", labels.tolist(), np.round(noisy, 1).tolist()),
    case("rare", [0] * 9 + [1], [0.1, 0.2, 0.3, 0.6, 0.05, 0.4, 0.2, 0.1, 0.7, 0.65]),
    case("never called parasitized", [0, 1, 1, 0], [0.1, 0.2, 0.3, 0.4]),
    case("one class", [1, 1, 1], [0.9, 0.4, 0.8]),
    case("wrong certainties", [0, 1, 1, 0], [1.0, 0.0, 1.0, 0.0]),
]
values = [0.9769, 0.9804, 0.9731, 0.9788]
summary = {"values": values, "mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1))}
target = pathlib.Path(__file__).with_suffix(".json")
golden = {"scikit_learn": sklearn.__version__, "cases": cases, "summary": summary}
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
