//! Signs that a run did not converge, each with its numbers and what to do.

use ranklab_stats::{
    RisingLoss, StaleStatistics, ThresholdGap, rising_loss, stale_statistics, threshold_gap,
};
use ranklab_store::{NewRun, PredictionRow};
use serde::Serialize;
use serde_json::Value;

use crate::data::RunData;

/// The momentum that is advised: after 29 steps it has forgotten all but 5 % of what it started with.
pub(crate) const CALM_MOMENTUM: f64 = 0.9;

/// A sign that a finished run did not converge.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotConvergedSign {
    /// Another threshold calls far more images right.
    ThresholdIsOff {
        /// Accuracies at one half and at the best threshold.
        gap: ThresholdGap,
        /// Whether it was found on validation images; on test images where there are none.
        on_validation: bool,
        /// Epochs to train instead.
        epochs: i64,
        /// Whether the run had the calm momentum already.
        is_calm: bool,
    },
    /// The validation loss rises after its lowest value.
    LossRises {
        /// The loss at its lowest and at the end.
        loss: RisingLoss,
        /// Learning rate to train with instead.
        learning_rate: f64,
        /// Whether the run had the calm momentum already.
        is_calm: bool,
    },
    /// Batch norm's statistics still hold much of their initial values.
    StatisticsAreStale {
        /// The share that is left.
        statistics: StaleStatistics,
        /// The epoch whose weights were kept.
        kept: u64,
        /// What to do.
        advice: StatisticsAdvice,
    },
}

/// What makes batch norm's statistics forget their initial values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatisticsAdvice {
    /// The calm momentum alone.
    Momentum,
    /// The calm momentum and at least so many epochs.
    MomentumAndEpochs(u64),
    /// A later epoch or a lower learning rate.
    LaterEpoch,
    /// At least so many epochs.
    Epochs(u64),
}

/// The signs that a finished run did not converge; empty where there are none.
pub(crate) fn signs(run: &RunData) -> Vec<NotConvergedSign> {
    [threshold_is_off(run), loss_rises(run), statistics_are_stale(run)].into_iter().flatten().collect()
}

/// Judged on validation images, where there are some: nothing is chosen on test images.
fn threshold_is_off(run: &RunData) -> Option<NotConvergedSign> {
    let on_validation = !run.validation.is_empty();
    let rows = if on_validation { &run.validation } else { &run.predictions };
    let labels: Vec<u8> = rows.iter().map(label).collect();
    let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
    let gap = threshold_gap(&labels, &probabilities).ok()??;
    let (epochs, is_calm) = (2 * run.row.start.epochs.max(1), is_calm(&run.row.start));
    Some(NotConvergedSign::ThresholdIsOff { gap, on_validation, epochs, is_calm })
}

/// Whether a run's batch norm has the momentum that others are advised to take.
fn is_calm(start: &NewRun) -> bool {
    momentum(start).is_some_and(|momentum| momentum <= CALM_MOMENTUM)
}

fn label(row: &PredictionRow) -> u8 {
    u8::try_from(row.label).unwrap_or(u8::MAX)
}

fn loss_rises(run: &RunData) -> Option<NotConvergedSign> {
    let mut losses: Vec<(i64, f64)> = run
        .epochs
        .iter()
        .filter(|row| row.metric == "validation_loss")
        .map(|row| (row.epoch, row.value))
        .collect();
    losses.sort_by_key(|(epoch, _)| *epoch);
    let losses: Vec<f64> = losses.into_iter().map(|(_, loss)| loss).collect();
    let kept = usize::try_from(run.row.result.as_ref()?.best_epoch).ok()?;
    let loss = rising_loss(&losses, kept)?;
    let start = &run.row.start;
    Some(NotConvergedSign::LossRises {
        loss,
        learning_rate: start.learning_rate / 5.0,
        is_calm: is_calm(start),
    })
}

fn statistics_are_stale(run: &RunData) -> Option<NotConvergedSign> {
    let steps_per_epoch = steps_per_epoch(&run.row.start)?;
    let kept = u64::try_from(run.row.result.as_ref()?.best_epoch).ok()?;
    let statistics = stale_statistics(steps_per_epoch * kept, momentum(&run.row.start)?)?;
    let calm = StaleStatistics::steps_needed(CALM_MOMENTUM);
    let epochs = u64::try_from(run.row.start.epochs).unwrap_or(0);
    let is_long_enough = steps_per_epoch.max(1) * epochs.max(kept) >= calm;
    let advice = match (is_long_enough, statistics.momentum > CALM_MOMENTUM) {
        // Long enough for the calmer momentum, or it would be with the epochs after the kept one.
        (true, true) => StatisticsAdvice::Momentum,
        (false, true) => StatisticsAdvice::MomentumAndEpochs(calm.div_ceil(steps_per_epoch)),
        (_, false) if epochs > kept => StatisticsAdvice::LaterEpoch,
        (_, false) => StatisticsAdvice::Epochs(
            StaleStatistics::steps_needed(statistics.momentum).div_ceil(steps_per_epoch),
        ),
    };
    Some(NotConvergedSign::StatisticsAreStale { statistics, kept, advice })
}

fn steps_per_epoch(start: &NewRun) -> Option<u64> {
    let (images, batch) = (u64::try_from(start.train_images).ok()?, u64::try_from(start.batch_size).ok()?);
    Some(images.div_ceil(batch.max(1))).filter(|steps| *steps > 0)
}

/// The momentum of the run's configuration, in Keras' convention.
fn momentum(start: &NewRun) -> Option<f64> {
    let config: Value = serde_json::from_str(&start.config).ok()?;
    config.pointer("/training/batch_norm_momentum")?.as_f64()
}
