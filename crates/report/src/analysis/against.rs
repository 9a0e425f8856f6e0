//! Each configuration of a test set against one reference, with the difference of every run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::configuration::Configuration;
use super::pairs::{Comparisons, Pair};
use super::run::Run;
use super::test_sets::TestSet;

/// The difference in accuracy of one run to the reference on the same division of the images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RunDifference {
    /// Id of the run.
    pub run: i64,
    /// Its test accuracy less the mean of the reference's runs on the same division, as a share.
    pub difference: f64,
}

/// A configuration against the reference of its test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Against {
    /// Id of the configuration.
    pub configuration: usize,
    /// Its comparison with the reference; `None` where it was not made.
    pub pair: Option<Pair>,
    /// The difference of each of its runs whose division the reference was tested on.
    pub runs: Vec<RunDifference>,
}

/// The configurations of a test set against its reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgainstReference {
    /// Index of the test set.
    pub test_set: usize,
    /// Id of the baseline or, where there is none, of the best by validation.
    pub reference: usize,
    /// Whether the reference is the baseline.
    pub is_baseline: bool,
    /// The other configurations: by rank within the same layers, else in the order of the report.
    pub others: Vec<Against>,
}

/// The configurations of each test set against its reference, in the order of the sets.
pub(crate) fn against(
    sets: &[TestSet],
    configurations: &[&Configuration],
    comparisons: &Comparisons,
    runs: &[Run],
) -> Vec<AgainstReference> {
    let accuracies = Accuracies::of(runs);
    let of_set = |(test_set, set): (usize, &TestSet)| {
        let reference = set.references.baseline.unwrap_or(set.references.best);
        let expected = accuracies.by_division(configurations[reference]);
        let mut others: Vec<usize> =
            set.configurations.iter().copied().filter(|id| *id != reference).collect();
        others.sort_by_key(|id| place(set, configurations, *id));
        let one = |id: usize| Against {
            configuration: id,
            pair: comparisons.pair(id, reference).cloned(),
            runs: accuracies.differences(configurations[id], &expected),
        };
        AgainstReference {
            test_set,
            reference,
            is_baseline: set.references.baseline.is_some(),
            others: others.into_iter().map(one).collect(),
        }
    };
    sets.iter().enumerate().map(of_set).collect()
}

/// Where the first of its series stands in the set, then its rank.
fn place(set: &TestSet, configurations: &[&Configuration], id: usize) -> (usize, i64) {
    let own = configurations[id];
    let first =
        set.configurations.iter().position(|one| configurations[*one].without_rank == own.without_rank);
    (first.unwrap_or(usize::MAX), own.start.rank.unwrap_or(0))
}

/// A division of images into training, validation and test cells, by its hashes.
type DivisionKey<'a> = (&'a str, &'a str);

/// Test accuracies of runs by their ids, with the division that each was tested on.
struct Accuracies<'a>(BTreeMap<i64, (DivisionKey<'a>, f64)>);

impl<'a> Accuracies<'a> {
    fn of(runs: &'a [Run]) -> Self {
        let of_run = |run: &'a Run| {
            let start = &run.row.start;
            let division = (start.image_set_hash.as_str(), start.split_hash.as_str());
            Some((run.row.id, (division, run.row.result.as_ref()?.test_accuracy)))
        };
        Self(runs.iter().filter_map(of_run).collect())
    }

    /// Mean accuracy of a configuration on each of its divisions.
    fn by_division(&self, configuration: &Configuration) -> BTreeMap<DivisionKey<'a>, f64> {
        let mut sums: BTreeMap<DivisionKey<'a>, (f64, usize)> = BTreeMap::new();
        for (division, accuracy) in configuration.runs.iter().filter_map(|run| self.0.get(run)) {
            let (sum, number) = sums.entry(*division).or_default();
            *sum += accuracy;
            *number += 1;
        }
        sums.into_iter().map(|(division, (sum, number))| (division, sum / number as f64)).collect()
    }

    fn differences(
        &self,
        configuration: &Configuration,
        expected: &BTreeMap<DivisionKey<'a>, f64>,
    ) -> Vec<RunDifference> {
        let of_run = |run: &i64| {
            let (division, accuracy) = self.0.get(run)?;
            Some(RunDifference { run: *run, difference: accuracy - expected.get(division)? })
        };
        configuration.runs.iter().filter_map(of_run).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn every_run_has_its_difference_on_its_own_cells() {
        let analysis = analyse(&fixture::ranks()).unwrap();
        let found = &analysis.against[0];
        assert_eq!((found.reference, found.is_baseline), (0, true));
        let shown: Vec<(usize, f64)> =
            found.others.iter().map(|one| (one.configuration, one.runs[0].difference)).collect();
        for ((configuration, difference), expected) in
            shown.into_iter().zip([(1, -0.01), (2, 0.01), (3, 0.005)])
        {
            assert_eq!(configuration, expected.0);
            assert!((difference - expected.1).abs() < 1e-12, "{difference}");
        }
        assert!(found.others.iter().all(|one| one.pair.is_some()));
    }

    #[test]
    fn ranks_stand_in_their_order() {
        let analysis = analyse(&fixture::series(&[(16, 40), (1, 300), (5, 42)])).unwrap();
        let found = &analysis.against[0];
        let rank = |id: usize| analysis.configurations[id].start.rank.unwrap();
        let others: Vec<i64> = found.others.iter().map(|one| rank(one.configuration)).collect();
        assert!(others.is_sorted() && others.len() == 2, "{others:?}");
        assert!(!found.is_baseline);
    }

    #[test]
    fn the_answer_rests_on_all_comparisons_also_on_those_that_are_not_shown() {
        let analysis = analyse(&fixture::many(120)).unwrap();
        assert!(analysis.comparisons.left_out > 0);
        let others = &analysis.against[0].others;
        assert_eq!(others.len(), 119);
        assert!(others.iter().all(|one| one.pair.is_some()));
    }

    #[test]
    fn folds_and_seeds_are_compared_with_the_reference_on_their_own_fold() {
        let analysis = analyse(&fixture::folds()).unwrap();
        for one in &analysis.against[0].others {
            assert_eq!(one.runs.len(), analysis.configurations[one.configuration].runs.len());
        }
    }
}
