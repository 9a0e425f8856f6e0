//! Runs a sweep: registers it, then claims, trains and records its trials until none remains.

use std::{
    thread,
    time::{Duration, Instant},
};

use ranklab_runs::{
    DeviceOf, SweepFolder, carry_over, mark_interrupted, remove_of_ended, run_folder::highest, runtime,
};
use ranklab_store::Store;
use tokio::runtime::Runtime;

use crate::{
    Error,
    claims::Claims,
    context::Context,
    event::SweepEvent,
    limits::Limits,
    pace::Pace,
    plan::Plan,
    register::{Registered, register},
    session::{Ended, Member, Session},
    summary::{Ending, SweepSummary},
    watch::{Halt, Watch, is_cancelled},
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
    let opened = Opened::open(context, on_event)?;
    let registered = opened.register(plan, None, context, on_event)?;
    opened.folder(context, registered.sweep).withdraw_cancellation()?;
    opened.work(&registered, context, &Limits::default(), device_of, on_event)
}

/// Trains trials of the registered sweep with this number, within limits. Any process that sees the database and the runs
/// folder may do so.
///
/// # Errors
/// When images or weights have changed since the sweep was registered, and those of [`execute`].
pub fn work_on(
    plan: &Plan,
    sweep: i64,
    context: &Context,
    limits: &Limits,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<SweepSummary, Error> {
    let opened = Opened::open(context, on_event)?;
    let registered = opened.register(plan, Some(sweep), context, on_event)?;
    opened.work(&registered, context, limits, device_of, on_event)
}

/// A sweep in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredSweep {
    /// Its number.
    pub sweep: i64,
    /// Number of its trials.
    pub trials: usize,
    /// Number of trials that already have a finished run.
    pub finished: usize,
}

