//! Writes what trials report to the database, and their checkpoints to their runs' folders, on a thread of
//! the runtime's: nothing waits for the disk while training.
//!
//! An epoch's metrics are in the database before its checkpoint is written, so that whoever continues a
//! run finds no gap; what was recorded after the checkpoint is dropped then.

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
    unwritten::{Told, Unwritten},
};

/// Steps that one transaction holds.
const STEPS_AT_ONCE: usize = 4096;
/// Time between signs of life; a run's lease is nine times as long.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A run that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) run: i64,
    pub(crate) checkpoint: CheckpointFile,
}

/// What became of each run that is recorded: the error after which nothing more of it is, if there was one.
pub(crate) type Losses = Vec<Option<Error>>;

/// Records runs that train together.
pub(crate) struct Recorder<'a> {
    runtime: &'a Runtime,
    unwritten: Arc<Unwritten>,
    task: JoinHandle<Result<(), Error>>,
    lost: Arc<Lost>,
}

impl<'a> Recorder<'a> {
    /// Starts recording runs that share their `validation` images. When that fails, training for nothing is
    /// asked to stop; a run whose own row gives trouble is not recorded any more, and the others are.
    pub(crate) fn start(
        runtime: &'a Runtime,
        store: Store,
        runs: Vec<Recorded>,
        validation: Vec<PredictionRow>,
        stop: Stop,
    ) -> Self {
        let unwritten = Arc::new(Unwritten::new(runs.len()));
        let lost = Arc::new(Lost::new(runs.len(), stop.clone()));
        let (ending, ended) = oneshot::channel();
        // On its own: a lease is held however long a disk takes.
        let beating = {
            let (store, stop, lost) = (store.clone(), stop.clone(), lost.clone());
            let runs = runs.iter().map(|recorded| recorded.run).collect();
            runtime.spawn(async move {
                let held = hold(&store, runs, &lost, ended).await;
                if held.is_err() {
                    stop.request();
                }
                held
            })
        };
        let (told, losses) = (unwritten.clone(), lost.clone());
        let task = runtime.spawn(async move {
            let recorded = Writer { store, runs, validation }.record(&told, &losses).await;
            told.abandon();
            if recorded.is_err() {
                stop.request();
            }
            drop(ending);
            let held = beating.await.unwrap_or_else(|_| Err(unexpected("the heartbeat")));
            recorded.and(held)
        });
        Self { runtime, unwritten, task, lost }
    }

    /// Hands an event of the run at `place` over. When recording has failed already, [`Recorder::finish`]
    /// says so.
    pub(crate) fn send(&self, place: usize, event: &Event) {
        self.unwritten.tell(place, event);
    }

    /// Waits until everything is written; what became of each run.
    pub(crate) fn finish(self) -> Result<Losses, Error> {
        self.unwritten.end();
        self.runtime.block_on(self.task).unwrap_or_else(|_| Err(unexpected("recording the metrics")))?;
        Ok(self.lost.take())
    }
}

/// Runs of which nothing more is recorded. When none is left, training is asked to stop.
struct Lost {
    losses: Mutex<Losses>,
    stop: Stop,
}

impl Lost {
    fn new(runs: usize, stop: Stop) -> Self {
        Self { losses: Mutex::new((0..runs).map(|_| None).collect()), stop }
    }

    fn is(&self, place: usize) -> bool {
        self.losses()[place].is_some()
    }

    /// Goes on without the run at `place` if the trouble is its row's alone.
    fn note(&self, place: usize, outcome: Result<(), Error>) -> Result<(), Error> {
        let problem = match outcome {
            Err(problem) if is_of_one_run(&problem) => problem,
            outcome => return outcome,
        };
        let mut losses = self.losses();
        losses[place].get_or_insert(problem);
        if losses.iter().all(Option::is_some) {
            self.stop.request();
        }
        Ok(())
    }

    fn take(&self) -> Losses {
        self.losses().iter_mut().map(Option::take).collect()
    }

    fn losses(&self) -> MutexGuard<'_, Losses> {
        // Every value in it is whole at any time.
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a run's own row gives the trouble: it was removed, ended or taken over by others, or breaks a rule.
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

/// Shows that the runs are alive until whoever holds the other end of `ended` drops it.
async fn hold(
    store: &Store,
    runs: Vec<i64>,
    lost: &Lost,
    mut ended: oneshot::Receiver<()>,
) -> Result<(), Error> {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut ended => return Ok(()),
            _ = beat.tick() => for (place, run) in runs.iter().enumerate() {
                if !lost.is(place) {
                    lost.note(place, store.heartbeat(*run).await.map_err(Error::Store))?;
                }
            }
        }
    }
}

struct Writer {
    store: Store,
    runs: Vec<Recorded>,
    /// One row per validation image; the probabilities are those that were recorded last.
    validation: Vec<PredictionRow>,
}

impl Writer {
    async fn record(mut self, unwritten: &Unwritten, lost: &Lost) -> Result<(), Error> {
        // All that came meanwhile is written together, however fast more comes: each turn ends with checkpoints.
        while let Some(told) = unwritten.take().await {
            let mut snapshots = Vec::new();
            for (place, mut told) in told.into_iter().enumerate() {
                if lost.is(place) {
                    continue;
                }
                snapshots.extend(told.snapshot.take().map(|snapshot| (place, snapshot)));
                let written = self.write(self.runs[place].run, &told).await;
                lost.note(place, written)?;
            }
            for (place, snapshot) in snapshots {
                if !lost.is(place) {
                    lost.note(place, keep(self.runs[place].checkpoint.clone(), snapshot).await)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a run's metrics; they are on the disk when it returns, if an epoch ended.
    async fn write(&mut self, run: i64, told: &Told) -> Result<(), Error> {
        for steps in told.steps.chunks(STEPS_AT_ONCE) {
            self.store.record_steps(run, steps).await?;
        }
        self.store.record_epoch(run, &told.epochs).await?;
        if let Some(probabilities) = &told.validation {
            for (row, probability) in self.validation.iter_mut().zip(probabilities.iter()) {
                row.probability = *probability;
            }
            self.store.record_validation(run, &self.validation).await?;
        }
        Ok(())
    }
}

async fn keep(checkpoint: CheckpointFile, snapshot: Snapshot) -> Result<(), Error> {
    let written = spawn_blocking(move || checkpoint.write(&snapshot)).await;
    Ok(written.map_err(|_| unexpected("writing a checkpoint"))??)
}
