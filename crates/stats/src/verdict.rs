//! What may be said of a difference, never more than its numbers.

use serde::{Deserialize, Serialize};

use crate::equivalence::Equivalence;
use crate::interval::Interval;

/// What a comparison of a first with a second configuration shows.
///
/// Two questions are asked, each with its own error rate alpha:
///
/// - *Different?* Yes if the p of no difference, corrected for all comparisons of its family, is below
///   alpha **and** the interval of `first − second` excludes 0.
/// - *Equivalent?* Yes if the p of the two one-sided tests, corrected as well, is below alpha **and**
///   their interval lies strictly within ±margin.
///
/// | different | equivalent | verdict |
/// |---|---|---|
/// | no | yes | [`Verdict::Equivalent`] |
/// | yes | yes | [`Verdict::EquivalentYetDifferent`] |
/// | yes | no | [`Verdict::Better`] or [`Verdict::Worse`] by sign |
/// | no | no | [`Verdict::Inconclusive`] |
///
/// A number that is missing or not a number answers no. That no difference is shown is never taken for
/// equivalence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within the margin; no difference shown.
    Equivalent,
    /// A difference is shown, but it lies within the margin: real and too small to matter.
    EquivalentYetDifferent,
    /// The first is better; by more than the margin or not is open.
    Better,
    /// The first is worse; by more than the margin or not is open.
    Worse,
    /// Neither a difference nor equivalence is shown: there are too few patients to tell.
    Inconclusive,
}

impl Verdict {
    /// The verdict on `first − second` of a metric of which more is better, from its interval of
    /// confidence 1 − alpha, the corrected p of no difference, and the (corrected) equivalence test,
    /// whose alpha is that of both.
    pub fn new(difference: f64, interval: &Interval, p: f64, equivalence: &Equivalence) -> Self {
        let significant = p < equivalence.alpha;
        let better = significant && difference > 0.0 && interval.lower > 0.0;
        let worse = significant && difference < 0.0 && interval.upper < 0.0;
        let equivalent = equivalence.equivalent
            && equivalence.p < equivalence.alpha
            && equivalence.interval.is_within_margin(equivalence.margin);
        match (better, worse, equivalent) {
            (true, _, true) | (_, true, true) => Self::EquivalentYetDifferent,
            (true, _, false) => Self::Better,
            (_, true, false) => Self::Worse,
            (false, false, true) => Self::Equivalent,
            (false, false, false) => Self::Inconclusive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Reference;

    /// The verdict on a normal difference with a margin of 0.01, without correction.
    fn verdict(difference: f64, standard_error: f64) -> Verdict {
        let (interval, p, equivalence) = evidence(difference, standard_error);
        Verdict::new(difference, &interval, p, &equivalence)
    }

    fn evidence(difference: f64, standard_error: f64) -> (Interval, f64, Equivalence) {
        let interval = Interval::around(difference, 1.96 * standard_error, 0.95);
        let p = Reference::Normal.two_sided_p(difference / standard_error).unwrap();
        let equivalence =
            Equivalence::new(difference, standard_error, Reference::Normal, 0.01, 0.05).unwrap();
        (interval, p, equivalence)
    }

    #[test]
    fn each_row_of_the_rule_has_its_verdict() {
        assert_eq!(verdict(0.0, 0.002), Verdict::Equivalent);
        assert_eq!(verdict(0.005, 0.002), Verdict::EquivalentYetDifferent);
        assert_eq!(verdict(-0.005, 0.002), Verdict::EquivalentYetDifferent);
        assert_eq!(verdict(0.02, 0.005), Verdict::Better);
        assert_eq!(verdict(-0.02, 0.005), Verdict::Worse);
        assert_eq!(verdict(0.005, 0.02), Verdict::Inconclusive);
    }

    #[test]
    fn a_correction_takes_claims_back() {
        let (interval, _, equivalence) = evidence(0.02, 0.005);
        assert_eq!(Verdict::new(0.02, &interval, 0.05, &equivalence), Verdict::Inconclusive);
        let (interval, p, equivalence) = evidence(0.0, 0.002);
        assert_eq!(Verdict::new(0.0, &interval, p, &equivalence.corrected(0.2)), Verdict::Inconclusive);
    }

    #[test]
    fn numbers_that_contradict_each_other_or_are_missing_claim_nothing() {
        let (interval, p, equivalence) = evidence(0.02, 0.005);
        let around_zero = Interval { lower: -0.01, ..interval };
        assert_eq!(Verdict::new(0.02, &around_zero, p, &equivalence), Verdict::Inconclusive);
        assert_eq!(Verdict::new(0.02, &interval, f64::NAN, &equivalence), Verdict::Inconclusive);
        assert_eq!(Verdict::new(f64::NAN, &interval, p, &equivalence), Verdict::Inconclusive);
        let (interval, p, equivalence) = evidence(0.0, 0.002);
        let beyond =
            Equivalence { interval: Interval { upper: 0.02, ..equivalence.interval }, ..equivalence };
        assert_eq!(Verdict::new(0.0, &interval, p, &beyond), Verdict::Inconclusive);
    }
}
