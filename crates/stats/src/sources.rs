//! Variance from several independent sources, some of which are known from few values only: patients
//! and the seeds of one or two configurations.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::student::student;

/// Patients, seeds of the first configuration and seeds of the second.
const MOST: usize = 3;
/// Below it a distribution is straight.
const NEAREST: f64 = 1e-4;
/// Where the tail of even the most degrees of freedom has not vanished yet. Quantiles of one or two degrees
/// of freedom at such a tail may be too large for a number all the same.
const FARTHEST: f64 = 36.0;

/// An estimated part of an estimate's variance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The part of the variance, in the squared unit of the estimate.
    pub variance: f64,
    /// Values that it was estimated from, less one.
    pub degrees_of_freedom: f64,
}

/// Independent sources of an estimate's variance, at most three.
///
/// An interval of `±√Σᵢ tᵢ² Vᵢ`, where `Vᵢ` is the estimated variance of source i and `tᵢ` Student's
/// quantile for its own degrees of freedom, holds the truth at least as often as it says, whatever the
/// true variances are (Banerjee 1961; as a way to join intervals: Zou & Donner 2008). The reason is
/// short: the chance that the interval holds the truth is the expectation of a concave function of
/// `Σᵢ tᵢ² Vᵢ` (the distribution function of χ² with one degree of freedom), so at least the average,
/// weighted by the true variances, of what it would be if each source were the only one, and each of
/// these is the confidence. Welch's and Satterthwaite's degrees of freedom are not bounded so: with two
/// seeds, one of whose spreads dominates, a test at 5 % rejects 13 % of true hypotheses
/// (`tests/stats/error_rates.rs`). The price is care: with equal spreads of three seeds each it is 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sources([Source; MOST]);

impl Sources {
    /// One source alone.
    pub fn one(source: Source) -> Self {
        let none = Source { variance: 0.0, degrees_of_freedom: source.degrees_of_freedom };
        Self([source, none, none])
    }

    /// Adds another source. Sources of equal degrees of freedom share their quantile, so that
    /// their variances add up.
    ///
    /// # Errors
    /// When there are three different ones already.
    pub fn and(mut self, source: Source) -> Result<Self> {
        if source.variance == 0.0 {
            return Ok(self);
        }
        let joins = |known: &&mut Source| {
            known.degrees_of_freedom == source.degrees_of_freedom || known.variance == 0.0
        };
        let known = self.0.iter_mut().find(joins).ok_or(Error::Sources)?;
        known.variance += source.variance;
        known.degrees_of_freedom = source.degrees_of_freedom;
        Ok(self)
    }

    /// The estimate's variance.
    pub fn variance(&self) -> f64 {
        self.0.iter().map(|source| source.variance).sum()
    }

    /// The sources as shares of a variance of 1.
    pub(crate) fn shares(&self) -> Self {
        self.times(1.0 / self.variance())
    }

    pub(crate) fn times(mut self, factor: f64) -> Self {
        self.0.iter_mut().for_each(|source| source.variance *= factor);
        self
    }

    /// The value, over the standard error, that is exceeded with the chance `upper_tail`, at most one
    /// half.
    pub(crate) fn upper_quantile(&self, upper_tail: f64) -> Result<f64> {
        let mut squares = 0.0;
        for source in of_positive(&self.0) {
            squares +=
                source.variance * student(source.degrees_of_freedom)?.upper_quantile(upper_tail).powi(2);
        }
        Ok((squares / self.variance()).sqrt())
    }

    /// The chance of a value, over the standard error, of at least `statistic`: the one whose quantile
    /// it is. Where that is not found, an upper bound of it: the tail of the fewest degrees of freedom,
    /// whose quantile is the largest of all.
    pub(crate) fn upper_tail(&self, statistic: f64) -> Result<f64> {
        if statistic.is_nan() {
            return Err(Error::NotFinite { position: 0, value: statistic });
        }
        if statistic < 0.0 {
            return Ok(1.0 - self.upper_tail(-statistic)?);
        }
        let freedoms = || of_positive(&self.0).map(|source| source.degrees_of_freedom);
        let base = student(freedoms().fold(f64::NAN, f64::max))?;
        if statistic.is_infinite() {
            return Ok(0.0);
        }
        if statistic < NEAREST {
            // The densities at 0 say how far from one half the tails are.
            let spread = of_positive(&self.0)
                .map(|source| Ok(source.variance / student(source.degrees_of_freedom)?.density(0.0).powi(2)))
                .sum::<Result<f64>>()?;
            return Ok(0.5 - statistic / (spread / self.variance()).sqrt());
        }
        let laws = of_positive(&self.0)
            .map(|source| student(source.degrees_of_freedom))
            .collect::<Result<Vec<_>>>()?;
        // The quantile of the source with the most degrees of freedom, to be found, is the smallest of all:
        // from above, Newton's steps on the logarithm, a convex function, come down to it.
        let mut place = statistic.min(FARTHEST);
        let mut quantiles = vec![place; laws.len()];
        for _ in 0..100 {
            let (tail, density) = (base.upper_tail(place), base.density(place));
            let (mut squares, mut slope) = (0.0, 0.0);
            for ((source, law), quantile) in of_positive(&self.0).zip(&laws).zip(&mut quantiles) {
                *quantile = law.upper_quantile_near(*quantile, tail);
                squares += source.variance * quantile.powi(2);
                slope += source.variance * *quantile * density / law.density(*quantile);
            }
            let distance = (squares / self.variance()).sqrt().ln() - statistic.ln();
            let step = distance * squares / slope;
            if !(step.is_finite() && slope.is_finite()) {
                // So far out that a quantile is too large for a number: nearer, but above still, as
                // what is too large is far beyond the statistic.
                place /= 2.0;
                quantiles.fill(place);
                continue;
            }
            // Never to zero or below, where the first step of a small value might go.
            let next = (place - step).max(place / 2.0);
            let done = (next - place).abs() <= 1e-7 * place;
            place = next;
            if done {
                return Ok(base.upper_tail(place));
            }
        }
        Ok(student(freedoms().fold(f64::NAN, f64::min))?.upper_tail(statistic))
    }
}

