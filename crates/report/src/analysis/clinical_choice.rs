//! Which configurations clinical measures are shown of, by validation images alone.

use ranklab_settings::Baseline;
use serde::Serialize;

use super::measured::Measured;
use super::references::references;

/// Why a configuration is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// It is the baseline of its test set.
    Baseline,
    /// It has the best validation accuracy of its test set, the baseline aside.
    BestOnValidation,
}

/// The configurations of a test set that are shown: the baseline and, of the others, the one with the best validation
/// figures. Test images have no part in it.
pub(crate) fn shown<'m, 'a>(set: &[&'m Measured<'a>], baseline: &Baseline) -> Vec<(Shown, &'m Measured<'a>)> {
    let Some(references) = references(set.iter().map(|one| &one.configuration), baseline) else {
        return Vec::new();
    };
    let of = |id: Option<usize>| set.iter().copied().find(|one| Some(one.configuration.id) == id);
    // Without validation figures nothing chooses among the others.
    let leading = of(references.best_other).filter(|one| one.configuration.validation.is_some());
    let named = [(Shown::Baseline, of(references.baseline)), (Shown::BestOnValidation, leading)];
    named.into_iter().filter_map(|(why, one)| Some((why, one?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::examined::examine;
    use crate::analysis::measured::gather;
    use crate::data::ReportData;
    use crate::fixture;

    fn names(data: &ReportData) -> Vec<(Shown, String)> {
        let examined = examine(data);
        let measured = gather(data, &examined).unwrap();
        let set: Vec<&Measured<'_>> = measured.iter().collect();
        let found = shown(&set, &data.baseline);
        found.into_iter().map(|(why, one)| (why, one.configuration.name.clone())).collect()
    }

    #[test]
    fn the_best_on_validation_is_shown_whatever_test_cells_say() {
        let mut data = fixture::ranks();
        let expected = [
            (Shown::Baseline, "model_4".into()),
            (Shown::BestOnValidation, "model_5 · block5 · rank 5".into()),
        ];
        assert_eq!(names(&data), expected);
        // Rank 5 is now the worst on test cells, and rank 16 the worst on validation images.
        data.runs[2].predictions.iter_mut().for_each(|row| row.probability = 1.0 - row.probability);
        data.runs[3].validation.iter_mut().for_each(|row| row.probability = 1.0 - row.probability);
        assert_eq!(names(&data), expected);
        data.runs[2].validation.iter_mut().for_each(|row| row.probability = 1.0 - row.probability);
        assert_eq!(names(&data)[1].1, "model_5 · block5 · rank 1");
    }

    #[test]
    fn another_baseline_is_shown_instead_and_one_without_validation_images_stays() {
        let mut data = fixture::ranks();
        (data.runs[0].validation, data.runs[0].epochs) = (Vec::new(), Vec::new());
        assert_eq!(names(&data)[0], (Shown::Baseline, "model_4".into()));
        data.runs.remove(0);
        assert_eq!(names(&data), [(Shown::BestOnValidation, "model_5 · block5 · rank 5".into())]);
        data.runs.iter_mut().for_each(|run| (run.validation, run.epochs) = (Vec::new(), Vec::new()));
        assert!(names(&data).is_empty());
    }
}
