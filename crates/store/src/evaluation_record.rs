//! The rows of evaluations as Rust values.

use serde::{Deserialize, Serialize};

/// What an evaluation records besides its predictions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewEvaluation {
    /// Where the images are.
    pub dataset: String,
    /// Name of the positive class among them.
    pub positive: String,
    /// Name of the negative class.
    pub negative: String,
    /// The rule that finds groups.
    pub group_rule: String,
    /// Whether the images are generated.
    pub synthetic: bool,
    /// Number of images.
    pub images: i64,
    /// Number of groups.
    pub patients: i64,
    /// Hash over names, labels and content hashes of the images.
    pub image_set_hash: String,
    /// Images with the bytes of one that the run was trained or validated on; `None` where that is not known.
    pub shared_images: Option<i64>,
    /// Groups with the name of one that the run was trained or validated on; `None` where that is not known.
    pub shared_patients: Option<i64>,
    /// Why it is not known what the run has seen.
    pub audit_problem: Option<String>,
    /// The threshold that the run brings along.
    pub threshold: f64,
    /// Validation images that it was chosen on; `None` for the default threshold.
    pub threshold_images: Option<i64>,
    /// Device name.
    pub device: String,
    /// Version of ranklab.
    pub version: String,
    /// Commit of the sources that the program was compiled from, where it is known.
    pub git_commit: Option<String>,
    /// Whether those sources had changes that were not committed.
    pub git_dirty: Option<bool>,
    /// Cross-entropy.
    pub loss: f64,
    /// Accuracy at a threshold of one half, as all figures below.
    pub accuracy: f64,
    /// Recall of the positive class.
    pub sensitivity: f64,
    /// Recall of the negative class.
    pub specificity: f64,
    /// Precision of the positive class.
    pub precision: f64,
    /// F1 of the positive class.
    pub f1: f64,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Positive images called positive.
    pub true_positives: i64,
    /// Positive images called negative.
    pub false_negatives: i64,
    /// Negative images called positive.
    pub false_positives: i64,
    /// Negative images called negative.
    pub true_negatives: i64,
}

/// An evaluation as it is read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRow {
    /// Primary key.
    pub id: i64,
    /// The run.
    pub run: i64,
    /// RFC 3339, UTC.
    pub evaluated_at: String,
    /// What was recorded.
    pub evaluation: NewEvaluation,
}
