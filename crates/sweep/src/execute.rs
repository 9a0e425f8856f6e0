//! Runs a plan: registers it, skips what is finished, trains the rest and records everything.

use std::{path::PathBuf, thread, time::Duration};

use burn::tensor::Device;
use ranklab_store::Store;
use ranklab_trainer::Stop;

use crate::{
    Error,
    checkpoint_file::remove_of_ended,
    claims::Claims,
    event::SweepEvent,
    memory,
    plan::Plan,
    process::{mark_interrupted, program},
    provenance::Code,
    recorder::runtime,
    session::{Ended, Session},
    sources::Sources,
};

/// Between looks at trials that other processes train.
const WAIT: Duration = Duration::from_millis(500);

/// The database's name in the runs folder.
pub const DATABASE: &str = "ranklab.db";

/// Where things are.
#[derive(Clone, Debug)]
pub struct Context {
    /// Database and a folder per run.
    pub runs_folder: PathBuf,
    /// Feature caches.
    pub features_folder: PathBuf,
    /// Generated images.
    pub data_folder: PathBuf,
    /// The file that `weights=imagenet` means.
    pub imagenet_weights: PathBuf,
    /// The command as it was typed.
    pub command: String,
    /// Most trials that are trained together.
    pub jobs: usize,
    /// A wish to stop.
    pub stop: Stop,
    /// What the program was compiled from.
    pub code: Code,
}

/// The folder of feature caches in the runs folder.
pub const FEATURES: &str = "features";

/// Trials that are trained together unless `jobs` says otherwise.
pub const DEFAULT_JOBS: usize = 4;

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSummary {
    /// The sweep in the database.
    pub sweep: i64,
    /// Trials that were trained now.
    pub finished: usize,
    /// Trials that had a finished run.
    pub skipped: usize,
    /// Label and reason of trials that failed.
    pub failed: Vec<(String, String)>,
    /// Label and place of trials that diverged, now or in an earlier run.
    pub diverged: Vec<(String, String)>,
    /// Trials that are left because it was asked to stop.
    pub left: usize,
}

/// Gives a device for its name.
pub type DeviceOf<'a> = &'a dyn Fn(&str) -> Result<Device, String>;

/// Runs every trial of a plan that has no finished run, as many together as `jobs` and their settings
/// allow; a run that was interrupted is continued. Several processes may run one plan: each trial is
/// trained by one of them, and each waits until all are done. One failing trial does not stop the others.
/// When it is asked to stop, what trains is left to be continued.
///
/// # Errors
/// When the database, the runs' folders or the feature cache cannot be written: nothing could be recorded
/// any more. What goes wrong within a trial is recorded with it.
pub fn execute(
    plan: &Plan,
    context: &Context,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<SweepSummary, Error> {
    let runtime = runtime()?;
    let store = runtime.block_on(Store::open(&context.runs_folder.join(DATABASE)))?;
    tell_interrupted(&runtime, &store, on_event)?;
    runtime.block_on(remove_of_ended(&store, &context.runs_folder))?;
    let mut sources = Sources::default();
    let mut identities = Vec::new();
    for trial in &plan.trials {
        sources.open(&trial.config, context, on_event)?;
        identities.push(sources.identity(&trial.config)?);
    }
    refuse_too_large(&runtime, &store, plan, &identities, &sources)?;
    let rows = plan.rows(&identities);
    let sweep = runtime.block_on(store.register_sweep(&plan.sweep(&context.command), &rows))?;
    let mut finished_runs = Vec::new();
    for identity in &identities {
        finished_runs.push(runtime.block_on(store.finished_run(identity))?);
    }
    on_event(SweepEvent::Planned {
        sweep,
        trials: plan.trials.len(),
        finished: finished_runs.iter().flatten().count(),
    });
    let session = Session {
        context,
        device_of,
        runtime: &runtime,
        store: &store,
        program: program(),
        sources: &sources,
    };
    let mut summary =
        SweepSummary { sweep, finished: 0, skipped: 0, failed: Vec::new(), diverged: Vec::new(), left: 0 };
    let mut claims = Claims::new(plan, &identities);
    while claims.left() > 0 && !context.stop.is_requested() {
        let members = claims.next_group(&session, &mut summary, on_event)?;
        if members.is_empty() {
            if claims.left() > 0 {
                // Others train what is left: one of them may yet leave it.
                thread::sleep(WAIT);
                tell_interrupted(&runtime, &store, on_event)?;
            }
            continue;
        }
        let ended = session.run(&members, on_event)?;
        for (member, ended) in members.iter().zip(ended) {
            let (position, run, label) = (member.position, member.run, member.trial.label.clone());
            match ended {
                Ended::Finished(result) => {
                    summary.finished += 1;
                    on_event(SweepEvent::TrialFinished { position, label, run, result });
                }
                Ended::Diverged(reason) => {
                    summary.diverged.push((label.clone(), reason.clone()));
                    on_event(SweepEvent::TrialDiverged { position, label, run, reason });
                }
                Ended::Failed(reason) => {
                    summary.failed.push((label.clone(), reason.clone()));
                    on_event(SweepEvent::TrialFailed { position, label, reason });
                }
                Ended::Interrupted => {
                    claims.give_back(position);
                    on_event(SweepEvent::TrialInterrupted { position, label, run });
                }
            }
        }
    }
    summary.left = claims.left();
    drop(session);
    runtime.block_on(store.close());
    Ok(summary)
}

/// Refuses a plan with a trial that is left to train and finds no room in memory even alone.
fn refuse_too_large(
    runtime: &tokio::runtime::Runtime,
    store: &Store,
    plan: &Plan,
    identities: &[String],
    sources: &Sources,
) -> Result<(), Error> {
    let mut left = Vec::new();
    for (trial, identity) in plan.trials.iter().zip(identities) {
        if runtime.block_on(store.finished_run(identity))?.is_none() {
            left.push(trial);
        }
    }
    memory::refuse_too_large(left.into_iter(), sources, memory::room())
}

/// Marks runs whose process is gone and tells of them.
fn tell_interrupted(
    runtime: &tokio::runtime::Runtime,
    store: &Store,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<(), Error> {
    for run in runtime.block_on(mark_interrupted(store))? {
        on_event(SweepEvent::Notice(format!("run {run} was interrupted: its process is gone")));
    }
    Ok(())
}
