//! Which configurations clinical measures are shown of, by validation images alone.

use ranklab_settings::Baseline;
use ranklab_stats::{THRESHOLD, accuracies};
use ranklab_store::PredictionRow;
use serde::Serialize;

use super::measured::Measured;

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
/// accuracy. Test images have no part in it.
pub(crate) fn shown<'m, 'a>(set: &[&'m Measured<'a>], baseline: &Baseline) -> Vec<(Shown, &'m Measured<'a>)> {
    let (selected, others): (Vec<_>, Vec<_>) =
        set.iter().copied().partition(|one| baseline.selects(&one.configuration.settings));
    // A baseline without validation images is still the baseline.
    let reference = best(&selected).or(selected.first().copied());
    let leading = best(&others);
    let named = [(Shown::Baseline, reference), (Shown::BestOnValidation, leading)];
    named.into_iter().filter_map(|(why, one)| Some((why, one?))).collect()
}

/// The best validation accuracy; the first of equals.
fn best<'m, 'a>(of: &[&'m Measured<'a>]) -> Option<&'m Measured<'a>> {
    let known = of.iter().filter_map(|one| Some((validation_accuracy(one)?, *one)));
    known.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, one)| one)
}

/// Share of validation images called right, averaged over the runs; `None` where a run has no such predictions.
fn validation_accuracy(one: &Measured<'_>) -> Option<f64> {
    let of_run = |rows: &[PredictionRow]| {
        if rows.is_empty() {
            return None;
        }
        let labels: Option<Vec<u8>> = rows.iter().map(|row| u8::try_from(row.label).ok()).collect();
        let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
        accuracies(&labels?, &[&probabilities], THRESHOLD).ok()?.first().copied()
    };
    let found: Option<Vec<f64>> = one.runs.iter().map(|run| of_run(&run.validation)).collect();
    let found = found.filter(|found| !found.is_empty())?;
    Some(found.iter().sum::<f64>() / found.len() as f64)
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
        let measured = gather(&data.title, &examined).unwrap();
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
        data.runs[0].validation.clear();
        assert_eq!(names(&data)[0], (Shown::Baseline, "model_4".into()));
        data.runs.remove(0);
        assert_eq!(names(&data), [(Shown::BestOnValidation, "model_5 · block5 · rank 5".into())]);
        data.runs.iter_mut().for_each(|run| run.validation.clear());
        assert!(names(&data).is_empty());
    }
}