/// Registers a sweep for workers, with all checks of its images, weights and memory, and trains nothing.
///
/// # Errors
/// When images or weights cannot be read, a trial does not fit into memory, or the database cannot be written.
pub fn register_sweep(
    plan: &Plan,
    context: &Context,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<RegisteredSweep, Error> {
    let opened = Opened::open(context, on_event)?;
    let Registered { plan, identities, sweep, .. } = opened.register(plan, None, context, on_event)?;
    opened.folder(context, sweep).withdraw_cancellation()?;
    let finished = opened.finished(&identities)?;
    opened.close();
    Ok(RegisteredSweep { sweep, trials: plan.trials.len(), finished })
}

/// The open database and the runtime of its tasks.
struct Opened {
    runtime: Runtime,
    store: Store,
}

impl Opened {
    /// Opens the database, and marks runs whose process is gone.
    fn open(context: &Context, on_event: &mut dyn FnMut(SweepEvent)) -> Result<Self, Error> {
        let runtime = runtime()?;
        let runs_folder = &context.locations.runs_folder;
        let store = runtime.block_on(Store::open(&context.database))?;
        // New runs must not use folders of a lost database, or of runs that a restored database lacks.
        runtime.block_on(store.start_runs_above(highest(runs_folder)))?;
        let opened = Self { runtime, store };
        opened.report_interrupted(on_event)?;
        opened.runtime.block_on(remove_of_ended(&opened.store, runs_folder))?;
        opened.runtime.block_on(carry_over(&opened.store))?;
        Ok(opened)
    }

    fn close(self) {
        self.runtime.block_on(self.store.close());
    }

    fn folder(&self, context: &Context, sweep: i64) -> SweepFolder {
        SweepFolder::new(&context.locations.runs_folder, self.store.id(), sweep)
    }

    fn register(
        &self,
        plan: &Plan,
        known: Option<i64>,
        context: &Context,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Registered, Error> {
        for notice in plan.notices() {
            on_event(SweepEvent::Notice(notice));
        }
        register(plan, known, context, &self.runtime, &self.store, on_event)
    }

    /// Number of configurations that have a finished run.
    fn finished(&self, identities: &[String]) -> Result<usize, Error> {
        let mut finished = 0;
        for identity in identities {
            finished += usize::from(self.runtime.block_on(self.store.finished_run(identity))?.is_some());
        }
        Ok(finished)
    }

    /// Works on a registered sweep and closes the database.
    fn work(
        self,
        registered: &Registered,
        context: &Context,
        limits: &Limits,
        device_of: DeviceOf<'_>,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<SweepSummary, Error> {
        let Registered { plan, sources, identities, sweep } = registered;
        let finished = self.finished(identities)?;
        on_event(SweepEvent::Planned { sweep: *sweep, trials: plan.trials.len(), finished });
        // A request of its own: after the end of the time a first signal still saves.
        let stop = context.stop.within();
        let halt = Halt::new(stop.clone());
        let folder = self.folder(context, *sweep);
        let known = if limits.obeys_earlier_cancellation { None } else { folder.cancellation() };
        if is_cancelled(&folder, known.as_deref()) {
            halt.request(Ending::Cancelled);
        }
        let _watch = Watch::start(halt.clone(), folder, known, limits.deadline);
        let context = Context { stop, ..context.clone() };
        let (runtime, store) = (&self.runtime, &self.store);
        let mut worker = Worker {
            opened: &self,
            session: Session { context: &context, device_of, runtime, store, sources },
            claims: Claims::new(plan, identities),
            pace: Pace::new(limits.deadline, Instant::now()),
            summary: SweepSummary::begin(*sweep),
            trained: 0,
            limits,
            halt,
        };
        worker.summary.ending = worker.run(on_event)?;
        worker.summary.left = worker.claims.without_result(&worker.session)?;
        let summary = worker.summary;
        self.close();
        Ok(summary)
    }

    /// Marks runs whose process is gone as interrupted, reports them, and returns whether there were any.
    fn report_interrupted(&self, on_event: &mut dyn FnMut(SweepEvent)) -> Result<bool, Error> {
        let interrupted = self.runtime.block_on(mark_interrupted(&self.store))?;
        for run in &interrupted {
            on_event(SweepEvent::Notice(format!("run {run} was interrupted: its process is gone")));
        }
        Ok(!interrupted.is_empty())
    }
}

/// The work of this process on a sweep.
struct Worker<'a> {
    opened: &'a Opened,
    session: Session<'a>,
    claims: Claims<'a>,
    pace: Pace,
    summary: SweepSummary,
    /// Number of trials that ended here.
    trained: usize,
    limits: &'a Limits,
    halt: Halt,
}

impl Worker<'_> {
    /// Claims and trains trials until none remains or a limit is reached.
    fn run(&mut self, on_event: &mut dyn FnMut(SweepEvent)) -> Result<Ending, Error> {
        while self.claims.left() > 0 {
            if let Some(ending) = self.halt.ending() {
                return Ok(ending);
            }
            let rest = self.limits.trials.map_or(usize::MAX, |trials| trials.saturating_sub(self.trained));
            if rest == 0 {
                return Ok(Ending::Enough);
            }
            if !self.pace.allows_trial(Instant::now()) {
                return Ok(Ending::Time);
            }
            self.pace.claimed(Instant::now());
            let most = self.session.context.jobs.min(rest);
            let members = self.claims.next_group(&self.session, most, &mut self.summary, on_event)?;
            if !members.is_empty() {
                self.train(&members, on_event)?;
            } else if self.claims.left() > 0 && self.ends_without_a_claim(on_event)? {
                return Ok(Ending::Elsewhere);
            }
        }
        Ok(Ending::Complete)
    }

    /// Whether this process ends, since other processes train the remaining trials. Otherwise it waits: one of them may
    /// stop.
    fn ends_without_a_claim(&self, on_event: &mut dyn FnMut(SweepEvent)) -> Result<bool, Error> {
        if self.opened.report_interrupted(on_event)? {
            return Ok(false);
        }
        if !self.limits.waits && self.claims.are_taken() {
            return Ok(true);
        }
        thread::sleep(WAIT);
        Ok(false)
    }

    /// Trains a group of claimed trials and reports their ends.
    fn train(&mut self, members: &[Member<'_>], on_event: &mut dyn FnMut(SweepEvent)) -> Result<(), Error> {
        let (pace, halt) = (&mut self.pace, &self.halt);
        let ended = self.session.run(members, &mut |event| {
            if pace.is_too_late_for(&event, Instant::now()) {
                halt.request(Ending::Time);
            }
            on_event(event);
        })?;
        for (member, ended) in members.iter().zip(ended) {
            self.report(member, ended, on_event);
        }
        Ok(())
    }

    fn report(&mut self, member: &Member<'_>, ended: Ended, on_event: &mut dyn FnMut(SweepEvent)) {
        let (position, run, label) = (member.position, member.run, member.trial.label.clone());
        let summary = &mut self.summary;
        self.trained += 1;
        on_event(match ended {
            Ended::Finished(result) => {
                summary.finished += 1;
                SweepEvent::TrialFinished { position, label, run, result }
            }
            Ended::Diverged(reason) => {
                summary.diverged.push((label.clone(), reason.clone()));
                SweepEvent::TrialDiverged { position, label, run, reason }
            }
            Ended::Failed(reason) => {
                summary.failed.push((label.clone(), reason.clone()));
                SweepEvent::TrialFailed { position, label, reason }
            }
            Ended::Interrupted => {
                self.trained -= 1;
                self.claims.requeue(position);
                SweepEvent::TrialInterrupted { position, label, run }
            }
        });
    }
}
