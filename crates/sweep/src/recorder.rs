//! Writes what trials report to the database, and their checkpoints to their runs' folders, on a thread of
//! the runtime's: nothing waits for the disk while training.
//!
//! An epoch's metrics are in the database before its checkpoint is written, so that whoever continues a
//! run finds no gap; what was recorded after the checkpoint is dropped then.

use std::time::Duration;

use ranklab_store::{EpochMetric, PredictionRow, StepMetric, Store};
use ranklab_trainer::{EpochSummary, Event, Snapshot, Stop};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::{JoinHandle, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use crate::{Error, checkpoint_file::CheckpointFile};

/// Steps that are written together.
const STEPS_AT_ONCE: usize = 256;
/// Time between signs of life; a run's lease is nine times as long.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A run that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) run: i64,
    pub(crate) checkpoint: CheckpointFile,
}

/// Records runs that train together.
pub(crate) struct Recorder<'a> {
    runtime: &'a Runtime,
    events: UnboundedSender<(usize, Event)>,
    task: JoinHandle<Result<(), Error>>,
}

impl<'a> Recorder<'a> {
    /// Starts recording runs that share their `validation` images. When that fails, training for nothing is
    /// asked to stop.
    pub(crate) fn start(
        runtime: &'a Runtime,
        store: Store,
        runs: Vec<Recorded>,
        validation: Vec<PredictionRow>,
        stop: Stop,
    ) -> Self {
        let (events, received) = mpsc::unbounded_channel();
        let writer = Writer { store, waiting: vec![Vec::new(); runs.len()], runs, validation };
        let task = runtime.spawn(async move {
            let recorded = writer.record(received).await;
            if recorded.is_err() {
                stop.request();
            }
            recorded
        });
        Self { runtime, events, task }
    }

    /// Hands an event of the run at `place` over. When recording has failed already, [`Recorder::finish`]
    /// says so.
    pub(crate) fn send(&self, place: usize, event: &Event) {
        if matches!(
            event,
            Event::Step { .. } | Event::Epoch(_) | Event::BestValidation(_) | Event::Checkpoint(_)
        ) {
            let _ = self.events.send((place, event.clone()));
        }
    }

    /// Waits until everything is written.
    pub(crate) fn finish(self) -> Result<(), Error> {
        drop(self.events);
        match self.runtime.block_on(self.task) {
            Ok(written) => written,
            Err(_) => Err(Error::Setting("recording the metrics stopped unexpectedly".to_owned())),
        }
    }
}

/// A runtime for the database alone. Its thread goes on while nobody waits: connections go back to the
/// pool by tasks, and on a runtime that only turns within `block_on` the pool would run dry.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|source| Error::Io {
        action: "starting the database's",
        path: "runtime".into(),
        source,
    })
}

struct Writer {
    store: Store,
    runs: Vec<Recorded>,
    /// Steps of each run that are not written yet.
    waiting: Vec<Vec<StepMetric>>,
    /// One row per validation image; the probabilities are those that were recorded last.
    validation: Vec<PredictionRow>,
}

impl Writer {
    async fn record(mut self, mut events: UnboundedReceiver<(usize, Event)>) -> Result<(), Error> {
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                _ = beat.tick() => {
                    for recorded in &self.runs {
                        self.store.heartbeat(recorded.run).await?;
                    }
                    continue;
                }
            };
            let Some(event) = event else { break };
            let mut snapshots: Vec<Option<Snapshot>> = vec![None; self.runs.len()];
            self.take(event, &mut snapshots).await?;
            // A disk that falls behind writes the newest of the checkpoints that came meanwhile.
            while let Ok(event) = events.try_recv() {
                self.take(event, &mut snapshots).await?;
            }
            for (recorded, snapshot) in self.runs.iter().zip(snapshots) {
                if let Some(snapshot) = snapshot {
                    write(recorded.checkpoint.clone(), snapshot).await?;
                }
            }
        }
        for place in 0..self.runs.len() {
            self.write_steps(place).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        (place, event): (usize, Event),
        snapshots: &mut [Option<Snapshot>],
    ) -> Result<(), Error> {
        match event {
            Event::Step { epoch, step, loss, accuracy, .. } => {
                for (metric, value) in [("loss", loss), ("accuracy", accuracy)] {
                    self.waiting[place].push(StepMetric {
                        epoch: epoch as i64,
                        step: step as i64,
                        metric: metric.to_owned(),
                        value,
                    });
                }
                if self.waiting[place].len() >= 2 * STEPS_AT_ONCE {
                    self.write_steps(place).await?;
                }
            }
            Event::Epoch(summary) => {
                self.write_steps(place).await?;
                self.store.record_epoch(self.runs[place].run, &epoch_metrics(&summary)).await?;
            }
            Event::BestValidation(probabilities) => {
                for (row, probability) in self.validation.iter_mut().zip(probabilities.iter()) {
                    row.probability = *probability;
                }
                self.store.record_validation(self.runs[place].run, &self.validation).await?;
            }
            Event::Checkpoint(snapshot) => snapshots[place] = Some(snapshot),
            _ => {}
        }
        Ok(())
    }

    async fn write_steps(&mut self, place: usize) -> Result<(), Error> {
        let steps = std::mem::take(&mut self.waiting[place]);
        Ok(self.store.record_steps(self.runs[place].run, &steps).await?)
    }
}

async fn write(checkpoint: CheckpointFile, snapshot: Snapshot) -> Result<(), Error> {
    spawn_blocking(move || checkpoint.write(&snapshot))
        .await
        .unwrap_or_else(|_| Err(Error::Setting("writing a checkpoint stopped unexpectedly".to_owned())))
}

fn epoch_metrics(summary: &EpochSummary) -> [EpochMetric; 6] {
    [
        ("train_loss", summary.train_loss),
        ("train_accuracy", summary.train_accuracy),
        ("validation_loss", summary.validation_loss),
        ("validation_accuracy", summary.validation_accuracy),
        ("seconds", summary.train_seconds),
        ("images_per_second", summary.images_per_second),
    ]
    .map(|(metric, value)| EpochMetric { epoch: summary.epoch as i64, metric: metric.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each question asked by `block_on` leaves a connection to be given back; none may wait until the
    /// next one is asked, for training lies between.
    #[test]
    fn connections_return_to_the_pool_while_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime().unwrap();
        let store = runtime.block_on(Store::open(&folder.path().join("ranklab.db"))).unwrap();
        for _ in 0..100 {
            runtime.block_on(store.latest_sweep()).unwrap();
        }
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while store.connections_in_use() > 0 {
            assert!(
                std::time::Instant::now() < deadline,
                "{} connections are kept",
                store.connections_in_use()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
