//! The rows of the runs database as Rust values, for writing and for reading.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A sweep as it is registered before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSweep {
    /// A name for people, from the experiment file or the command line. A repeated request changes it.
    pub name: String,
    /// The command as it was typed. A repeated request changes it.
    pub command: String,
    /// Hash over the configuration hashes of all planned trials, in order. A sweep with the same
    /// plan is the same sweep: repeating the command finds it again.
    pub plan_hash: String,
    /// How its report compares. `None` leaves the plan of a known sweep as it is.
    pub analysis_plan: Option<RecordedPlan>,
}

/// An analysis plan as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPlan {
    /// Canonical JSON.
    pub plan: String,
    /// SHA-256 of that text.
    pub hash: String,
}

/// What the registration of a sweep did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The sweep's id.
    pub sweep: i64,
    /// A change of its analysis plan since the request before.
    pub plan_change: Option<PlanChangeRow>,
}

/// A request of a sweep with another analysis plan than the request before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChangeRow {
    /// RFC 3339, UTC.
    pub changed_at: String,
    /// Canonical JSON of the plan before; `None` where an earlier version registered the sweep.
    pub old_plan: Option<String>,
    /// Its hash.
    pub old_plan_hash: Option<String>,
    /// Canonical JSON of the requested plan.
    pub new_plan: String,
    /// Its hash.
    pub new_plan_hash: String,
}

/// A report of a sweep, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLook {
    /// Finished runs that it showed.
    pub finished: i64,
    /// Planned trials of the sweep.
    pub trials: i64,
    /// The ids of these runs, ascending, as a JSON list.
    pub runs: String,
    /// How it compared, as JSON.
    pub options: String,
}

/// A report of a sweep as it is read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookRow {
    /// RFC 3339, UTC.
    pub looked_at: String,
    /// See [`NewLook::finished`].
    pub finished: i64,
    /// See [`NewLook::trials`].
    pub trials: i64,
    /// See [`NewLook::runs`].
    pub runs: String,
    /// See [`NewLook::options`].
    pub options: String,
}

/// What distinguishes a finished run from others on the same test cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedRun {
    /// Primary key.
    pub id: i64,
    /// Hash of what the run computes.
    pub config_hash: String,
    /// Hash of the images used.
    pub image_set_hash: String,
    /// Hash of which image is in which part of the split.
    pub split_hash: String,
    /// RFC 3339, UTC.
    pub ended_at: Option<String>,
}

/// One planned trial: a complete configuration at its position in a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTrial {
    /// Position in the plan, from 0.
    pub position: i64,
    /// What differs from the sweep's other trials, for people: `rank=5 layers=block5`.
    pub label: String,
    /// Hash of what the trial computes.
    pub config_hash: String,
    /// The resolved configuration as canonical JSON.
    pub config: String,
}

/// A sweep with the counts of its trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRow {
    /// Primary key.
    pub id: i64,
    /// Name for people.
    pub name: String,
    /// The command of the newest request.
    pub command: String,
    /// See [`NewSweep::plan_hash`].
    pub plan_hash: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Planned trials.
    pub trials: i64,
    /// Trials with a finished run.
    pub finished: i64,
    /// Canonical JSON of the analysis plan that it was registered with; `None` of earlier versions.
    pub analysis_plan: Option<String>,
    /// SHA-256 of that text.
    pub analysis_plan_hash: Option<String>,
}

/// State of a run. Its name is the same in the database, in tables and in JSON.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RunStatus {
    /// Training, as far as is known.
    Running,
    /// Ended with test predictions.
    Finished,
    /// Ended by an error; `failure` says which.
    Failed,
    /// Its process is gone or was asked to stop; it can be continued.
    Interrupted,
    /// Its loss was no finite number any more; `failure` says where.
    Diverged,
    /// Its weights come from elsewhere; it has no training and no test.
    Imported,
}

