//! The grid strategy: all combinations of an experiment's values, each once.

use std::collections::HashSet;

use ranklab_settings::Experiment;

use super::proposal::{EndedTrial, Strategy};
use crate::{Error, planned::PlanTrial};

/// All combinations of an experiment's values, the last key fastest. Combinations that compute the same, such as model_4
/// at several ranks, are one trial.
#[derive(Debug)]
pub struct Grid<'a> {
    experiment: &'a Experiment,
    is_proposed: bool,
}

impl<'a> Grid<'a> {
    /// A grid over the values of `experiment`.
    pub fn new(experiment: &'a Experiment) -> Self {
        Self { experiment, is_proposed: false }
    }
}

impl Strategy for Grid<'_> {
    fn propose(&mut self, _ended: &[EndedTrial]) -> Result<Vec<PlanTrial>, Error> {
        if std::mem::replace(&mut self.is_proposed, true) {
            return Ok(Vec::new());
        }
        let mut hashes = HashSet::new();
        let trials = self.experiment.resolve_all()?.into_iter().filter_map(|(combination, config)| {
            let is_new = hashes.insert(config.hash());
            is_new.then(|| PlanTrial::new(self.experiment.label(&combination, &config), config))
        });
        Ok(trials.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_proposes_its_trials_once() {
        let experiment = Experiment::default().with_overrides(["rank=1,5", "seed=0..2"]).unwrap();
        let mut grid = Grid::new(&experiment);
        assert_eq!(grid.propose(&[]).unwrap().len(), 6);
        assert_eq!(grid.propose(&[]).unwrap(), []);
    }
}
