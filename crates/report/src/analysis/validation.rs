//! Figures on validation images, by which configurations are chosen: test figures judge once and choose nothing.

use std::cmp::Ordering;

use ranklab_stats::{ConfusionMatrix, THRESHOLD, log_loss};
use ranklab_store::{EpochMetric, PredictionRow};
use serde::Serialize;

use crate::data::RunData;

/// Figures on the validation images of a run or, averaged, of the runs of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Validation {
    /// Share of images that are called right at a probability of one half.
    pub accuracy: f64,
    /// Mean cross-entropy.
    pub loss: f64,
}

impl Validation {
    /// The figures of the epoch whose weights were kept: from the stored predictions or, of runs of earlier versions,
    /// from the metrics of that epoch. `None` where neither has finite figures.
    pub(crate) fn of_run(run: &RunData) -> Option<Self> {
        of_predictions(&run.validation).or_else(|| {
            let kept = run.row.result.as_ref()?.best_epoch;
            let of = |name: &str| {
                let is_wanted = |row: &&EpochMetric| row.epoch == kept && row.metric == name;
                run.epochs.iter().find(is_wanted).map(|row| row.value).filter(|value| value.is_finite())
            };
            Some(Self { accuracy: of("validation_accuracy")?, loss: of("validation_loss")? })
        })
    }

    /// The mean over the runs of a configuration; `None` where a run has none.
    pub(crate) fn of_runs(runs: &[&RunData]) -> Option<Self> {
        let all: Vec<Self> = runs.iter().map(|run| Self::of_run(run)).collect::<Option<_>>()?;
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then(|| Self { accuracy: mean(|one| one.accuracy), loss: mean(|one| one.loss) })
    }

    /// Better figures first: a higher accuracy or, of equal ones, a lower loss.
    pub(crate) fn order(one: Option<&Self>, other: Option<&Self>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) => {
                other.accuracy.total_cmp(&one.accuracy).then(one.loss.total_cmp(&other.loss))
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

fn of_predictions(rows: &[PredictionRow]) -> Option<Validation> {
    let labels: Vec<u8> = rows.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
    let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, THRESHOLD).ok()?;
    let loss = log_loss(&labels, &probabilities).ok()?;
    (matrix.total() > 0).then(|| Validation { accuracy: matrix.accuracy(), loss })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn predictions_count_and_else_the_metrics_of_the_kept_epoch() {
        let mut run = fixture::run(1, None, 0, 6);
        assert!((Validation::of_run(&run).unwrap().accuracy - 0.97).abs() < 1e-12);
        run.validation.clear();
        // Epoch 8 of the fixture: 0.972 − 0.1 / 8 − 0.003.
        assert!((Validation::of_run(&run).unwrap().accuracy - 0.9565).abs() < 1e-12);
        run.epochs.clear();
        assert_eq!(Validation::of_run(&run), None);
        assert_eq!(Validation::of_runs(&[]), None);
    }

    #[test]
    fn of_equal_accuracies_the_lower_loss_is_better_and_none_comes_last() {
        let of = |accuracy, loss| Validation { accuracy, loss };
        let mut all = [None, Some(of(0.9, 0.3)), Some(of(0.9, 0.2)), Some(of(0.95, 0.9))];
        all.sort_by(|one, other| Validation::order(one.as_ref(), other.as_ref()));
        assert_eq!(all, [Some(of(0.95, 0.9)), Some(of(0.9, 0.2)), Some(of(0.9, 0.3)), None]);
    }
}
