//! Precision, recall, F1 and support per class, laid out as scikit-learn's `classification_report`.

use serde::{Deserialize, Serialize};

use crate::confusion::ConfusionMatrix;

/// One row of a classification report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Share of truly this class among those called so.
    pub precision: f64,
    /// Share of this class that is called so.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// True images of this class; of all classes in an average's row.
    pub support: u64,
}

/// Scores per class with their averages, as scikit-learn's `classification_report` with
/// `zero_division=0`. Both classes always have a row, even one without images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Class 0.
    pub negative: ClassScores,
    /// Class 1.
    pub positive: ClassScores,
    /// Share of images called what they are.
    pub accuracy: f64,
    /// Plain mean of both classes.
    pub macro_average: ClassScores,
    /// Mean of both classes weighted by support.
    pub weighted_average: ClassScores,
}

impl ClassificationReport {
    /// The report that follows from the counts.
    pub fn new(matrix: &ConfusionMatrix) -> Self {
        let negative = scores(&matrix.flipped());
        let positive = scores(matrix);
        Self {
            negative,
            positive,
            accuracy: matrix.accuracy(),
            macro_average: average(negative, positive, 0.5, 0.5),
            weighted_average: match matrix.total() {
                0 => ClassScores::default(),
                total => average(
                    negative,
                    positive,
                    negative.support as f64 / total as f64,
                    positive.support as f64 / total as f64,
                ),
            },
        }
    }
}

/// Scores of the matrix's positive class.
fn scores(matrix: &ConfusionMatrix) -> ClassScores {
    ClassScores {
        precision: matrix.precision(),
        recall: matrix.sensitivity(),
        f1: matrix.f1(),
        support: matrix.positives(),
    }
}

fn average(first: ClassScores, second: ClassScores, first_weight: f64, second_weight: f64) -> ClassScores {
    let mean = |score: fn(&ClassScores) -> f64| score(&first) * first_weight + score(&second) * second_weight;
    ClassScores {
        precision: mean(|scores| scores.precision),
        recall: mean(|scores| scores.recall),
        f1: mean(|scores| scores.f1),
        support: first.support + second.support,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_model_4_counts_give_the_published_table() {
        let matrix = ConfusionMatrix {
            true_positives: 1286,
            false_negatives: 14,
            false_positives: 46,
            true_negatives: 1254,
        };
        let report = ClassificationReport::new(&matrix);
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        let row = |scores: ClassScores| [scores.precision, scores.recall, scores.f1].map(rounded);
        assert_eq!(row(report.negative), [0.99, 0.96, 0.98]);
        assert_eq!(row(report.positive), [0.97, 0.99, 0.98]);
        assert_eq!((report.negative.support, report.positive.support), (1300, 1300));
        assert!((report.accuracy - 0.976_923).abs() < 1e-6);
    }

    #[test]
    fn a_report_without_images_is_all_zero() {
        assert_eq!(ClassificationReport::new(&ConfusionMatrix::default()), ClassificationReport::default());
    }
}
