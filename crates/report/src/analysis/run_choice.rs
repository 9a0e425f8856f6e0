//! Which runs are shown in detail.

use std::collections::{HashMap, HashSet};

use crate::data::RunData;

use super::validation::Validation;

/// Most runs shown in detail: a page of a thousand would have 40 MB.
pub(crate) const DETAILED: usize = 48;

/// Ids of the runs shown in detail: all of them, or of more than a page can hold those with the best validation figures.
pub(crate) fn detailed(runs: &[RunData]) -> HashSet<i64> {
    if runs.len() <= DETAILED {
        return runs.iter().map(|run| run.row.id).collect();
    }
    by_rank_on_cells(runs).into_iter().take(DETAILED).map(|place| runs[place].row.id).collect()
}

/// Indices of the runs: first the best by validation of each set of test cells, then the second of each, and so on, since
/// figures on different cells do not compare.
fn by_rank_on_cells(runs: &[RunData]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    let validation: Vec<Option<Validation>> = runs.iter().map(Validation::of_run).collect();
    order.sort_by(|one, other| Validation::order(validation[*one].as_ref(), validation[*other].as_ref()));
    let mut tested: HashMap<(&str, &str), usize> = HashMap::new();
    let mut ranked: Vec<(usize, usize)> = order
        .into_iter()
        .map(|run| {
            let start = &runs[run].row.start;
            let rank = tested.entry((&start.image_set_hash, &start.split_hash)).or_default();
            *rank += 1;
            (*rank, run)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, run)| run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn ids(runs: &[RunData]) -> Vec<i64> {
        let mut ids: Vec<i64> = detailed(runs).into_iter().collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn few_runs_are_all_shown_in_detail() {
        assert_eq!(ids(&fixture::ranks().runs), [1, 2, 3, 4]);
    }

    #[test]
    fn of_many_the_best_are_shown() {
        let mut data = fixture::many(60);
        // Each run of the fixture makes as many errors as its number.
        assert_eq!(ids(&data.runs), (1..=DETAILED as i64).collect::<Vec<_>>());
        // The worse half was tested on other cells: both have the same part in what is shown.
        for run in &mut data.runs[30..] {
            run.row.start.split_hash = "another".into();
        }
        assert_eq!(ids(&data.runs).iter().filter(|id| **id > 30).count(), DETAILED / 2);
    }
}
