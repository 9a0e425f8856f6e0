//! What a sweep reports while it runs, for whoever shows it.

use ranklab_runs::SourceEvent;
use ranklab_store::RunResult;
use ranklab_trainer::{Event, Phases};

/// One thing that happened in a sweep, in order.
#[derive(Clone, Debug)]
pub enum SweepEvent {
    /// The plan is in the database.
    Planned {
        /// Sweep in the database.
        sweep: i64,
        /// Trials in all.
        trials: usize,
        /// Trials that already have a finished run.
        finished: usize,
    },
    /// A finished run of the same configuration exists: nothing is trained.
    TrialSkipped {
        /// Place in the plan, from 0.
        position: usize,
        /// What differs from the other trials.
        label: String,
        /// The run that is reused.
        run: i64,
    },
    /// A trial begins.
    TrialStarted {
        /// Place in the plan, from 0.
        position: usize,
        /// What differs from the other trials.
        label: String,
    },
    /// Images are read, hashed or generated.
    DataProgress {
        /// What is done: "reading images", "generating images".
        task: &'static str,
        /// Images done.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// Something worth a line: duplicates left out, synthetic data, random weights.
    Notice(String),
    /// The trial's trainer reports.
    Training {
        /// Place in the plan, from 0.
        position: usize,
        /// What it reports.
        event: Event,
    },
    /// Where the time of trials that were trained together went.
    Profile(Box<Profile>),
    /// A trial ended well.
    TrialFinished {
        /// Place in the plan, from 0.
        position: usize,
        /// What differs from the other trials.
        label: String,
        /// Its run.
        run: i64,
        /// Its figures.
        result: Box<RunResult>,
    },
    /// A trial diverged, now or in an earlier run; the sweep goes on.
    TrialDiverged {
        /// Place in the plan, from 0.
        position: usize,
        /// What differs from the other trials.
        label: String,
        /// Its run.
        run: i64,
        /// Where, in one line.
        reason: String,
    },
    /// A trial was left before its end, to be continued.
    TrialInterrupted {
        /// Place in the plan, from 0.
        position: usize,
        /// What differs from the other trials.
        label: String,
        /// Its run.
        run: i64,
    },
    /// A trial failed; the sweep goes on.
    TrialFailed {
        /// Place in the plan, from 0.
        position: usize,
        /// What differs from the other trials.
        label: String,
        /// Why, in one line.
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

/// Where the time of trials that were trained together went.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Seconds of each part.
    pub phases: Phases,
    /// Seconds of storing models, predictions and results.
    pub store: f64,
    /// Floating-point operations of the trunk's products, where it ran.
    pub trunk_operations: f64,
    /// Floating-point operations of training's forward passes.
    pub forward_operations: f64,
    /// Floating-point operations of training's backward passes.
    pub backward_operations: f64,
}
