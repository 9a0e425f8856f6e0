//! Thresholds chosen on validation images and what they do on test images, never the other way round.

use ranklab_stats::{
    OperatingPoint, sensitivity_at_specificity, specificity_at_sensitivity, youden_threshold,
};
use ranklab_store::PredictionRow;
use serde::Serialize;

use crate::data::RunData;

use super::clustered_rate::{Rate, clustered_rate};

/// The specificity or sensitivity that validation images are to reach.
pub(crate) const FIXED: f64 = 0.95;

/// What a threshold is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// The largest sum of sensitivity and specificity.
    Youden,
    /// The highest sensitivity with at least the fixed specificity.
    Specificity,
    /// The highest specificity with at least the fixed sensitivity.
    Sensitivity,
}

impl Aim {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 3] = [Self::Youden, Self::Specificity, Self::Sensitivity];

    fn choose(self, labels: &[u8], probabilities: &[f64]) -> Option<OperatingPoint> {
        match self {
            Self::Youden => youden_threshold(labels, probabilities),
            Self::Specificity => sensitivity_at_specificity(labels, probabilities, FIXED),
            Self::Sensitivity => specificity_at_sensitivity(labels, probabilities, FIXED),
        }
        .ok()
        .flatten()
    }
}

/// The rates of test cells at thresholds from validation images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    /// The lowest and the highest threshold of the runs.
    pub thresholds: (f64, f64),
    /// Share of positive cells that are called so.
    pub sensitivity: Rate,
    /// Share of negative cells that are called so.
    pub specificity: Rate,
}

/// What came of one aim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AimPoint {
    /// What the thresholds were chosen for.
    pub aim: Aim,
    /// The rates on test cells; `None` where a class has too few cells, a prediction is no number or no threshold
    /// reaches the aim.
    pub applied: Option<Applied>,
}

/// The points of all aims; `None` when a run has no validation predictions to choose a threshold on.
pub(crate) fn operating_points(runs: &[&RunData], level: f64) -> Option<Vec<AimPoint>> {
    if runs.iter().any(|run| run.validation.is_empty()) {
        return None;
    }
    Some(Aim::ALL.into_iter().map(|aim| AimPoint { aim, applied: applied(runs, aim, level) }).collect())
}

/// Chooses each run's threshold on the run's validation images and applies it to the run's test cells; the
/// cells of all runs count together, a patient's as one unit. `None` when a run has no validation
/// predictions, when these or the test cells are of one class only, or no threshold reaches the aim.
pub(crate) fn applied(runs: &[&RunData], aim: Aim, level: f64) -> Option<Applied> {
    let mut thresholds = Vec::new();
    let mut of_class = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for run in runs {
        let (labels, probabilities) = lists(&run.validation);
        let threshold = aim.choose(&labels, &probabilities)?.threshold;
        thresholds.push(threshold);
        let (labels, probabilities) = lists(&run.predictions);
        if probabilities.iter().any(|probability| probability.is_nan()) {
            return None;
        }
        for ((label, probability), row) in labels.iter().zip(probabilities).zip(&run.predictions) {
            let (right, patients) = of_class.get_mut(usize::from(*label))?;
            right.push(f64::from(u8::from((probability >= threshold) == (*label == 1))));
            patients.push(row);
        }
    }
    let rate = |(right, rows): &(Vec<f64>, Vec<&PredictionRow>)| clustered_rate(right, rows, level);
    let (specificity, sensitivity) = (rate(&of_class[0])?, rate(&of_class[1])?);
    let least = thresholds.iter().copied().reduce(f64::min)?;
    let most = thresholds.iter().copied().reduce(f64::max)?;
    Some(Applied { thresholds: (least, most), specificity, sensitivity })
}

fn lists(rows: &[PredictionRow]) -> (Vec<u8>, Vec<f64>) {
    let labels = rows.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX));
    (labels.collect(), rows.iter().map(|row| row.probability).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn rows(cells: &[(i64, f64)]) -> Vec<PredictionRow> {
        let row = |(place, &(label, probability)): (usize, &(i64, f64))| PredictionRow {
            image: format!("{place}.png").into(),
            patient: format!("C{place}").into(),
            label,
            probability,
        };
        cells.iter().enumerate().map(row).collect()
    }

    fn run(validation: &[(i64, f64)], test: &[(i64, f64)]) -> RunData {
        RunData { validation: rows(validation), predictions: rows(test), ..fixture::run(1, Some(5), 0, 4) }
    }

    #[test]
    fn the_threshold_is_that_of_validation_whatever_the_test_cells_say() {
        let validation = [(1, 0.9), (1, 0.7), (0, 0.6), (0, 0.2)];
        // On test any threshold above 0.65 would be perfect, below it there are false positives.
        let run = run(&validation, &[(1, 0.95), (1, 0.68), (0, 0.65), (0, 0.1)]);
        let youden = applied(&[&run], Aim::Youden, 0.95).unwrap();
        assert_eq!(youden.thresholds, (0.7, 0.7));
        assert_eq!((youden.sensitivity.rate, youden.specificity.rate), (0.5, 1.0));
        assert!(youden.sensitivity.interval.contains(0.5) && youden.specificity.interval.lower < 0.9);
        let mut other = run.clone();
        other.predictions = rows(&[(1, 0.1), (0, 0.9), (1, 0.2), (0, 0.95)]);
        assert_eq!(applied(&[&other], Aim::Youden, 0.95).unwrap().thresholds, youden.thresholds);
    }

    #[test]
    fn each_run_keeps_its_own_threshold_and_their_cells_count_together() {
        let one = run(&[(1, 0.9), (0, 0.2)], &[(1, 0.95), (0, 0.92)]);
        let two = run(&[(1, 0.4), (0, 0.1)], &[(1, 0.5), (0, 0.3)]);
        let both = applied(&[&one, &two], Aim::Specificity, 0.95).unwrap();
        assert_eq!(both.thresholds, (0.4, 0.9));
        // 0.92 is above 0.9, 0.3 is below 0.4.
        assert_eq!((both.sensitivity.rate, both.specificity.rate), (1.0, 0.5));
    }

    #[test]
    fn a_class_or_a_number_that_is_missing_leaves_no_point() {
        let one_class = run(&[(1, 0.9), (1, 0.2)], &[(1, 0.95), (0, 0.92)]);
        assert_eq!(applied(&[&one_class], Aim::Youden, 0.95), None);
        let diverged = run(&[(1, 0.9), (0, f64::NAN)], &[(1, 0.95), (0, 0.92)]);
        assert_eq!(applied(&[&diverged], Aim::Youden, 0.95), None);
        let strange = run(&[(1, 0.9), (0, 0.2)], &[(2, 0.95), (0, 0.92)]);
        assert_eq!(applied(&[&strange], Aim::Youden, 0.95), None);
    }
}
