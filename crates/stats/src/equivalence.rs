//! Equivalence within a margin by two one-sided tests, and non-inferiority by one of them.

use serde::{Deserialize, Serialize};

use crate::distribution::Reference;
use crate::error::{Error, Result, check_finite, check_level, check_margin};
use crate::interval::Interval;
use crate::unseen::Unseen;

/// Whether a difference is shown to lie within ±margin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equivalence {
    /// The largest difference that does not matter, in the difference's unit. It is to be set before the
    /// results are seen.
    pub margin: f64,
    /// Significance level.
    pub alpha: f64,
    /// p of the test against differences of −margin and less.
    pub lower_p: f64,
    /// p of the test against differences of margin and more.
    pub upper_p: f64,
    /// The larger of both, after correction if there was one.
    pub p: f64,
    /// The interval of confidence 1 − 2 alpha: 90 % for 5 %. Where Student's t alone would claim equivalence it reaches
    /// at least as far as patients that were not seen leave open.
    pub interval: Interval,
    /// Whether p and interval are held to a patient that was not seen and may be lost altogether.
    pub allows_for_lost_patient: bool,
    /// Whether p is below alpha. Without correction that is to say that the interval lies strictly within
    /// ±margin.
    pub equivalent: bool,
}

impl Equivalence {
    /// Two one-sided tests (Schuirmann 1987) of a difference with a standard error, say that of
    /// [`crate::Family::compare`] with its t distribution, or a bootstrap's with the normal one.
    ///
    /// # Errors
    /// When the difference is not finite, the standard error, margin or degrees of freedom are not
    /// positive, or alpha is not between 0 and one half.
    pub fn new(
        difference: f64,
        standard_error: f64,
        reference: Reference,
        margin: f64,
        alpha: f64,
    ) -> Result<Self> {
        check_test(difference, standard_error, margin, alpha)?;
        let level = 1.0 - 2.0 * alpha;
        let half = reference.quantile(1.0 - alpha)? * standard_error;
        let lower_p = reference.upper_tail((margin + difference) / standard_error)?;
        let upper_p = reference.upper_tail((margin - difference) / standard_error)?;
        let p = lower_p.max(upper_p);
        let interval = Interval::around(difference, half, level);
        let allows_for_lost_patient = false;
        Ok(Self {
            margin,
            alpha,
            lower_p,
            upper_p,
            p,
            interval,
            allows_for_lost_patient,
            equivalent: p < alpha,
        })
    }

    /// Holds the test to what patients that were not seen leave open: each p is at least theirs, and the interval reaches
    /// at least to their bounds, so that p and interval agree.
    pub(crate) fn held_to(self, unseen: &Unseen) -> Self {
        let (lower_p, upper_p) =
            (self.lower_p.max(unseen.lower_p(self.margin)), self.upper_p.max(unseen.upper_p(self.margin)));
        let p = lower_p.max(upper_p);
        let (low, high) = unseen.bounds(self.alpha);
        let Interval { lower, upper, level } = self.interval;
        let interval = Interval { lower: lower.min(low), upper: upper.max(high), level };
        let allows_for_lost_patient = true;
        Self { lower_p, upper_p, p, interval, allows_for_lost_patient, equivalent: p < self.alpha, ..self }
    }

    /// Takes a p-value corrected for several comparisons, which never makes a claim stronger.
    pub fn corrected(self, p: f64) -> Self {
        let p = self.p.max(p);
        Self { p, equivalent: self.equivalent && p < self.alpha, ..self }
    }
}

/// Whether a candidate is shown to be less than a margin worse than a reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NonInferiority {
    /// The largest loss that does not matter.
    pub margin: f64,
    /// Significance level.
    pub alpha: f64,
    /// Upper bound of the one-sided interval of `reference − candidate` with confidence 1 − alpha; where Student's t
    /// alone would claim it, at least what patients that were not seen leave open.
    pub upper_bound: f64,
    /// p of the test against losses of margin and more, after correction if there was one.
    pub p: f64,
    /// Whether p is below alpha. Without correction that is to say that the upper bound lies below the
    /// margin.
    pub noninferior: bool,
}

impl NonInferiority {
    /// One-sided test of `difference = reference − candidate`, for a metric of which more is better.
    ///
    /// # Errors
    /// As [`Equivalence::new`].
    pub fn new(
        difference: f64,
        standard_error: f64,
        reference: Reference,
        margin: f64,
        alpha: f64,
    ) -> Result<Self> {
        check_test(difference, standard_error, margin, alpha)?;
        let p = reference.upper_tail((margin - difference) / standard_error)?;
        let upper_bound = difference + reference.quantile(1.0 - alpha)? * standard_error;
        Ok(Self { margin, alpha, upper_bound, p, noninferior: p < alpha })
    }

    /// Holds the test to what patients that were not seen leave open, as [`Equivalence::held_to`] does.
    pub(crate) fn held_to(self, unseen: &Unseen) -> Self {
        let p = self.p.max(unseen.upper_p(self.margin));
        let upper_bound = self.upper_bound.max(unseen.bounds(self.alpha).1);
        Self { p, upper_bound, noninferior: p < self.alpha, ..self }
    }

    /// Takes a p-value corrected for several comparisons, which never makes a claim stronger.
    pub fn corrected(self, p: f64) -> Self {
        let p = self.p.max(p);
        Self { p, noninferior: self.noninferior && p < self.alpha, ..self }
    }
}

fn check_test(difference: f64, standard_error: f64, margin: f64, alpha: f64) -> Result<()> {
    check_finite(&[difference])?;
    check_margin(margin)?;
    check_level(alpha)?;
    if alpha >= 0.5 {
        return Err(Error::Level(alpha));
    }
    if !(standard_error > 0.0 && standard_error.is_finite()) {
        return Err(Error::StandardError(standard_error));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_weakens_and_never_strengthens() {
        let found = Equivalence::new(0.0, 0.004, Reference::Normal, 0.01, 0.05).unwrap();
        assert!(found.equivalent && found.interval.is_within_margin(0.01));
        assert!((found.interval.level - 0.9).abs() < 1e-15);
        assert!((found.interval.upper - 1.644_853_626_951_472_7 * 0.004).abs() < 1e-12, "{found:?}");
        assert!(!found.corrected(0.06).equivalent);
        assert_eq!(found.corrected(0.0), found);
        let wide = Equivalence::new(0.0, 0.04, Reference::Normal, 0.01, 0.05).unwrap();
        assert!(!wide.equivalent && !wide.corrected(0.0).equivalent);
        let lost = NonInferiority::new(0.009, 0.004, Reference::Normal, 0.01, 0.05).unwrap();
        assert!(!lost.noninferior && !lost.corrected(0.0).noninferior && lost.upper_bound > 0.01);
        let won = NonInferiority::new(-0.02, 0.004, Reference::Normal, 0.01, 0.05).unwrap();
        assert!(won.noninferior && !won.corrected(0.05).noninferior);
    }

    #[test]
    fn what_cannot_be_tested_is_refused() {
        let of = |difference, standard_error, margin, alpha| {
            Equivalence::new(difference, standard_error, Reference::Normal, margin, alpha).unwrap_err()
        };
        assert_eq!(of(0.0, 0.0, 0.01, 0.05), Error::StandardError(0.0));
        assert_eq!(of(0.0, 0.1, 0.0, 0.05), Error::Margin(0.0));
        assert_eq!(of(0.0, 0.1, 0.01, 0.5), Error::Level(0.5));
        assert!(matches!(of(f64::NAN, 0.1, 0.01, 0.05), Error::NotFinite { .. }));
    }
}
