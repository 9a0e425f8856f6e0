//! Signs that a training has not converged, from what it recorded. Each sign is a pure function that gives `None`
//! where there is no such sign.
//!
//! 1. **The threshold is off** ([`threshold_gap`]). A network that ranks the images well and calls them badly has
//!    probabilities that are not settled yet. With n images, A(t) the share that is right from the threshold t on,
//!    b the images that only t* = argmax A gets right and c those that only one half gets right, the gap is
//!    A(t*) − A(½) = (b − c) / n, and its standard error is that of McNemar's difference of paired shares,
//!    √(b + c − (b − c)² / n) / n. The sign needs a gap of [`GAP`] and of [`GAP_ERRORS`] standard errors: t* is the
//!    best of many, so that two would be passed by chance.
//! 2. **The loss rises** ([`rising_loss`]). The validation losses of the last [`LAST_EPOCHS`] epochs all lie far above
//!    the lowest one before them: at least [`RISE`] times as high and by [`LEAST_RISE`] where the kept weights are of
//!    one of these epochs. Where they are of an earlier one, a network that begins to overfit has not failed, and it
//!    takes [`RISE_AFTER`] and [`LEAST_RISE_AFTER`]. One high epoch among lower ones is noise.
//! 3. **Batch norm has seen too few steps** ([`stale_statistics`]). Running statistics are r ← m·r + (1 − m)·batch,
//!    so that m^steps of their initial values (mean 0, variance 1) are left after so many steps. Training does not
//!    use them, validation and test do. The sign is a share above [`STALE`].

use serde::{Deserialize, Serialize};

use crate::curves::{Cut, cuts, totals};
use crate::error::Result;
use crate::metric::THRESHOLD;
use crate::ranking::roc_auc;

/// Least gap between the accuracy at one half and at the best threshold.
const GAP: f64 = 0.03;
/// Least gap between both accuracies in standard errors.
const GAP_ERRORS: f64 = 3.0;
/// Epochs at the end that must all lie above the best.
const LAST_EPOCHS: usize = 2;
/// How many times the lowest loss those must reach.
const RISE: f64 = 1.5;
/// How far above it they must lie, in nats: losses near 0 double by a single image.
const LEAST_RISE: f64 = 0.05;
/// How many times the lowest loss those must reach where the kept weights are of an earlier epoch.
const RISE_AFTER: f64 = 2.0;
/// How far above it, in nats, they must lie where the kept weights are of an earlier epoch.
const LEAST_RISE_AFTER: f64 = 0.2;
/// Share of the initial running statistics that may be left.
const STALE: f64 = 0.05;

/// The images are ranked far better than they are called.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdGap {
    /// Share of images that are called right from a probability of one half on.
    pub accuracy: f64,
    /// Share of images that are called right from the best threshold on.
    pub best_accuracy: f64,
    /// The best threshold; of several the one next to one half.
    pub threshold: f64,
    /// Area under the ROC curve.
    pub area: f64,
    /// Images.
    pub images: usize,
}

/// The validation loss at the end lies far above its lowest value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RisingLoss {
    /// Loss after the last epoch.
    pub last: f64,
    /// Epochs.
    pub epochs: usize,
    /// Lowest loss.
    pub lowest: f64,
    /// Its epoch, from 1.
    pub lowest_epoch: usize,
}

/// Batch norm's running statistics still hold much of their initial values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaleStatistics {
    /// Share of the initial values that is left, momentum^steps.
    pub share: f64,
    /// Training steps that the kept weights have seen.
    pub steps: u64,
    /// Share of the running statistics that a step keeps, in Keras' convention.
    pub momentum: f64,
}

/// Compares the accuracy at one half with the best of any threshold. `None` where the gap is small, within chance,
/// or there are images of one class only.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, or a probability is not between 0 and 1.
pub fn threshold_gap(labels: &[u8], probabilities: &[f64]) -> Result<Option<ThresholdGap>> {
    let mut cuts = cuts(labels, probabilities)?;
    let (positives, negatives) = totals(&cuts);
    let Some(area) = roc_auc(labels, probabilities)? else { return Ok(None) };
    // To call none positive, where no probability is that high.
    if cuts.first().is_some_and(|cut| cut.threshold < 1.0) {
        cuts.insert(0, Cut { threshold: 1.0, true_positives: 0, false_positives: 0 });
    }
    let images = (positives + negatives) as f64;
    let right = |cut: &Cut| cut.true_positives + negatives - cut.false_positives;
    let at_half = cuts.iter().rposition(|cut| cut.threshold >= THRESHOLD).unwrap_or(0);
    let distance = |place: usize| place.abs_diff(at_half);
    let best = (0..cuts.len())
        .max_by(|one, other| {
            right(&cuts[*one]).cmp(&right(&cuts[*other])).then(distance(*other).cmp(&distance(*one)))
        })
        .unwrap_or(at_half);
    let (half, best) = (&cuts[at_half], &cuts[best]);
    let more = best.true_positives.abs_diff(half.true_positives) as f64;
    let others = best.false_positives.abs_diff(half.false_positives) as f64;
    let gap = (right(best) - right(half)) as f64 / images;
    let error = (more + others - gap * gap * images).max(0.0).sqrt() / images;
    let found = ThresholdGap {
        accuracy: right(half) as f64 / images,
        best_accuracy: right(best) as f64 / images,
        threshold: best.threshold,
        area,
        images: labels.len(),
    };
    Ok((gap >= GAP && gap >= GAP_ERRORS * error).then_some(found))
}

