//! What the configurations of a test set are compared with: the baseline, and the best by validation.

use ranklab_settings::Baseline;
use serde::Serialize;

use super::configuration::Configuration;
use super::validation::Validation;

/// The references of configurations that were tested on the same cells. None is chosen by test figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct References {
    /// Id of the baseline: of those that the baseline's settings select the one with the best validation figures.
    pub baseline: Option<usize>,
    /// Id of the configuration with the best validation figures of all.
    pub best: usize,
    /// Id of the one with the best validation figures of those that the baseline's settings do not select.
    pub best_other: Option<usize>,
    /// Whether validation figures chose. Where runs of earlier versions stored none, the first of each kind is taken.
    pub by_validation: bool,
}

/// The references of a test set; `None` of one without configurations.
pub(crate) fn references<'a>(
    set: impl Iterator<Item = &'a Configuration> + Clone,
    baseline: &Baseline,
) -> Option<References> {
    let is_baseline = |one: &&Configuration| baseline.selects(&one.settings);
    Some(References {
        baseline: best_by_validation(set.clone().filter(is_baseline)).map(|one| one.id),
        best: best_by_validation(set.clone())?.id,
        best_other: best_by_validation(set.clone().filter(|one| !is_baseline(one))).map(|one| one.id),
        by_validation: set.clone().all(|one| one.validation.is_some()),
    })
}

/// The configuration with the best validation figures, of equals the first. Where none has any, the first: nothing is
/// chosen by test figures.
fn best_by_validation<'a>(
    configurations: impl IntoIterator<Item = &'a Configuration>,
) -> Option<&'a Configuration> {
    let order = |one: &&Configuration, other: &&Configuration| {
        Validation::order(one.validation.as_ref(), other.validation.as_ref())
    };
    configurations.into_iter().min_by(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn of(data: &ReportData) -> References {
        references(analyse(data).unwrap().configurations.iter(), &data.baseline).unwrap()
    }

    #[test]
    fn test_figures_choose_no_reference() {
        let mut data = fixture::ranks();
        // Ranks 1, 5 and 16 with 8, 4 and 5 errors on validation images.
        let found = of(&data);
        let expected = References { baseline: Some(0), best: 2, best_other: Some(2), by_validation: true };
        assert_eq!(found, expected);
        for run in &mut data.runs {
            run.predictions.iter_mut().for_each(|row| row.probability = 1.0 - row.probability);
        }
        assert_eq!(of(&data), expected);
        data.runs.iter_mut().for_each(|run| (run.validation, run.epochs) = (Vec::new(), Vec::new()));
        assert_eq!(of(&data), References { best: 0, best_other: Some(1), by_validation: false, ..expected });
    }

    #[test]
    fn any_settings_make_a_baseline() {
        let mut data = fixture::ranks();
        data.baseline = "lr=0.005 model_5".parse().unwrap();
        let found = of(&data);
        assert_eq!((found.baseline, found.best_other), (Some(2), Some(0)));
        data.baseline = "lr=0.1".parse().unwrap();
        assert_eq!(of(&data).baseline, None);
    }
}
