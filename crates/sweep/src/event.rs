//! Events of a running sweep, for user interfaces.

use ranklab_runs::SourceEvent;
use ranklab_store::RunResult;
use ranklab_trainer::{Event, Phases};

/// An event of a running sweep.
#[derive(Clone, Debug)]
pub enum SweepEvent {
    /// The plan is in the database.
    Planned {
        /// Number of the sweep.
        sweep: i64,
        /// Number of trials.
        trials: usize,
        /// Number of trials that already have a finished run.
        finished: usize,
    },
    /// A finished run of the same configuration exists: nothing is trained.
    TrialSkipped {
        /// Position in the plan, from 0.
        position: usize,
        /// Label: model, layers, rank and the settings that differ from the other trials.
        label: String,
        /// The run that is reused.
        run: i64,
    },
    /// A trial starts.
    TrialStarted {
        /// Position in the plan, from 0.
        position: usize,
        /// Label: model, layers, rank and the settings that differ from the other trials.
        label: String,
        /// Number of the run.
        run: i64,
    },
    /// Progress in reading or generating images.
    DataProgress {
        /// The work: "reading images", "generating images".
        task: &'static str,
        /// Number of images done.
        done: usize,
        /// Number of all images.
        total: usize,
    },
    /// A message of one line, such as on rejected images, synthetic images or random weights.
    Notice(String),
    /// An event of training.
    Training {
        /// Position in the plan, from 0.
        position: usize,
        /// The event.
        event: Event,
    },
    /// Times and operations of trials that trained together.
    Profile(Box<Profile>),
    /// A trial finished.
    TrialFinished {
        /// Position in the plan, from 0.
        position: usize,
        /// Label: model, layers, rank and the settings that differ from the other trials.
        label: String,
        /// Number of the run.
        run: i64,
        /// Results of the run.
        result: Box<RunResult>,
    },
    /// A trial diverged, now or in an earlier run; the sweep continues.
    TrialDiverged {
        /// Position in the plan, from 0.
        position: usize,
        /// Label: model, layers, rank and the settings that differ from the other trials.
        label: String,
        /// Number of the run.
        run: i64,
        /// Position and reason, in one line.
        reason: String,
    },
    /// A trial was interrupted and can be resumed.
    TrialInterrupted {
        /// Position in the plan, from 0.
        position: usize,
        /// Label: model, layers, rank and the settings that differ from the other trials.
        label: String,
        /// Number of the run.
        run: i64,
    },
    /// A trial failed; the sweep continues.
    TrialFailed {
        /// Position in the plan, from 0.
        position: usize,
        /// Label: model, layers, rank and the settings that differ from the other trials.
        label: String,
        /// Reason, in one line.
        reason: String,
    },
}

impl From<SourceEvent> for SweepEvent {
    fn from(event: SourceEvent) -> Self {
        match event {
            SourceEvent::Progress { task, done, total } => Self::DataProgress { task, done, total },
            SourceEvent::Notice(line) => Self::Notice(line),
        }
    }
}

/// Times and operations of trials that trained together.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Seconds of each part.
    pub phases: Phases,
    /// Seconds spent on storing models, predictions and results.
    pub store: f64,
    /// Floating-point operations of the trunk's products, where it ran.
    pub trunk_operations: f64,
    /// Floating-point operations of training's forward passes.
    pub forward_operations: f64,
    /// Floating-point operations of training's backward passes.
    pub backward_operations: f64,
}
