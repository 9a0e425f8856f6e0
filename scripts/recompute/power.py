"""What comparisons could have shown."""

import numpy as np
from scipy import stats

from .differences import satterthwaite


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
        least=difference.least,
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
    # Never less than one cell that one gets right and the other does not.
    error = max(variance**0.5, known["least"])
    margin = (t(level) + t(0.1)) * error
    # None of J patients who differ: Clopper & Pearson (1934).
    least = 1 - level ** (1 / max(int(known["patients"]), 1))
    return (t(level / 2) + t(0.2)) * error, max(margin, least)


def seeds_for_loss(known, loss, alpha, comparisons):
    for seeds in range(2, 201):
        if detectable(known, None, seeds, alpha, comparisons)[0] <= loss:
            return seeds
    return None