/// Looks at the validation losses of the epochs in their order; `kept_epoch`, from 1, is the one whose weights were
/// kept. `None` where the last epochs are near the lowest one, where there are fewer than two epochs, and where a
/// loss is no finite number.
pub fn rising_loss(losses: &[f64], kept_epoch: usize) -> Option<RisingLoss> {
    if losses.iter().any(|loss| !loss.is_finite()) {
        return None;
    }
    let last = *losses.last()?;
    let end = losses.len().saturating_sub(LAST_EPOCHS).max(1);
    let (place, lowest) =
        losses[..end].iter().copied().enumerate().min_by(|one, other| one.1.total_cmp(&other.1))?;
    let (times, least) = if kept_epoch > end { (RISE, LEAST_RISE) } else { (RISE_AFTER, LEAST_RISE_AFTER) };
    let far = |loss: &f64| *loss >= times * lowest && *loss >= lowest + least;
    (losses.len() > 1 && losses[end..].iter().all(far)).then_some(RisingLoss {
        last,
        epochs: losses.len(),
        lowest,
        lowest_epoch: place + 1,
    })
}

/// How much of batch norm's initial statistics is left after so many steps. `None` where it is little, and for a
/// momentum outside of 0 to 1.
pub fn stale_statistics(steps: u64, momentum: f64) -> Option<StaleStatistics> {
    if !(0.0..1.0).contains(&momentum) {
        return None;
    }
    let share = momentum.powf(steps as f64);
    (share > STALE).then_some(StaleStatistics { share, steps, momentum })
}

