"""The comparisons of a report: pairs of configurations, both splits, power."""

import numpy as np

from .areas import ResampledArea, delong, mcnemar, percentile_interval, resampled
from .differences import Cells, Family, Scores, equivalence, holm, unpaired
from .power import detectable, seeds_for_loss, spreads
from .ranges import larger, range_of
from .rates import cut, half_of_seeds, joined
from .reading import Set, sets_of_cells

# ranklab's resamples: of an area, of a difference of areas, and their bounds.
OF_AREA, OF_DIFFERENCE, FEWEST, CELLS = 2000, 1000, 200, 40_000_000
SHOWN_PAIRS, SHOWN_AREAS = 100, 12


class Pair:
    def __init__(self, first, second, family):
        self.first, self.second, self.family = first, second, family

    def verdicts(self, alpha):
        """The verdicts that the numbers allow: one, or several where random draws decide."""
        low, high = self.difference.interval
        different = self.corrected.low < alpha and (low > 0 or high < 0)
        better = self.difference.value > 0
        shown = "better" if better else "worse"
        found = set()
        for p in (self.beyond.low, self.beyond.high):
            # p and interval agree before the correction, and both must lie within the margin after it.
            equivalent = p < alpha
            found.add(
                f"equivalent, {shown}" if equivalent and different else "equivalent" if equivalent
                else shown if different else "inconclusive"
            )
        return found


def folds_of_set(members):
    known = [one.tested.fold_of_cell for one in members if one.tested.fold_of_cell is not None]
    return known[0] if known and all(np.array_equal(known[0], one) for one in known) else None


def families(members):
    """Of all cells, of positive and of negative ones; None where too few patients have any."""
    first = members[0].tested
    if len(set(first.units)) < 2:
        return None
    cells = Cells(first.units, first.are_patients, folds_of_set(members))
    found = {"accuracy": Family(cells, [Scores(cells, one.tested.scores) for one in members])}
    for name, label in (("sensitivity", 1), ("specificity", 0)):
        mask = first.labels == label
        kept = cells.kept(mask) if mask.any() else None
        found[name] = kept and Family(kept, [Scores(kept, one.tested.scores[:, mask]) for one in members])
    return found


def compared(found, options):
    """All pairs of a report: primary ones, then secondary ones."""
    pairs = []
    for members in sets_of_cells(found):
        references = Set(members, options)
        wanted = []
        if references.baseline:
            others = [one for one in members if not any(one is other for other in references.baselines)]
            wanted = [(one, references.baseline, "primary") for one in others]
        best = references.best
        for one in members:
            known = any({id(one), id(best)} == {id(first), id(second)} for first, second, _ in wanted if _ == "primary")
            if one is not best and not known:
                wanted.append((one, best, "secondary"))
        of = families(members) if wanted else None
        if of:
            pairs += [pair_of(members, of, *one, options) for one in wanted]
    pairs.sort(key=lambda pair: pair.family == "secondary")
    for family in ("primary", "secondary"):
        own = [pair for pair in pairs if pair.family == family]
        for pair, *values in zip(own, *(holm([getattr(pair, name) for pair in own]) for name in ("p", "p_beyond", "p_inferior"))):
            pair.corrected, beyond, inferior = values
            # A correction never makes a claim stronger.
            pair.beyond, pair.inferior = larger(pair.own_beyond, beyond), larger(pair.own_inferior, inferior)
            pair.of_family = len(own)
    return pairs


def pair_of(members, of, first, second, family, options):
    pair = Pair(first, second, family)
    places = [next(place for place, one in enumerate(members) if one is wanted) for wanted in (first, second)]
    beyond, inferior = [], []
    pair.rates = {}
    for name, margin in (
        ("accuracy", options.margin), ("sensitivity", options.sensitivity_margin), ("specificity", options.specificity_margin),
    ):
        if of[name] is None:
            pair.rates[name] = None
            continue
        difference, sums = of[name].compare(*places, options.level)
        tests = equivalence(difference, sums, of[name].cells.sizes, margin, options.alpha)
        beyond.append(tests["p"])
        inferior.append(tests["inferior"])
        pair.rates[name] = difference
        if name == "accuracy":
            pair.difference, pair.equivalence = difference, tests
    pair.own_beyond, pair.own_inferior = range_of(beyond[0]), range_of(inferior[0])
    pair.p, pair.p_beyond, pair.p_inferior = pair.difference.p, largest(beyond), largest(inferior)
    one, other = first.tested, second.tested
    pair.only = [float(np.sum(a * (1 - b))) for a, b in ((one.correctness, other.correctness), (other.correctness, one.correctness))]
    pair.mcnemar = pair.area = pair.delong = None
    if len(one.repeats) == len(other.repeats) == 1:
        pair.mcnemar = mcnemar(*(round(count) for count in pair.only))
        if one.folds == other.folds == 1:
            pair.area, pair.delong = delong(one.labels, one.repeats[0], other.repeats[0])
    pair.units, pair.are_patients = of["accuracy"].cells.count, of["accuracy"].cells.are_patients
    pair.largest_share = of["accuracy"].cells.largest_share
    pair.are_identical = len(one.repeats) == len(other.repeats) and all(map(np.array_equal, one.repeats, other.repeats))
    pair.splits = max(one.splits, other.splits)
    return pair


