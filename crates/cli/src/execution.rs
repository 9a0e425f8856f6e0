//! Executes a plan with progress, convergence warnings and signals.

use anyhow::Context as _;
use ranklab_sweep::{Context, Error, Plan, SweepEvent, SweepSummary, execute};
use ranklab_trainer::Event;

use crate::{
    allocator,
    context::context,
    device::device,
    folders::Folders,
    signals::{Interrupted, Signals},
    ui::{convergence::ConvergenceWarnings, progress::Progress},
    worker_log::WorkerLog,
};

/// Work on a sweep that sends its events to the second argument.
pub(crate) type Work<'a> = &'a dyn Fn(&Context, &mut dyn FnMut(SweepEvent)) -> Result<SweepSummary, Error>;

/// What became of a plan that was executed.
pub(crate) struct Executed {
    /// What its trials came to.
    pub(crate) summary: SweepSummary,
    /// Warnings of runs that did not converge.
    pub(crate) warnings: ConvergenceWarnings,
    /// The signal that ended the sweep before its last trial.
    pub(crate) interrupted: Option<Interrupted>,
}

/// Executes a plan and shows its progress unless `quiet`; `observe` sees every event first.
///
/// # Errors
/// When the sweep fails, or a signal ends it before its first trial.
pub(crate) fn execute_plan(
    folders: &Folders,
    plan: &Plan,
    jobs: usize,
    quiet: bool,
    observe: &mut dyn FnMut(&SweepEvent),
) -> anyhow::Result<Executed> {
    let work: Work<'_> = &|context, on_event| execute(plan, context, &device, on_event);
    work_on_plan(folders, plan, jobs, quiet, work, None, observe)
}

/// Whether much memory is free when an event comes that is not needed again soon: of opening images and weights, packing the
/// trunk, feature extraction, evaluation and checkpoints.
fn leaves_memory(event: &Event) -> bool {
    match event {
        Event::Features { reused, .. } => !reused,
        // The trunk is packed before its first features.
        Event::FeatureProgress { done, total } => done * 10 < *total,
        Event::FeaturesReady | Event::Checkpoint(_) => true,
        _ => false,
    }
}

/// Works on a plan and shows its progress unless `quiet`; `observe` sees every event first. A worker's log takes note of
/// its runs.
///
/// # Errors
/// When the work fails, or a signal ends it before its first trial.
pub(crate) fn work_on_plan(
    folders: &Folders,
    plan: &Plan,
    jobs: usize,
    quiet: bool,
    work: Work<'_>,
    worker_log: Option<&mut WorkerLog>,
    observe: &mut dyn FnMut(&SweepEvent),
) -> anyhow::Result<Executed> {
    let signals = Signals::listen().context("cannot install signal handlers")?;
    let context = context(folders, jobs, signals.stop());
    let mut progress = Progress::of_plan(quiet, plan);
    let mut warnings = ConvergenceWarnings::default();
    let mut worker_log = worker_log;
    let summary = work(&context, &mut |event| {
        observe(&event);
        if let Some(worker_log) = &mut worker_log {
            worker_log.before(&event);
        }
        if let SweepEvent::Training { event, .. } = &event
            && leaves_memory(event)
        {
            allocator::release_freed_memory();
        }
        let not_converged = warnings.observe(folders, &event);
        progress.show(&event);
        not_converged.iter().for_each(|line| progress.line(line));
        if let Some(worker_log) = &mut worker_log {
            worker_log.after(&event);
        }
    });
    progress.finish();
    let summary = match summary {
        Err(problem) if problem.is_stopped() => {
            let state = "while images were read, before training began; repeat the command to start again";
            return Err(signals.interruption(state).map_or(problem.into(), anyhow::Error::from));
        }
        summary => summary?,
    };
    // A signal that comes after the last trial changes nothing.
    let interrupted = signals.interruption(&remaining(summary.left)).filter(|_| summary.left > 0);
    Ok(Executed { summary, warnings, interrupted })
}

/// What a signal left of a sweep, and how to resume it.
fn remaining(trials: usize) -> String {
    let trials = if trials == 1 { "1 trial".to_owned() } else { format!("{trials} trials") };
    format!(
        "with {trials} left, saved up to the last completed epoch; to resume, repeat the command or run `ranklab sweep --resume`"
    )
}