impl RunStatus {
    /// The name used in the database and in tables.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Everything known about a run when it starts: all that is needed to repeat it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// Hash of what the run computes: equal for equal work, however its settings are written.
    pub config_hash: String,
    /// The resolved configuration as canonical JSON.
    pub config: String,
    /// The settings without seeds and fold in their normal form: runs of one family on the same images are repeats of
    /// one another. Where it is empty, the store takes `config` without its seeds and its fold.
    pub family: String,
    /// What differs from the sweep's other trials, for people.
    pub label: String,
    /// `model_4` or `model_5`.
    pub model: String,
    /// Adapted convolutions (`block5`, `block4+block5`, …); `None` without adapters.
    pub layers: Option<String>,
    /// Rank, where all adapters share one.
    pub rank: Option<i64>,
    /// Ranks as text: `5`, or `4+8+16` for one per layer; `None` without adapters.
    pub ranks: Option<String>,
    /// Adapter preset: `published` or `peft`; `None` without adapters.
    pub preset: Option<String>,
    /// Optimiser name.
    pub optimizer: String,
    /// Learning rate.
    pub learning_rate: f64,
    /// Epochs asked for.
    pub epochs: i64,
    /// Images per step.
    pub batch_size: i64,
    /// Seed of initial weights, shuffles and dropout.
    pub seed: i64,
    /// Dataset as named in the configuration.
    pub dataset: String,
    /// Whether the images are generated.
    pub synthetic: bool,
    /// Images used (train + validation + test).
    pub images: i64,
    /// Duplicates left out of the manifest.
    pub duplicate_images: i64,
    /// Unreadable images left out of the manifest.
    pub unreadable_images: i64,
    /// Images left out of the manifest because the same bytes are in both classes.
    pub contradicting_images: i64,
    /// Files that look like images and were passed over: of another format, hidden, no files, or in folders of
    /// neither class.
    pub skipped_files: i64,
    /// Side of the square network input in pixels.
    pub image_size: i64,
    /// Resizing method: `opencv` or `antialias`.
    pub resize: String,
    /// Hash over the names, labels and content hashes of the images used.
    pub image_set_hash: String,
    /// `random` or `patient`.
    pub split: String,
    /// Fold of a patient split.
    pub fold: Option<i64>,
    /// Seed of the split.
    pub split_seed: i64,
    /// Hash over which image is in which part of the split.
    pub split_hash: String,
    /// Training images.
    pub train_images: i64,
    /// Validation images.
    pub validation_images: i64,
    /// Test images.
    pub test_images: i64,
    /// Patients with at least one training or validation image.
    pub train_patients: i64,
    /// Patients with at least one test image.
    pub test_patients: i64,
    /// Patients with images on both sides of the split: the leak.
    pub shared_patients: i64,
    /// Test images whose patient is also in the training or validation part.
    pub shared_test_images: i64,
    /// Where the trunk's weights came from: `imagenet`, `random` or a path.
    pub weights: String,
    /// Hash of the trunk's 26 tensors.
    pub weights_hash: String,
    /// Device name: `flex`, `tch`, …
    pub device: String,
    /// Host name.
    pub host: String,
    /// Process id.
    pub process: i64,
    /// Commit of the sources that the program was compiled from, where it is known.
    pub git_commit: Option<String>,
    /// Whether those sources had changes that were not committed.
    pub git_dirty: Option<bool>,
    /// Version of ranklab.
    pub version: String,
    /// Trainable parameters.
    pub trainable_parameters: i64,
    /// Frozen parameters of the part of the network that the model uses.
    pub frozen_parameters: i64,
    /// Adapter parameters among the trainable ones.
    pub adapter_parameters: i64,
    /// Metric that chose the best epoch.
    pub select_by: String,
}

/// What a run's end adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Epoch (from 1) whose weights were restored.
    pub best_epoch: i64,
    /// Hash of the trained weights after restoring.
    pub model_hash: String,
    /// Seconds spent on trunk features (0 when the cache was warm).
    pub feature_seconds: f64,
    /// Seconds spent training and validating.
    pub train_seconds: f64,
    /// Seconds spent on the test images.
    pub test_seconds: f64,
    /// Training images per second, mean over epochs.
    pub images_per_second: f64,
    /// Peak resident memory of the process in bytes.
    pub peak_memory_bytes: i64,
    /// Test cross-entropy.
    pub test_loss: f64,
    /// Test accuracy.
    pub test_accuracy: f64,
    /// Recall of the positive class.
    pub sensitivity: f64,
    /// Recall of the negative class.
    pub specificity: f64,
    /// Precision of the positive class.
    pub precision: f64,
    /// F1 of the positive class.
    pub f1: f64,
    /// Area under the ROC curve; `None` when the test set holds one class only.
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

/// A run as it is read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Primary key.
    pub id: i64,
    /// State.
    pub status: RunStatus,
    /// Why it failed.
    pub failure: Option<String>,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub ended_at: Option<String>,
    /// What was known at the start.
    pub start: NewRun,
    /// What the end added; `None` unless finished.
    pub result: Option<RunResult>,
}

/// A metric at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetric {
    /// Epoch, from 1.
    pub epoch: i64,
    /// Step over the whole run, from 1.
    pub step: i64,
    /// Metric name: `loss`, `accuracy`.
    pub metric: String,
    /// Value.
    pub value: f64,
}

/// A metric of one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetric {
    /// Epoch, from 1.
    pub epoch: i64,
    /// Metric name: `train_loss`, `train_accuracy`, `validation_loss`, `validation_accuracy`,
    /// `seconds`, `images_per_second`.
    pub metric: String,
    /// Value.
    pub value: f64,
}

/// One test or validation image of one run. Runs of a sweep test the same images, so that names are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionRow {
    /// Image name inside its source.
    pub image: Arc<str>,
    /// Patient the cell was taken from.
    pub patient: Arc<str>,
    /// 1 = positive, 0 = negative.
    pub label: i64,
    /// Predicted probability of the positive class.
    pub probability: f64,
}

/// A file that a run left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRow {
    /// `model`, `adapter`, `split`, …
    pub kind: String,
    /// Path relative to the runs folder.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: i64,
}
