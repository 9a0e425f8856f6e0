//! Writes metrics to the database and checkpoints to run folders, in tasks of the runtime: training does not wait for
//! the disk.
//!
//! The metrics of an epoch are in the database before its checkpoint is written, so a resumed run has no gap. Metrics
//! after the checkpoint are dropped when the run resumes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ranklab_runs::CheckpointFile;
use ranklab_store::{PredictionRow, Store};
use ranklab_trainer::{Event, Snapshot, Stop};
use tokio::{
    runtime::Runtime,
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use crate::{
    Error,
    unwritten::{Records, Unwritten},
};

/// Steps in one transaction.
const STEPS_AT_ONCE: usize = 4096;
/// Time between heartbeats; a lease lasts nine times as long.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A run that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) run: i64,
    pub(crate) checkpoint: CheckpointFile,
}

/// For each run, the error that ended its recording, if there was one.
pub(crate) type RunErrors = Vec<Option<Error>>;

/// Records runs that train together.
pub(crate) struct Recorder<'a> {
    runtime: &'a Runtime,
    unwritten: Arc<Unwritten>,
    task: JoinHandle<Result<(), Error>>,
    dropped: Arc<DroppedRuns>,
}

impl<'a> Recorder<'a> {
    /// Starts recording runs that share their `validation` images. An error stops training. An error of a single run's
    /// row drops this run only.
    pub(crate) fn start(
        runtime: &'a Runtime,
        store: Store,
        runs: Vec<Recorded>,
        validation: Vec<PredictionRow>,
        stop: Stop,
    ) -> Self {
        let unwritten = Arc::new(Unwritten::new(runs.len()));
        let dropped = Arc::new(DroppedRuns::new(runs.len(), stop.clone()));
        let (ending, ended) = oneshot::channel();
        // A separate task renews leases even if the disk is slow.
        let heartbeat = {
            let (store, stop, dropped) = (store.clone(), stop.clone(), dropped.clone());
            let runs = runs.iter().map(|recorded| recorded.run).collect();
            runtime.spawn(async move {
                let renewed = renew_leases(&store, runs, &dropped, ended).await;
                if renewed.is_err() {
                    stop.request();
                }
                renewed
            })
        };
        let (source, errors) = (unwritten.clone(), dropped.clone());
        let task = runtime.spawn(async move {
            let recorded = Writer { store, runs, validation }.record(&source, &errors).await;
            source.abandon();
            if recorded.is_err() {
                stop.request();
            }
            drop(ending);
            let renewed = heartbeat.await.unwrap_or_else(|_| Err(unexpected("the heartbeat")));
            recorded.and(renewed)
        });
        Self { runtime, unwritten, task, dropped }
    }

    /// Records an event of the run at `index`. [`Recorder::finish`] reports an earlier error.
    pub(crate) fn send(&self, index: usize, event: &Event) {
        self.unwritten.add(index, event);
    }

    /// Waits until everything is written, and returns the errors of single runs.
    pub(crate) fn finish(self) -> Result<RunErrors, Error> {
        self.unwritten.end();
        self.runtime.block_on(self.task).unwrap_or_else(|_| Err(unexpected("recording the metrics")))?;
        Ok(self.dropped.take())
    }
}

/// Runs whose recording ended with an error. When all are dropped, training stops.
struct DroppedRuns {
    errors: Mutex<RunErrors>,
    stop: Stop,
}

impl DroppedRuns {
    fn new(runs: usize, stop: Stop) -> Self {
        Self { errors: Mutex::new((0..runs).map(|_| None).collect()), stop }
    }

    fn contains(&self, index: usize) -> bool {
        self.errors()[index].is_some()
    }

    /// Drops the run at `index` if an error concerns only this run; returns any other error.
    fn check(&self, index: usize, outcome: Result<(), Error>) -> Result<(), Error> {
        let problem = match outcome {
            Err(problem) if is_of_one_run(&problem) => problem,
            outcome => return outcome,
        };
        let mut errors = self.errors();
        errors[index].get_or_insert(problem);
        if errors.iter().all(Option::is_some) {
            self.stop.request();
        }
        Ok(())
    }

    fn take(&self) -> RunErrors {
        self.errors().iter_mut().map(Option::take).collect()
    }

    fn errors(&self) -> MutexGuard<'_, RunErrors> {
        // A panic cannot leave the values inconsistent.
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error concerns only one run: its row was removed, ended or taken over, or breaks a rule, or its folder
/// belongs to another database.
pub(crate) fn is_of_one_run(problem: &Error) -> bool {
    use ranklab_store::Error::{Ended, Refused, TakenOver, UnknownRun};
    matches!(
        problem,
        Error::Store(TakenOver { .. } | Ended { .. } | UnknownRun { .. } | Refused { .. })
            | Error::Runs(ranklab_runs::Error::OtherDatabase { .. })
    )
}

fn unexpected(what: &'static str) -> Error {
    Error::Unexpected { what }
}

/// Renews the leases of runs until the sender of `ended` is dropped.
async fn renew_leases(
    store: &Store,
    runs: Vec<i64>,
    dropped: &DroppedRuns,
    mut ended: oneshot::Receiver<()>,
) -> Result<(), Error> {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut ended => return Ok(()),
            _ = beat.tick() => for (index, run) in runs.iter().enumerate() {
                if !dropped.contains(index) {
                    dropped.check(index, store.heartbeat(*run).await.map_err(Error::Store))?;
                }
            }
        }
    }
}

struct Writer {
    store: Store,
    runs: Vec<Recorded>,
    /// One row per validation image, with the probabilities that were recorded last.
    validation: Vec<PredictionRow>,
}

impl Writer {
    async fn record(mut self, unwritten: &Unwritten, dropped: &DroppedRuns) -> Result<(), Error> {
        // Each turn writes all records that arrived meanwhile and ends with checkpoints.
        while let Some(records) = unwritten.take().await {
            let mut snapshots = Vec::new();
            for (index, mut records) in records.into_iter().enumerate() {
                if dropped.contains(index) {
                    continue;
                }
                snapshots.extend(records.snapshot.take().map(|snapshot| (index, snapshot)));
                let written = self.write(self.runs[index].run, &records).await;
                dropped.check(index, written)?;
            }
            for (index, snapshot) in snapshots {
                if !dropped.contains(index) {
                    dropped.check(
                        index,
                        write_checkpoint(self.runs[index].checkpoint.clone(), snapshot).await,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Writes a run's metrics. After the end of an epoch they are on the disk when this returns.
    async fn write(&mut self, run: i64, records: &Records) -> Result<(), Error> {
        for steps in records.steps.chunks(STEPS_AT_ONCE) {
            self.store.record_steps(run, steps).await?;
        }
        self.store.record_epoch(run, &records.epochs).await?;
        if let Some(probabilities) = &records.validation {
            for (row, probability) in self.validation.iter_mut().zip(probabilities.iter()) {
                row.probability = *probability;
            }
            self.store.record_validation(run, &self.validation).await?;
        }
        Ok(())
    }
}

async fn write_checkpoint(checkpoint: CheckpointFile, snapshot: Snapshot) -> Result<(), Error> {
    let written = spawn_blocking(move || checkpoint.write(&snapshot)).await;
    Ok(written.map_err(|_| unexpected("writing a checkpoint"))??)
}
