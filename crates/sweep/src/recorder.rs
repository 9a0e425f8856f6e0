//! Writes what a trial reports to the database on a thread of the runtime's, so that nothing waits for
//! the disk while training.

use ranklab_store::{EpochMetric, PredictionRow, StepMetric, Store};
use ranklab_trainer::Event;
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
};

use crate::Error;

/// Steps that are written together.
const STEPS_AT_ONCE: usize = 256;

/// Records the metrics of runs that train together.
pub(crate) struct Recorder<'a> {
    runtime: &'a Runtime,
    events: UnboundedSender<(usize, Event)>,
    task: JoinHandle<Result<(), ranklab_store::Error>>,
}

impl<'a> Recorder<'a> {
    /// Starts recording for `runs`, which share their `validation` images.
    pub(crate) fn start(
        runtime: &'a Runtime,
        store: Store,
        runs: Vec<i64>,
        validation: Vec<PredictionRow>,
    ) -> Self {
        let (events, received) = mpsc::unbounded_channel();
        let task = runtime.spawn(async move { record(&store, &runs, validation, received).await });
        Self { runtime, events, task }
    }

    /// Hands an event of the run at `place` over. When recording has failed already, [`Recorder::finish`] says so.
    pub(crate) fn send(&self, place: usize, event: &Event) {
        if matches!(event, Event::Step { .. } | Event::Epoch(_) | Event::BestValidation(_)) {
            let _ = self.events.send((place, event.clone()));
        }
    }

    /// Waits until everything is written.
    pub(crate) fn finish(self) -> Result<(), Error> {
        drop(self.events);
        match self.runtime.block_on(self.task) {
            Ok(written) => Ok(written?),
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

async fn record(
    store: &Store,
    runs: &[i64],
    mut validation: Vec<PredictionRow>,
    mut events: UnboundedReceiver<(usize, Event)>,
) -> Result<(), ranklab_store::Error> {
    let mut waiting: Vec<Vec<StepMetric>> = vec![Vec::new(); runs.len()];
    while let Some((place, event)) = events.recv().await {
        let (run, steps) = (runs[place], &mut waiting[place]);
        match event {
            Event::Step { epoch, step, loss, accuracy, .. } => {
                for (metric, value) in [("loss", loss), ("accuracy", accuracy)] {
                    steps.push(StepMetric {
                        epoch: epoch as i64,
                        step: step as i64,
                        metric: metric.to_owned(),
                        value,
                    });
                }
                if steps.len() >= 2 * STEPS_AT_ONCE {
                    store.record_steps(run, &std::mem::take(steps)).await?;
                }
            }
            Event::Epoch(summary) => {
                store.record_steps(run, &std::mem::take(steps)).await?;
                let metrics = [
                    ("train_loss", summary.train_loss),
                    ("train_accuracy", summary.train_accuracy),
                    ("validation_loss", summary.validation_loss),
                    ("validation_accuracy", summary.validation_accuracy),
                    ("seconds", summary.train_seconds),
                    ("images_per_second", summary.images_per_second),
                ];
                let rows = metrics.map(|(metric, value)| EpochMetric {
                    epoch: summary.epoch as i64,
                    metric: metric.to_owned(),
                    value,
                });
                store.record_epoch(run, &rows).await?;
                store.heartbeat(run).await?;
            }
            Event::BestValidation(probabilities) => {
                for (row, probability) in validation.iter_mut().zip(probabilities.iter()) {
                    row.probability = *probability;
                }
                store.record_validation(run, &validation).await?;
            }
            _ => {}
        }
    }
    for (run, steps) in runs.iter().zip(waiting) {
        store.record_steps(*run, &steps).await?;
    }
    Ok(())
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
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while store.connections_in_use() > 0 {
            assert!(
                std::time::Instant::now() < deadline,
                "{} connections are kept",
                store.connections_in_use()
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
