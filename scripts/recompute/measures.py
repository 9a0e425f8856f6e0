"""Measures of a run's probabilities."""

import numpy as np


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
