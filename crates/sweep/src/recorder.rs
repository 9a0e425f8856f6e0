//! Writes what a trial reports to the database from a thread of its own, so that nothing waits for the
//! disk while training.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

use ranklab_store::{EpochMetric, StepMetric, Store};
use ranklab_trainer::Event;

use crate::Error;

/// Steps that are written together.
const STEPS_AT_ONCE: usize = 256;

/// Records the metrics of runs that train together.
pub(crate) struct Recorder {
    events: Sender<(usize, Event)>,
    thread: JoinHandle<Result<(), ranklab_store::Error>>,
}

impl Recorder {
    /// Starts recording for `runs`.
    pub(crate) fn start(store: Store, runs: Vec<i64>) -> Result<Self, Error> {
        let runtime = runtime()?;
        let (events, received) = mpsc::channel();
        let thread = thread::spawn(move || runtime.block_on(record(&store, &runs, &received)));
        Ok(Self { events, thread })
    }

    /// Hands an event of the run at `place` over. When recording has failed already, [`Recorder::finish`] says so.
    pub(crate) fn send(&self, place: usize, event: &Event) {
        if matches!(event, Event::Step { .. } | Event::Epoch(_)) {
            let _ = self.events.send((place, event.clone()));
        }
    }

    /// Waits until everything is written.
    pub(crate) fn finish(self) -> Result<(), Error> {
        drop(self.events);
        match self.thread.join() {
            Ok(written) => Ok(written?),
            Err(_) => Err(Error::Setting("recording the metrics stopped unexpectedly".to_owned())),
        }
    }
}

/// A runtime for the database alone.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|source| Error::Io {
        action: "starting the database's",
        path: "runtime".into(),
        source,
    })
}

async fn record(
    store: &Store,
    runs: &[i64],
    events: &Receiver<(usize, Event)>,
) -> Result<(), ranklab_store::Error> {
    let mut waiting: Vec<Vec<StepMetric>> = vec![Vec::new(); runs.len()];
    while let Ok((place, event)) = events.recv() {
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
            _ => {}
        }
    }
    for (run, steps) in runs.iter().zip(waiting) {
        store.record_steps(*run, &steps).await?;
    }
    Ok(())
}
