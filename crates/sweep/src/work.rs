//! Runs a sweep: registers it, then claims, trains and records its trials until none remains.

use std::{thread, time::Duration};

use ranklab_runs::{DeviceOf, carry_over, mark_interrupted, remove_of_ended, run_folder::highest, runtime};
use ranklab_store::Store;
use tokio::runtime::Runtime;

use crate::{
    Error,
    claims::Claims,
    context::Context,
    event::SweepEvent,
    plan::Plan,
    register::{Registered, register},
    session::{Ended, Session},
    summary::SweepSummary,
};

/// Time between two queries for trials that other processes train.
const WAIT: Duration = Duration::from_millis(500);

/// Registers a sweep and trains every trial without a finished run; interrupted runs are resumed. As many trials train
/// together as `jobs` and their settings allow. Several processes may run one plan: each trial is trained by one of
/// them, and all wait for the last trial. A failing trial does not stop the others. On a request to stop, running trials
/// keep their checkpoints.
///
/// # Errors
/// When the database, the run folders or the feature cache cannot be written. Errors of a single trial are recorded with
/// it.
pub fn execute(
    plan: &Plan,
    context: &Context,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<SweepSummary, Error> {
    let runtime = runtime()?;
    let runs_folder = &context.locations.runs_folder;
    let store = runtime.block_on(Store::open(&context.database))?;
    // New runs must not use folders of a lost database, or of runs that a restored database lacks.
    runtime.block_on(store.start_runs_above(highest(runs_folder)))?;
    report_interrupted(&runtime, &store, on_event)?;
    runtime.block_on(remove_of_ended(&store, runs_folder))?;
    runtime.block_on(carry_over(&store))?;
    for notice in plan.notices() {
        on_event(SweepEvent::Notice(notice));
    }
    let registered = register(plan, context, &runtime, &store, on_event)?;
    let summary = work(&registered, context, device_of, &runtime, &store, on_event)?;
    runtime.block_on(store.close());
    Ok(summary)
}

/// Claims and trains the trials of a registered sweep until none remains or a stop is requested.
fn work(
    registered: &Registered,
    context: &Context,
    device_of: DeviceOf<'_>,
    runtime: &Runtime,
    store: &Store,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<SweepSummary, Error> {
    let Registered { plan, sources, identities, sweep } = registered;
    let mut finished = 0;
    for identity in identities {
        finished += usize::from(runtime.block_on(store.finished_run(identity))?.is_some());
    }
    on_event(SweepEvent::Planned { sweep: *sweep, trials: plan.trials.len(), finished });
    let session = Session { context, device_of, runtime, store, sources };
    let mut summary = SweepSummary::begin(*sweep);
    let mut claims = Claims::new(plan, identities);
    while claims.left() > 0 && !context.stop.is_requested() {
        let members = claims.next_group(&session, &mut summary, on_event)?;
        if members.is_empty() {
            if claims.left() > 0 {
                // Other processes train the remaining trials, and one of them may stop.
                thread::sleep(WAIT);
                report_interrupted(runtime, store, on_event)?;
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
                    claims.requeue(position);
                    on_event(SweepEvent::TrialInterrupted { position, label, run });
                }
            }
        }
    }
    summary.left = claims.left();
    Ok(summary)
}

/// Marks runs whose process is gone as interrupted, and reports them.
fn report_interrupted(
    runtime: &Runtime,
    store: &Store,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<(), Error> {
    for run in runtime.block_on(mark_interrupted(store))? {
        on_event(SweepEvent::Notice(format!("run {run} was interrupted: its process is gone")));
    }
    Ok(())
}
