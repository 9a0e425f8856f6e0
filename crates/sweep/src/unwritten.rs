//! Records of trials that wait to be written. Adding records never blocks, and newer checkpoints replace older ones:
//! with a slow disk, at most one checkpoint of each run waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ranklab_store::{EpochMetric, StepMetric};
use ranklab_trainer::{EpochSummary, Event, Snapshot};
use tokio::sync::Notify;

/// Steps that are written together.
const STEPS_AT_ONCE: usize = 256;

/// Records of one run since the last write. Steps and epochs reach at least as far as the snapshot.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) steps: Vec<StepMetric>,
    pub(crate) epochs: Vec<EpochMetric>,
    /// The newest probabilities of the validation images.
    pub(crate) validation: Option<Arc<[f64]>>,
    /// The newest checkpoint.
    pub(crate) snapshot: Option<Snapshot>,
}

impl Records {
    fn add(&mut self, event: &Event) {
        match event {
            Event::Step { epoch, step, loss, accuracy, .. } => {
                let metrics = [("loss", *loss), ("accuracy", *accuracy)];
                self.steps.extend(metrics.map(|(metric, value)| StepMetric {
                    epoch: *epoch as i64,
                    step: *step as i64,
                    metric: metric.to_owned(),
                    value,
                }));
            }
            Event::Epoch(summary) => self.epochs.extend(epoch_metrics(summary)),
            Event::BestValidation(probabilities) => self.validation = Some(probabilities.clone()),
            Event::Checkpoint(snapshot) => self.snapshot = Some(snapshot.clone()),
            _ => {}
        }
    }

    /// Whether the records are worth a transaction.
    fn is_due(&self) -> bool {
        self.steps.len() >= 2 * STEPS_AT_ONCE
            || !self.epochs.is_empty()
            || self.validation.is_some()
            || self.snapshot.is_some()
    }
}

/// Records of runs that train together, shared by trainer and writer.
pub(crate) struct Unwritten {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    runs: Vec<Records>,
    /// Whether training has ended.
    ended: bool,
    /// Whether the writer has stopped.
    abandoned: bool,
}

impl Unwritten {
    /// No records, for a number of runs.
    pub(crate) fn new(runs: usize) -> Self {
        let runs = (0..runs).map(|_| Records::default()).collect();
        Self { state: Mutex::new(State { runs, ..State::default() }), changed: Notify::new() }
    }

    /// Adds an event of the run at `index`.
    pub(crate) fn add(&self, index: usize, event: &Event) {
        let mut state = self.state();
        if state.abandoned {
            return;
        }
        state.runs[index].add(event);
        if state.runs[index].is_due() {
            self.changed.notify_one();
        }
    }

    /// Marks the end of training.
    pub(crate) fn end(&self) {
        self.state().ended = true;
        self.changed.notify_one();
    }

    /// Marks the end of writing: all records are dropped from now on.
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        state.abandoned = true;
        state.runs.fill_with(Records::default);
    }

    /// Waits until records are worth a transaction, and takes those of all runs. Returns `None` after the end of training,
    /// when all were taken.
    pub(crate) async fn take(&self) -> Option<Vec<Records>> {
        loop {
            {
                let mut state = self.state();
                let has_records = |records: &Records| !records.steps.is_empty() || records.is_due();
                if state.runs.iter().any(Records::is_due)
                    || (state.ended && state.runs.iter().any(has_records))
                {
                    return Some(state.runs.iter_mut().map(std::mem::take).collect());
                }
                if state.ended {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the values inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

    fn step(step: usize) -> Event {
        Event::Step { epoch: 1, step, images: 1, loss: 0.5, accuracy: 0.5 }
    }

    #[tokio::test]
    async fn steps_wait_for_others_and_only_the_newest_of_what_is_replaced_is_kept() {
        let unwritten = Unwritten::new(2);
        unwritten.add(0, &step(1));
        let early = tokio::time::timeout(std::time::Duration::from_millis(20), unwritten.take()).await;
        assert!(early.is_err(), "a single step is not worth a commit");
        let replaced: Arc<[f64]> = [0.1].into();
        unwritten.add(1, &Event::BestValidation(replaced.clone()));
        unwritten.add(1, &Event::BestValidation([0.2].into()));
        assert_eq!(Arc::strong_count(&replaced), 1, "what was replaced is still held");
        let taken = unwritten.take().await.unwrap();
        assert_eq!((taken[0].steps.len(), taken[1].validation.as_deref()), (2, Some(&[0.2][..])));
        unwritten.add(0, &step(2));
        unwritten.end();
        assert_eq!(unwritten.take().await.unwrap()[0].steps.len(), 2);
        assert!(unwritten.take().await.is_none());
    }

    #[tokio::test]
    async fn records_after_the_writer_stopped_are_dropped() {
        let unwritten = Unwritten::new(1);
        unwritten.abandon();
        unwritten.add(0, &step(1));
        unwritten.end();
        assert!(unwritten.take().await.is_none());
    }
}
