"""What the sections of a report share, recomputed once."""

from scipy import stats

from .comparing import compared, shown_pairs, split_pairs
from .differences import Cells, Scores
from .ranges import scaled
from .rates import clustered_wilson, cut, joined
from .reading import configurations, test_sets


class Report:
    """Everything that sections share."""

    def __init__(self, database, sweep, finished, without, options):
        self.database, self.sweep, self.runs, self.without, self.options = database, sweep, finished, without, options
        self.configurations = configurations(finished, options)
        self.sets = test_sets(self.configurations, options)
        self.all_pairs = compared(self.configurations, options)
        self.pairs = shown_pairs(self.all_pairs)
        self.splits = split_pairs(self.configurations, options)
        self.names = [one.name for one in self.configurations]
        self.confidence = 100 * options.level
        self.percent = f"{self.confidence:.2f}".rstrip("0").rstrip(".") + " %"
        for one in self.configurations:
            one.interval = accuracy_interval(one, options)

    def is_alone(self):
        """Whether any units are single cells."""
        return any(one.tested and not one.tested.are_patients for one in self.configurations)


def points(values):
    return [scaled(value, 100) for value in values]


def accuracy_interval(one, options):
    """Wilson's over patients; what the luck of seeds adds beyond single patients joins it by Student's t."""
    tested = one.tested
    if not tested or len(set(tested.units)) < 2:
        return None
    found = clustered_wilson(tested.correctness, tested.units, options.level)
    scores = Scores(Cells(tested.units, tested.are_patients), tested.scores)
    if scores.variance:
        of_seeds, freedom, of_patients = scores.variance
        half = stats.t.ppf(0.5 + options.level / 2, freedom) * max(of_seeds - of_patients, 0.0) ** 0.5
        found = cut(joined(found, float(tested.correctness.mean()), half), 0.0, 1.0)
    return found