impl StaleStatistics {
    /// Steps after which little is left of the initial statistics at a momentum.
    pub fn steps_needed(momentum: f64) -> u64 {
        let mut steps = (STALE.ln() / momentum.ln()).ceil().max(1.0) as u64;
        // What the logarithms round.
        while stale_statistics(steps, momentum).is_some() {
            steps += 1;
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Half of the images of each class, the probabilities of one pushed up by a shift of their logits.
    fn shifted(images: usize, shift: f64) -> (Vec<u8>, Vec<f64>) {
        let logit = |place: usize| {
            let spread = (place / 2) as f64 / images as f64 * 12.0 - 4.0;
            let logit = if place % 2 == 1 { spread + 4.5 } else { spread - 4.5 };
            1.0 / (1.0 + (-(logit + shift)).exp())
        };
        ((0..images).map(|place| (place % 2) as u8).collect(), (0..images).map(logit).collect())
    }

    #[test]
    fn a_network_that_ranks_well_and_calls_badly_has_not_converged() {
        let (labels, probabilities) = shifted(300, 4.0);
        let found = threshold_gap(&labels, &probabilities).unwrap().unwrap();
        assert!(found.best_accuracy - found.accuracy > 0.1, "{found:?}");
        assert!(found.threshold > 0.9 && found.area > 0.95 && found.images == 300, "{found:?}");
        let (labels, probabilities) = shifted(300, -5.0);
        assert!(threshold_gap(&labels, &probabilities).unwrap().unwrap().threshold < 0.1);
        // With as few images the same gap can be chance; without any shift there is none.
        let (labels, probabilities) = shifted(12, 4.0);
        assert_eq!(threshold_gap(&labels, &probabilities), Ok(None));
    }

    #[test]
    fn calling_every_image_alike_is_seen_whatever_the_class() {
        let labels: Vec<u8> = (0..100).map(|place| u8::from(place < 60)).collect();
        for (low, high) in [(0.001, 0.002), (0.8, 0.9), (0.5, 1.0), (0.0, 0.499)] {
            let probabilities: Vec<f64> =
                labels.iter().map(|label| if *label == 1 { high } else { low }).collect();
            let found = threshold_gap(&labels, &probabilities).unwrap().unwrap();
            assert_eq!((found.best_accuracy, found.area), (1.0, 1.0));
            assert_eq!(found.threshold, high);
        }
    }

    #[test]
    fn one_class_and_no_images_say_nothing_and_a_bad_probability_is_an_error() {
        assert_eq!(threshold_gap(&[1, 1], &[0.1, 0.2]), Ok(None));
        assert_eq!(threshold_gap(&[], &[]), Ok(None));
        assert!(threshold_gap(&[1, 0], &[f64::NAN, 0.2]).is_err());
    }

    #[test]
    fn settled_probabilities_hardly_ever_trip_however_few_images_there_are() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut tripped = 0;
        for trial in 0..600 {
            let images = [30, 100, 270, 1000][trial % 4];
            // The label is drawn with the probability itself, spread as those of a good network are.
            let draw = |random: &mut ChaCha8Rng| {
                let sure: f64 = random.random_range(0.0f64..1.0).powi(4) / 2.0;
                let probability = if random.random_bool(0.5) { sure } else { 1.0 - sure };
                (u8::from(random.random_bool(probability)), probability)
            };
            let (labels, probabilities): (Vec<u8>, Vec<f64>) = (0..images).map(|_| draw(&mut random)).unzip();
            tripped += usize::from(threshold_gap(&labels, &probabilities).unwrap().is_some());
        }
        assert!(tripped <= 3, "{tripped} of 600");
    }

    #[test]
    fn a_loss_that_ends_far_above_its_best_rises_and_one_noisy_epoch_does_not() {
        let found = rising_loss(&[0.5, 0.2, 0.25, 0.4, 0.6], 4).unwrap();
        assert_eq!((found.last, found.epochs, found.lowest, found.lowest_epoch), (0.6, 5, 0.2, 2));
        assert_eq!(rising_loss(&[0.5, 0.2, 0.25, 0.24, 0.6], 5), None, "the last epoch alone");
        assert_eq!(rising_loss(&[0.5, 0.2, 0.9, 0.25, 0.21], 5), None, "one in the middle");
        assert!(rising_loss(&[0.3, 0.9], 1).is_some(), "two epochs have nothing else to go by");
        assert!(rising_loss(&[0.3, 0.9, 0.8], 1).is_some());
        assert_eq!(rising_loss(&[0.01, 0.03, 0.04], 3), None, "losses near nothing");
        assert_eq!(
            (rising_loss(&[], 1), rising_loss(&[0.4], 1), rising_loss(&[0.1, f64::NAN], 1)),
            (None, None, None)
        );
    }

    #[test]
    fn a_network_that_begins_to_overfit_after_its_kept_epoch_has_not_failed() {
        let losses = [0.3, 0.15, 0.12, 0.13, 0.19, 0.2];
        assert_eq!(rising_loss(&losses, 3), None);
        assert!(rising_loss(&losses, 6).is_some(), "these are the weights that are kept");
        assert!(rising_loss(&[0.3, 0.12, 0.6, 0.9], 2).is_some(), "far above all the same");
    }

    #[test]
    fn few_steps_leave_much_of_the_initial_statistics() {
        let found = stale_statistics(152, 0.99).unwrap();
        assert!((found.share - 0.217).abs() < 0.001, "{found:?}");
        assert_eq!(stale_statistics(152, 0.9), None);
        assert_eq!((StaleStatistics::steps_needed(0.99), StaleStatistics::steps_needed(0.9)), (299, 29));
        assert_eq!(stale_statistics(1, 0.0), None);
        assert_eq!((stale_statistics(5, 1.0), stale_statistics(5, f64::NAN)), (None, None));
    }

    proptest! {
        #[test]
        fn a_rise_needs_a_last_epoch_above_the_best(
            losses in prop::collection::vec(0.0f64..3.0, 1..12), kept in 1usize..12
        ) {
            if let Some(found) = rising_loss(&losses, kept) {
                prop_assert!(found.last >= RISE * found.lowest && found.last >= found.lowest + LEAST_RISE);
                prop_assert_eq!(losses[found.lowest_epoch - 1], found.lowest);
                // A further epoch as good as the best ends the alarm.
                let more: Vec<f64> = losses.iter().copied().chain([found.lowest]).collect();
                prop_assert_eq!(rising_loss(&more, kept), None);
            }
        }

        #[test]
        fn falling_losses_never_rise(mut losses in prop::collection::vec(0.0f64..3.0, 1..12)) {
            losses.sort_by(|one, other| other.total_cmp(one));
            prop_assert_eq!(rising_loss(&losses, losses.len()), None);
        }

        #[test]
        fn the_steps_needed_are_the_fewest_that_suffice(momentum in 0.01f64..0.9999) {
            let steps = StaleStatistics::steps_needed(momentum);
            prop_assert_eq!(stale_statistics(steps, momentum), None);
            prop_assert!(steps == 1 || stale_statistics(steps - 1, momentum).is_some());
        }

        #[test]
        fn the_best_threshold_gives_the_accuracy_that_is_told(
            cells in prop::collection::vec((0u8..2, 0.0f64..=1.0), 2..200)
        ) {
            let (labels, probabilities): (Vec<u8>, Vec<f64>) = cells.into_iter().unzip();
            if let Some(found) = threshold_gap(&labels, &probabilities).unwrap() {
                let at = |threshold| {
                    crate::ConfusionMatrix::from_predictions(&labels, &probabilities, threshold).unwrap().accuracy()
                };
                prop_assert_eq!(at(THRESHOLD), found.accuracy);
                prop_assert_eq!(at(found.threshold), found.best_accuracy);
                prop_assert!(found.best_accuracy >= found.accuracy + GAP - 1e-12);
            }
        }
    }
}
