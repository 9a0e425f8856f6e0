//! Runs a plan: registers it, skips what is finished, trains the rest and records everything.

use std::path::PathBuf;

use burn::tensor::Device;
use ranklab_store::Store;

use crate::{
    Error,
    event::SweepEvent,
    plan::Plan,
    provenance::{Tree, host, is_alive},
    recorder::runtime,
    session::{Member, Session},
    sources::Sources,
};

/// The database's name in the runs folder.
pub const DATABASE: &str = "ranklab.db";

/// Where things are.
#[derive(Clone, Debug)]
pub struct Context {
    /// Database, feature caches and a folder per run.
    pub runs_folder: PathBuf,
    /// Generated images.
    pub data_folder: PathBuf,
    /// The file that `weights=imagenet` means.
    pub imagenet_weights: PathBuf,
    /// The command as it was typed.
    pub command: String,
    /// Most trials that are trained together.
    pub jobs: usize,
}

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
}

/// Gives a device for its name.
pub type DeviceOf<'a> = &'a dyn Fn(&str) -> Result<Device, String>;

/// Runs every trial of a plan that has no finished run, as many together as `jobs` and their settings
/// allow. One failing trial does not stop the others.
///
/// # Errors
/// When the database cannot be used. What goes wrong within a trial is recorded with it.
pub fn execute(
    plan: &Plan,
    context: &Context,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<SweepSummary, Error> {
    let runtime = runtime()?;
    let store = runtime.block_on(Store::open(&context.runs_folder.join(DATABASE)))?;
    let interrupted = runtime.block_on(store.mark_interrupted(&host(), &is_alive))?;
    for run in interrupted {
        on_event(SweepEvent::Notice(format!("run {run} was interrupted: its process is gone")));
    }
    let mut sources = Sources::default();
    let mut identities = Vec::new();
    for trial in &plan.trials {
        sources.open(&trial.config, context, on_event)?;
        identities.push(sources.identity(&trial.config)?);
    }
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
        tree: Tree::current(),
        sources: &sources,
    };
    let mut summary = SweepSummary { sweep, finished: 0, skipped: 0, failed: Vec::new() };
    let mut waiting: Vec<usize> = (0..plan.trials.len()).rev().collect();
    while let Some(position) = waiting.pop() {
        let trial = &plan.trials[position];
        // Asked again: another process may have finished it in the meantime.
        if let Some(run) = runtime.block_on(store.finished_run(&identities[position]))? {
            summary.skipped += 1;
            on_event(SweepEvent::TrialSkipped { position, label: trial.label.clone(), run });
            continue;
        }
        let mut group = vec![position];
        for &other in waiting.iter().rev() {
            if group.len() < context.jobs
                && trial.config.joins(&plan.trials[other].config)
                && !group.iter().any(|member| identities[*member] == identities[other])
                && runtime.block_on(store.finished_run(&identities[other]))?.is_none()
            {
                group.push(other);
            }
        }
        waiting.retain(|position| !group.contains(position));
        let members: Vec<Member<'_>> = group
            .iter()
            .map(|&position| Member {
                position,
                trial: &plan.trials[position],
                identity: &identities[position],
            })
            .collect();
        for member in &members {
            let (position, label) = (member.position, member.trial.label.clone());
            on_event(SweepEvent::TrialStarted { position, label });
        }
        let ended = session.run(&members, on_event);
        for (member, ended) in members.iter().zip(ended) {
            let (position, label) = (member.position, member.trial.label.clone());
            match ended {
                Ok((run, result)) => {
                    summary.finished += 1;
                    on_event(SweepEvent::TrialFinished { position, label, run, result: Box::new(result) });
                }
                Err(reason) => {
                    summary.failed.push((label.clone(), reason.clone()));
                    on_event(SweepEvent::TrialFailed { position, label, reason });
                }
            }
        }
    }
    drop(session);
    runtime.block_on(store.close());
    Ok(summary)
}
