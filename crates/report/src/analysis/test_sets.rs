//! Sets of configurations that were tested on the same cells.

use std::collections::BTreeMap;

use ranklab_settings::Baseline;
use serde::Serialize;

use super::cells::TestCells;
use super::configuration::Division;
use super::measured::Measured;
use super::references::{References, references};

/// Configurations that were tested on the same cells: only their figures compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestSet {
    /// Ids of the configurations; those without predictions, which count by their division, come last.
    pub configurations: Vec<usize>,
    /// What those with predictions are compared with; of none of these what all have.
    pub references: References,
}

/// Ids of the configurations whose predictions are on the same cells, in the order of their first.
pub(crate) fn sets_of_cells(measured: &[Measured<'_>]) -> Vec<Vec<usize>> {
    let mut sets: Vec<(&TestCells, Vec<usize>)> = Vec::new();
    for (id, one) in measured.iter().enumerate() {
        let Some(cells) = &one.cells else { continue };
        match sets.iter_mut().find(|(known, _)| known.are_those_of(cells)) {
            Some((_, set)) => set.push(id),
            None => sets.push((cells, vec![id])),
        }
    }
    sets.into_iter().map(|(_, set)| set).collect()
}

/// The sets of a report, those first of whose test cells the fewest come from patients that also stand in training.
/// Configurations without predictions count by their divisions.
pub(crate) fn test_sets(
    measured: &[Measured<'_>],
    of_cells: &[Vec<usize>],
    baseline: &Baseline,
) -> Vec<TestSet> {
    let mut sets = of_cells.to_vec();
    let mut others: BTreeMap<&[Division], Vec<usize>> = BTreeMap::new();
    for (id, one) in measured.iter().enumerate() {
        if one.cells.is_none() && one.configuration.accuracy().is_some() {
            let divisions = &one.configuration.divisions;
            match sets.iter_mut().find(|set| measured[set[0]].configuration.divisions == *divisions) {
                Some(set) => set.push(id),
                None => others.entry(divisions).or_default().push(id),
            }
        }
    }
    sets.extend(others.into_values());
    let leaked = |set: &Vec<usize>| {
        let start = &measured[set[0]].configuration.start;
        start.shared_test_images as f64 / start.test_images.max(1) as f64
    };
    sets.sort_by(|one, other| leaked(one).total_cmp(&leaked(other)));
    let with_references = |configurations: Vec<usize>| {
        let of_set = || configurations.iter().map(|id| &measured[*id]);
        let are_compared = of_set().any(|one| one.cells.is_some());
        let counted = of_set().filter(|one| one.cells.is_some() == are_compared);
        let references = references(counted.map(|one| &one.configuration), baseline)?;
        Some(TestSet { configurations, references })
    };
    sets.into_iter().filter_map(with_references).collect()
}
