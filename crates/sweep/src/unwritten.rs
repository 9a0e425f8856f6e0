//! What trials have told and the disk does not hold yet. Handing over waits for nobody, and what a newer value
//! replaces is dropped: however slow the disk, one checkpoint of each run waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ranklab_store::{EpochMetric, StepMetric};
use ranklab_trainer::{EpochSummary, Event, Snapshot};
use tokio::sync::Notify;

/// Steps that are written together.
const STEPS_AT_ONCE: usize = 256;

/// What one run has told since somebody last asked. The steps and epochs reach at least as far as the snapshot.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) steps: Vec<StepMetric>,
    pub(crate) epochs: Vec<EpochMetric>,
    /// The newest probabilities of the validation images.
    pub(crate) validation: Option<Arc<[f64]>>,
    /// The newest checkpoint.
    pub(crate) snapshot: Option<Snapshot>,
}

impl Told {
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

    /// Whether it is worth a commit.
    fn is_due(&self) -> bool {
        self.steps.len() >= 2 * STEPS_AT_ONCE
            || !self.epochs.is_empty()
            || self.validation.is_some()
            || self.snapshot.is_some()
    }
}

/// Shared by those who train and the one who writes.
pub(crate) struct Unwritten {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    runs: Vec<Told>,
    /// Nothing more will be told.
    ended: bool,
    /// Nobody will ask again.
    abandoned: bool,
}

impl Unwritten {
    /// Of so many runs.
    pub(crate) fn new(runs: usize) -> Self {
        let runs = (0..runs).map(|_| Told::default()).collect();
        Self { state: Mutex::new(State { runs, ..State::default() }), changed: Notify::new() }
    }

    /// Hands over what the run at `place` tells.
    pub(crate) fn tell(&self, place: usize, event: &Event) {
        let mut state = self.state();
        if state.abandoned {
            return;
        }
        state.runs[place].add(event);
        if state.runs[place].is_due() {
            self.changed.notify_one();
        }
    }

    /// Nothing more will be told.
    pub(crate) fn end(&self) {
        self.state().ended = true;
        self.changed.notify_one();
    }

    /// Nobody will ask again: whatever is told is dropped.
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        state.abandoned = true;
        state.runs.fill_with(Told::default);
    }

    /// Waits for something worth writing and takes all that every run has told; `None` when everything was
    /// taken and nothing more comes.
    pub(crate) async fn take(&self) -> Option<Vec<Told>> {
        loop {
            {
                let mut state = self.state();
                let left = |told: &Told| !told.steps.is_empty() || told.is_due();
                if state.runs.iter().any(Told::is_due) || (state.ended && state.runs.iter().any(left)) {
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
        // Every value in it is whole at any time.
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
        unwritten.tell(0, &step(1));
        let early = tokio::time::timeout(std::time::Duration::from_millis(20), unwritten.take()).await;
        assert!(early.is_err(), "a single step is not worth a commit");
        let replaced: Arc<[f64]> = [0.1].into();
        unwritten.tell(1, &Event::BestValidation(replaced.clone()));
        unwritten.tell(1, &Event::BestValidation([0.2].into()));
        assert_eq!(Arc::strong_count(&replaced), 1, "what was replaced is still held");
        let taken = unwritten.take().await.unwrap();
        assert_eq!((taken[0].steps.len(), taken[1].validation.as_deref()), (2, Some(&[0.2][..])));
        unwritten.tell(0, &step(2));
        unwritten.end();
        assert_eq!(unwritten.take().await.unwrap()[0].steps.len(), 2);
        assert!(unwritten.take().await.is_none());
    }

    #[tokio::test]
    async fn what_nobody_will_write_is_not_held() {
        let unwritten = Unwritten::new(1);
        unwritten.abandon();
        unwritten.tell(0, &step(1));
        unwritten.end();
        assert!(unwritten.take().await.is_none());
    }
}
