"""Signs that a run did not converge, from what it recorded."""

import numpy as np

from .areas import area


def signs(run):
    if not hasattr(run, "signs"):
        run.signs = found_signs(run)
    return run.signs


def found_signs(run):
    """The signs in order, as words and numbers: thresholds are those that crates/stats/src/convergence.rs documents."""
    found = []
    rows = run.validation if len(run.validation) else run.test
    gap = threshold_gap(rows.labels, rows.probabilities)
    if gap:
        found.append(("ranking", [100 * gap[0], len(rows), 0.5, gap[3], 100 * gap[1], gap[2]]))
    losses = [row["value"] for row in run.epochs if row["metric"] == "validation_loss"]
    rising = rising_loss(losses, run["best_epoch"])
    if rising:
        found.append(("validation loss ends", [losses[-1], losses[-1] / rising[0], rising[0], rising[1], len(losses)]))
    momentum = float(run.settings.get("training.batch_norm_momentum", -1))
    steps = -(-run["train_images"] // run["batch_size"]) * run["best_epoch"]
    if 0 <= momentum < 1 and momentum**steps > 0.05:
        found.append(("batch norm's initial statistics", [100 * momentum**steps, steps, run["best_epoch"], momentum]))
    return found


def threshold_gap(labels, probabilities):
    score = area(labels, probabilities)
    if score is None:
        return None
    right = lambda threshold: (probabilities >= threshold) == (labels == 1)
    thresholds = sorted(set(probabilities) | {1.0}, reverse=True)
    accuracies = [int(right(one).sum()) for one in thresholds]
    half = max([place for place, one in enumerate(thresholds) if one >= 0.5], default=0)
    best = max(range(len(thresholds)), key=lambda place: (accuracies[place], -abs(place - half)))
    one, other = right(thresholds[half]), right(thresholds[best])
    images = len(labels)
    gap = (accuracies[best] - accuracies[half]) / images
    # Of both classes the cells that only one of both thresholds calls right.
    flipped = int(np.sum(one != other))
    error = max(flipped - gap * gap * images, 0.0) ** 0.5 / images
    if gap < 0.03 or gap < 3 * error:
        return None
    return accuracies[half] / images, accuracies[best] / images, thresholds[best], score


def rising_loss(losses, kept):
    if len(losses) < 2 or any(loss is None for loss in losses):
        return None
    end = max(len(losses) - 2, 1)
    lowest = min(losses[:end])
    times, least = (1.5, 0.05) if kept > end else (2.0, 0.2)
    if all(loss >= times * lowest and loss >= lowest + least for loss in losses[end:]):
        return lowest, losses.index(lowest) + 1
    return None


def caveat(found):
    """The numbers at the end of a verdict on these configurations: runs that did not converge, of four configurations."""
    named = [ids for ids in ([run["id"] for run in one.runs if signs(run)] for one in found) if ids]
    values = []
    for ids in named[:4]:
        values += ids[:4] + ([len(ids) - 4] if len(ids) > 4 else [])
    return values + ([len(named) - 4] if len(named) > 4 else [])
