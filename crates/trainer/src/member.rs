//! One trial in training: its model, its optimiser, its figures, and whether it has ended.

use std::sync::Arc;

use burn::optim::ModuleOptimizer;
use rand::seq::SliceRandom;
use ranklab_kernels::Randomness;
use ranklab_settings::SelectBy;
use ranklab_zoo::Model;

use crate::{
    Error,
    checkpoint::{Counters, Snapshot, State},
    evaluation::Evaluation,
    event::{EpochSummary, Event, OnEvent},
    optimizer::optimizer,
    outcome::Outcome,
    scores::Scores,
    trial::Trial,
};

/// The stream of the seed that shuffles are drawn from.
const SHUFFLES: u64 = 1 << 32;

/// One trial in training.
pub(crate) struct Member<'a> {
    pub(crate) place: usize,
    pub(crate) trial: &'a Trial<'a>,
    pub(crate) model: Model,
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) best: Option<Best>,
    /// Why it trains no more before its last epoch: it diverged or was stopped.
    pub(crate) ended: Option<Error>,
    /// Whether an event of it was answered with a stop, which ends it after the epoch.
    stopping: bool,
    /// The epoch after which it joins in.
    pub(crate) start: usize,
    loss_sum: f64,
    correct: usize,
    /// Seconds of training in this epoch, validation not counted.
    pub(crate) epoch_seconds: f64,
    /// Seconds of training in all epochs, validation not counted.
    pub(crate) step_seconds: f64,
    /// Seconds of training and validating.
    pub(crate) train_seconds: f64,
    /// Seconds spent on features.
    pub(crate) feature_seconds: f64,
}

/// The best epoch so far.
pub(crate) struct Best {
    pub(crate) model: Model,
    pub(crate) epoch: usize,
    merit: f64,
}

impl<'a> Member<'a> {
    /// With a fresh `model`, or as its checkpoint has it.
    pub(crate) fn new(place: usize, trial: &'a Trial<'a>, model: Model) -> Result<Self, Error> {
        let member = Self {
            place,
            trial,
            model,
            optimizer: optimizer(trial.training),
            best: None,
            ended: None,
            stopping: false,
            start: 0,
            loss_sum: 0.0,
            correct: 0,
            epoch_seconds: 0.0,
            step_seconds: 0.0,
            train_seconds: 0.0,
            feature_seconds: 0.0,
        };
        if let Some(checkpoint) = trial.checkpoint {
            let (model, optimizer, best) = checkpoint.restore(member.model, member.optimizer)?;
            let Counters { epoch, best_epoch, merit, feature_seconds, train_seconds, step_seconds } =
                checkpoint.counters;
            let best = Some(Best { model: best, epoch: best_epoch, merit });
            return Ok(Self {
                model,
                optimizer,
                best,
                start: epoch,
                feature_seconds,
                train_seconds,
                step_seconds,
                ..member
            });
        }
        Ok(member)
    }

    /// Its result when training was asked to stop.
    pub(crate) fn stopped(self) -> Result<Outcome, Error> {
        Err(self.ended.unwrap_or(Error::Stopped))
    }

    /// Reports an event and remembers the answer.
    pub(crate) fn report(&mut self, event: Event, on_event: OnEvent<'_>) {
        self.stopping |= on_event(self.place, event).is_break();
    }

    /// The training images in this epoch's order.
    pub(crate) fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order = self.trial.train.to_vec();
        order.shuffle(Randomness::new(self.trial.training.seed, SHUFFLES + epoch as u64).generator());
        order
    }

    /// Notes a step's scores, taken before it.
    pub(crate) fn record(
        &mut self,
        scores: &Scores,
        images: &[usize],
        epoch: usize,
        step: usize,
        on_event: OnEvent<'_>,
    ) {
        let labels = self.trial.labels(images);
        let (loss, correct) = (scores.loss(&labels), scores.correct(&labels));
        let mean_loss = loss / images.len() as f64;
        if !mean_loss.is_finite() {
            self.ended = Some(Error::Diverged { epoch, step, loss: mean_loss });
            return;
        }
        self.loss_sum += loss;
        self.correct += correct;
        let accuracy = correct as f64 / images.len() as f64;
        let images = images.len();
        self.report(Event::Step { epoch, step, images, loss: mean_loss, accuracy }, on_event);
    }

    /// Keeps `model` if it is the best so far, and reports the epoch, whose last step was `step`. Ends the trial where
    /// an answer asked for that.
    pub(crate) fn finish_epoch(
        &mut self,
        [epoch, step]: [usize; 2],
        model: Model,
        validation: &Evaluation,
        on_event: OnEvent<'_>,
    ) {
        let (loss, accuracy) = (validation.loss(), validation.accuracy());
        if !loss.is_finite() {
            self.ended = Some(Error::Diverged { epoch, step, loss });
            return;
        }
        let merit = match self.trial.training.select_by {
            SelectBy::ValidationAccuracy => accuracy,
            SelectBy::ValidationLoss => -loss,
            SelectBy::LastEpoch => epoch as f64,
        };
        let is_best = self.best.as_ref().is_none_or(|best| merit > best.merit);
        if is_best {
            self.best = Some(Best { model: model.clone(), epoch, merit });
        }
        let images = self.trial.train.len() as f64;
        let summary = EpochSummary {
            epoch,
            train_loss: self.loss_sum / images,
            train_accuracy: self.correct as f64 / images,
            validation_loss: loss,
            validation_accuracy: accuracy,
            train_seconds: self.epoch_seconds,
            images_per_second: images / self.epoch_seconds,
            best: is_best,
        };
        (self.loss_sum, self.correct) = (0.0, 0);
        self.report(Event::Epoch(summary), on_event);
        if is_best {
            self.report(Event::BestValidation(validation.probabilities().into()), on_event);
        }
        if let Some(best) = &self.best {
            let counters = Counters {
                epoch,
                best_epoch: best.epoch,
                merit: best.merit,
                feature_seconds: self.feature_seconds,
                train_seconds: self.train_seconds,
                step_seconds: self.step_seconds,
            };
            // Shared, not copied: it is read on another thread to be stored.
            let best = (!is_best).then(|| best.model.clone());
            let state = State { counters, model, optimizer: self.optimizer.clone(), best };
            self.report(Event::Checkpoint(Snapshot(Arc::new(state))), on_event);
        }
        if self.stopping {
            self.ended = Some(Error::Stopped);
        }
    }
}