fn of_positive(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.variance > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Reference;

    fn source(variance: f64, degrees_of_freedom: f64) -> Source {
        Source { variance, degrees_of_freedom }
    }

    #[test]
    fn one_source_is_students_t() {
        let one = Sources::one(source(0.04, 7.0)).and(source(0.0, 2.0)).unwrap();
        let student = Reference::StudentT { degrees_of_freedom: 7.0 };
        for statistic in [-3.0, 0.0, 0.2, 2.0, 30.0] {
            let (found, expected) =
                (one.upper_tail(statistic).unwrap(), student.upper_tail(statistic).unwrap());
            assert!((found - expected).abs() <= 1e-11 * expected, "{statistic}: {found}, not {expected}");
        }
        assert!((one.upper_quantile(0.025).unwrap() - student.quantile(0.975).unwrap()).abs() < 1e-11);
    }

    #[test]
    fn tail_and_quantile_undo_each_other_from_the_middle_to_far_out() {
        let sources =
            Sources::one(source(1.0, 99.0)).and(source(0.3, 1.0)).unwrap().and(source(2.0, 2.0)).unwrap();
        for tail in [0.499_99, 0.499_9, 0.45, 0.3, 0.05, 1e-3, 1e-6, 1e-9] {
            let found = sources.upper_tail(sources.upper_quantile(tail).unwrap()).unwrap();
            assert!((found / tail - 1.0).abs() < 1e-9, "{tail}: {found}");
        }
        assert_eq!(sources.upper_tail(0.0), Ok(0.5));
        let far = sources.upper_tail(1e9).unwrap();
        assert!(far > 0.0 && far < 1e-6, "{far}");
    }

    #[test]
    fn the_clearest_differences_have_a_tail_between_those_of_their_sources() {
        for most in [99.0, 700.0, 2599.0, 27_557.0] {
            for [one, two] in [[0.3, 0.0], [0.0, 0.3], [1e-4, 0.2], [5.0, 5.0], [1e-9, 1e-9]] {
                let sources = Sources::one(source(1.0, most)).and(source(one, 1.0)).unwrap();
                let sources = sources.and(source(two, 2.0)).unwrap();
                let (narrow, wide) =
                    (student(most).unwrap(), student(if one > 0.0 { 1.0 } else { 2.0 }).unwrap());
                let mut last = 0.5;
                for statistic in [5.0, 20.0, 27.0, 30.0, 36.0, 50.0, 300.0, 1e4, 1e9, 1e150, 1e300] {
                    let found = sources.upper_tail(statistic).unwrap();
                    let what = format!("{most}, {one}, {two} at {statistic}: {found}");
                    assert!(found > 0.0 || statistic >= 1e150, "{what}");
                    assert!(found <= wide.upper_tail(statistic) * (1.0 + 1e-9), "{what}");
                    assert!(found >= narrow.upper_tail(statistic) * (1.0 - 1e-9), "{what}");
                    assert!(found <= last, "{what}, after {last}");
                    // Where it can be undone, it is.
                    if statistic <= 1e9 {
                        let again = sources.upper_quantile(found).unwrap();
                        assert!((again / statistic - 1.0).abs() < 1e-7, "{what}: undone {again}");
                    }
                    last = found;
                }
            }
        }
    }

    #[test]
    fn equal_degrees_of_freedom_add_up_and_a_fourth_kind_is_refused() {
        let sources =
            Sources::one(source(1.0, 9.0)).and(source(2.0, 2.0)).unwrap().and(source(3.0, 2.0)).unwrap();
        assert_eq!(sources.0[1], source(5.0, 2.0));
        assert_eq!(sources.variance(), 6.0);
        let full = sources.and(source(1.0, 3.0)).unwrap();
        assert_eq!(full.and(source(1.0, 4.0)), Err(Error::Sources));
    }
}
