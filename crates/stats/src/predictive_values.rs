//! Predictive values at a prevalence that is set, with intervals.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::interval::Interval;

/// A rate from 0 to 1 with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimatedRate {
    /// The rate.
    pub rate: f64,
    /// An interval that holds it.
    pub interval: Interval,
}

impl EstimatedRate {
    /// `1 − rate`.
    fn complement(&self) -> Self {
        let Interval { lower, upper, level } = self.interval;
        Self { rate: 1.0 - self.rate, interval: Interval { lower: 1.0 - upper, upper: 1.0 - lower, level } }
    }

    fn check(&self) -> Result<()> {
        let Interval { lower, upper, .. } = self.interval;
        if !(0.0..=1.0).contains(&self.rate) {
            return Err(Error::Rate(self.rate));
        }
        if 0.0 <= lower && lower <= self.rate && self.rate <= upper && upper <= 1.0 {
            Ok(())
        } else {
            Err(Error::Bounds { rate: self.rate, lower, upper })
        }
    }
}

/// What a call is worth where so many are positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictiveValues {
    /// Share of positives that is assumed, above 0 and below 1.
    pub prevalence: f64,
    /// Share of true positives among those called positive; `None` where none is ever called so.
    pub positive: Option<EstimatedRate>,
    /// Share of true negatives among those called negative; `None` where none is ever called so.
    pub negative: Option<EstimatedRate>,
}

/// Positive and negative predictive value at a prevalence π, by Bayes' theorem (Altman & Bland 1994):
/// `PPV = 1 / (1 + (1 − sp) / se · (1 − π) / π)` and `NPV = 1 / (1 + (1 − se) / sp · π / (1 − π))`. Both fall
/// with a ratio of two rates, so that the ends of [`ratio_interval`] are the ends of their intervals. The
/// prevalence is an assumption and adds nothing to them.
///
/// # Errors
/// When the prevalence is not above 0 and below 1, or a rate or its interval is not from 0 to 1.
pub fn predictive_values(
    sensitivity: &EstimatedRate,
    specificity: &EstimatedRate,
    prevalence: f64,
) -> Result<PredictiveValues> {
    if !(prevalence > 0.0 && prevalence < 1.0) {
        return Err(Error::Prevalence(prevalence));
    }
    let odds = prevalence / (1.0 - prevalence);
    Ok(PredictiveValues {
        prevalence,
        positive: share(&specificity.complement(), sensitivity, 1.0 / odds)?,
        negative: share(&sensitivity.complement(), specificity, odds)?,
    })
}

/// `1 / (1 + wrong / right · odds)`; `None` where both are 0.
fn share(wrong: &EstimatedRate, right: &EstimatedRate, odds: f64) -> Result<Option<EstimatedRate>> {
    let ratio = ratio_interval(wrong, right)?;
    let value = |ratio: f64| 1.0 / (1.0 + ratio * odds);
    if wrong.rate == 0.0 && right.rate == 0.0 {
        return Ok(None);
    }
    let rate = value(wrong.rate / right.rate);
    // Rounding must not push an end past the estimate.
    let interval =
        Interval { lower: value(ratio.upper).min(rate), upper: value(ratio.lower).max(rate), ..ratio };
    Ok(Some(EstimatedRate { rate, interval }))
}

