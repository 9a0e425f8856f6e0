//! Published figures that stand beside ours.
//!
//! Source: a 2024 series of four posts on malaria detection with VGG16 in Keras (parts 2 and 4). They
//! were measured on 2,600 test cells of a random split, which are not our test cells.

use ranklab_stats::ConfusionMatrix;
use serde::Serialize;

/// Where the figures come from, for captions.
pub(crate) const SOURCE: &str = "a 2024 series of posts on malaria detection with VGG16 in Keras, \
    on 2,600 other test cells of a random split";

/// Figures of one published model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// What was trained.
    pub what: &'static str,
    /// Counts on the 2,600 test cells.
    pub matrix: ConfusionMatrix,
}

/// Classical fine-tuning: the posts' Table 1.
const MODEL_4: Published = Published {
    what: "model_4",
    matrix: ConfusionMatrix {
        true_positives: 1286,
        false_negatives: 14,
        false_positives: 46,
        true_negatives: 1254,
    },
};

/// LoRA of rank 5 in block5: the posts' Table 2.
const MODEL_5: Published = Published {
    what: "model_5 with rank 5 in block5",
    matrix: ConfusionMatrix {
        true_positives: 1264,
        false_negatives: 36,
        false_positives: 15,
        true_negatives: 1285,
    },
};

/// The published figures of a model; `None` for models that were not published.
pub(crate) fn published(model: &str) -> Option<Published> {
    match model {
        "model_4" => Some(MODEL_4),
        "model_5" => Some(MODEL_5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ranklab_stats::{ClassScores, ClassificationReport};

    use super::*;

    #[test]
    fn the_counts_agree_with_the_published_tables() {
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        let row = |scores: ClassScores| [scores.precision, scores.recall, scores.f1].map(rounded);
        for (published, accuracy, uninfected, parasitized) in [
            (MODEL_4, 0.9769, [0.99, 0.96, 0.98], [0.97, 0.99, 0.98]),
            (MODEL_5, 0.9804, [0.97, 0.99, 0.98], [0.99, 0.97, 0.98]),
        ] {
            let report = ClassificationReport::new(&published.matrix);
            assert_eq!(published.matrix.total(), 2600);
            assert!((report.accuracy - accuracy).abs() < 5e-5, "{}", published.what);
            assert_eq!(row(report.negative), uninfected, "{}", published.what);
            assert_eq!(row(report.positive), parasitized, "{}", published.what);
        }
    }
}