def largest(values):
    found = range_of(values[0])
    for value in values[1:]:
        found = larger(found, value)
    return found


def shown_pairs(pairs):
    """The pairs that a report has room for: those of the best configurations by validation."""
    if len(pairs) <= SHOWN_PAIRS:
        return pairs
    key = lambda pair: (-pair.first.validation[0], pair.first.validation[1]) if pair.first.validation else (1.0, 0.0)
    kept = {id(pair) for pair in sorted(pairs, key=key)[:SHOWN_PAIRS]}
    return [pair for pair in pairs if id(pair) in kept]


# --- areas -------------------------------------------------------------------------------------------------------------


def areas_of(tested):
    return ResampledArea(tested.labels, tested.repeats, tested.folds_of_repeats, tested.units)


def area_interval(one, options):
    """The interval of a configuration's area over patients and seeds; None where it has none or resamples do not differ."""
    values = one.tested and one.tested.qualities["auc"]
    if not values:
        return None
    found = areas_of(one.tested)
    draws = resampled(found.values, found.count)
    estimate = float(found.values(np.ones((1, found.count)))[0])
    half = half_of_seeds(values, options.level)
    if len(draws) < 2 or (draws[-1] - draws[0] < 1e-12 and half == 0):
        return None
    return cut(joined(percentile_interval(draws, options.level, OF_AREA), estimate, half), 0.0, 1.0)


def area_difference(pair, options):
    """Difference of two areas with its interval, and the resamples that ranklab takes."""
    one, other = pair.first.tested, pair.second.tested
    cells = len(one.labels) * (len(one.repeats) + len(other.repeats))
    replicates = min(OF_DIFFERENCE, max(CELLS // max(cells, 1), FEWEST))
    if not one.qualities["auc"] or not other.qualities["auc"]:
        return None, None, replicates
    first, second = areas_of(one), areas_of(other)
    statistic = lambda times: first.values(times) - second.values(times)
    draws = resampled(statistic, first.count)
    estimate = float(statistic(np.ones((1, first.count)))[0])
    interval = percentile_interval(draws, options.level, replicates)
    halves = [half_of_seeds(tested.qualities["auc"], options.level) for tested in (one, other)]
    if draws[-1] - draws[0] < 1e-12 and not any(halves):
        return estimate, None, replicates
    for half in halves:
        interval = joined(interval, estimate, half)
    return estimate, cut(interval, -1.0, 1.0), replicates


# --- both splits -------------------------------------------------------------------------------------------------------


def split_pairs(found, options):
    """Configurations under both splits: (random, patient, difference, corrected p, units, whether one of several)."""
    of_split = lambda kind: [one for one in found if one.first["split"] == kind and one.tested]
    rest = lambda one: (one.first["model"], *sorted(item for item in one.settings.items() if not item[0].startswith("data.split.")))
    pairs = []
    for random in of_split("random"):
        patients = [one for one in of_split("patient") if rest(one) == rest(random)]
        several = len(patients) > 1 or sum(rest(one) == rest(random) for one in of_split("random")) > 1
        for patient in patients:
            sides = [(one.tested.correctness, one.tested.patients, one.tested.qualities["accuracy"]) for one in (random, patient)]
            difference, units = unpaired(*sides, options.level)
            if difference:
                pairs.append((random, patient, difference, units, several))
    return [(*pair, p) for pair, p in zip(pairs, holm([pair[2].p for pair in pairs]))]


# --- power -------------------------------------------------------------------------------------------------------------


def power(pairs, options):
    """What the primary comparisons, or else the secondary ones, could have shown; None where none speaks of methods."""
    family = "primary" if any(pair.family == "primary" for pair in pairs) else "secondary"
    own = [pair for pair in pairs if pair.family == family]
    known = []
    for pair in own:
        spread = spreads(pair.difference) if pair.difference.carries_claims else None
        if spread:
            folds = pair.difference.parts["folds"] if pair.difference.parts["folds_decide"] else None
            seeds = min(pair.difference.seeds)
            known.append((*detectable(spread, folds, seeds, options.alpha, len(own)), seeds, spread))
    if not known:
        return None
    known.sort(key=lambda one: one[0])
    loss, margin, seeds, spread = known[len(known) // 2]
    needed = seeds_for_loss(spread, options.margin, options.alpha, len(own)) if loss > options.margin else None
    return dict(loss=loss, margin=margin, seeds=seeds, comparisons=len(own), needed=needed)