/// The interval of a ratio of two independently estimated rates from the interval of each, by the method of
/// variance estimates recovery (MOVER-R; Zou & Donner 2008, Li, Tang & Wong 2014). With rates a and b and
/// intervals `(l, u)` of each, the bounds L and U are the roots of
///
/// `L = (ab − √(a²b² − lₐ(2a − lₐ) u_b(2b − u_b))) / (u_b(2b − u_b))` and
/// `U = (ab + √(a²b² − uₐ(2a − uₐ) l_b(2b − l_b))) / (l_b(2b − l_b))`.
///
/// The upper bound is infinite where the denominator's interval starts at 0. Sensitivity and specificity come
/// from different cells; what they share through patients who have both kinds is left out.
///
/// # Errors
/// When a rate is not between 0 and 1 or not in its interval, or the levels differ.
pub fn ratio_interval(numerator: &EstimatedRate, denominator: &EstimatedRate) -> Result<Interval> {
    numerator.check()?;
    denominator.check()?;
    let level = numerator.interval.level;
    if level != denominator.interval.level {
        return Err(Error::Levels { first: level, second: denominator.interval.level });
    }
    let (a, b) = (numerator.rate, denominator.rate);
    let from = |rate: f64, bound: f64| bound * (2.0 * rate - bound);
    let root = |of_a: f64, of_b: f64| (a * a * b * b - of_a * of_b).max(0.0).sqrt();
    // Multiplied by the other root, so that a factor of 0 leaves a number.
    let low = from(a, numerator.interval.lower);
    let below = a * b + root(low, from(b, denominator.interval.upper));
    let lower = if low == 0.0 { 0.0 } else { low / below };
    let high = from(b, denominator.interval.lower);
    let upper = if high > 0.0 {
        (a * b + root(from(a, numerator.interval.upper), high)) / high
    } else {
        f64::INFINITY
    };
    Ok(Interval { lower, upper, level })
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::wilson_interval;

    fn of(successes: u64, total: u64) -> EstimatedRate {
        EstimatedRate {
            rate: successes as f64 / total as f64,
            interval: wilson_interval(successes, total, 0.95).unwrap(),
        }
    }

    #[test]
    fn few_true_positives_make_even_a_good_test_wrong_most_of_the_time() {
        let rates = of(950, 1000);
        let rare = predictive_values(&rates, &rates, 0.01).unwrap();
        let (positive, negative) = (rare.positive.unwrap(), rare.negative.unwrap());
        assert!((positive.rate - 0.0095 / (0.0095 + 0.0495)).abs() < 1e-12, "{positive:?}");
        assert!((negative.rate - 0.9405 / (0.9405 + 0.0005)).abs() < 1e-12, "{negative:?}");
        for value in [positive, negative] {
            assert!(value.interval.lower < value.rate && value.rate < value.interval.upper);
        }
        // At one half, with equal rates, both values are the rates.
        let even = predictive_values(&rates, &rates, 0.5).unwrap();
        assert!((even.positive.unwrap().rate - 0.95).abs() < 1e-12);
        assert!((even.negative.unwrap().rate - 0.95).abs() < 1e-12);
    }

    #[test]
    fn rates_at_the_edge_still_have_intervals() {
        let perfect = predictive_values(&of(50, 50), &of(50, 50), 0.1).unwrap();
        let positive = perfect.positive.unwrap();
        assert_eq!((positive.rate, positive.interval.upper), (1.0, 1.0));
        assert!((0.3..0.8).contains(&positive.interval.lower), "{positive:?}");
        let blind = predictive_values(&of(0, 50), &of(40, 50), 0.1).unwrap();
        let positive = blind.positive.unwrap();
        assert_eq!((positive.rate, positive.interval.lower), (0.0, 0.0));
        assert!(positive.interval.upper > 0.0 && positive.interval.upper < 0.1);
        // Nothing is ever called positive: no such value.
        let silent = predictive_values(&of(0, 50), &of(50, 50), 0.1).unwrap();
        assert_eq!(silent.positive, None);
        assert!((silent.negative.unwrap().rate - 0.9).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_prevalence_or_rate_is_refused() {
        let rates = of(95, 100);
        for prevalence in [0.0, 1.0, -0.1, 10.0] {
            let error = predictive_values(&rates, &rates, prevalence);
            assert_eq!(error, Err(Error::Prevalence(prevalence)));
        }
        assert!(predictive_values(&rates, &rates, f64::NAN).is_err());
        let off = EstimatedRate { rate: 0.5, ..rates };
        assert!(matches!(predictive_values(&off, &rates, 0.1), Err(Error::Bounds { .. })));
        let other = EstimatedRate { interval: Interval { level: 0.9, ..rates.interval }, ..rates };
        assert!(matches!(predictive_values(&rates, &other, 0.1), Err(Error::Levels { .. })));
        let beyond = EstimatedRate { rate: 1.5, ..rates };
        assert_eq!(predictive_values(&beyond, &rates, 0.1), Err(Error::Rate(1.5)));
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut random = ChaCha8Rng::seed_from_u64(14);
        let (sensitivity, specificity, prevalence) = (0.93, 0.96, 0.1);
        let truth = [
            sensitivity * prevalence / (sensitivity * prevalence + (1.0 - specificity) * (1.0 - prevalence)),
            specificity * (1.0 - prevalence)
                / (specificity * (1.0 - prevalence) + (1.0 - sensitivity) * prevalence),
        ];
        let (studies, mut held) = (2000, [0; 2]);
        for _ in 0..studies {
            let mut draw =
                |chance: f64| of((0..150).map(|_| u64::from(random.random_bool(chance))).sum(), 150);
            let (se, sp) = (draw(sensitivity), draw(specificity));
            let found = predictive_values(&se, &sp, prevalence).unwrap();
            for (held, (value, truth)) in
                held.iter_mut().zip([found.positive, found.negative].iter().zip(truth))
            {
                *held += u32::from(value.unwrap().interval.contains(truth));
            }
        }
        for held in held.map(|held| f64::from(held) / f64::from(studies)) {
            assert!((0.935..0.975).contains(&held), "{held}");
        }
    }
}
