//! Draws patients with replacement and computes a statistic of each resample.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, check_level};

/// How a bootstrap draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resampling {
    /// Resamples with a value, at least 2.
    pub replicates: usize,
    /// Seed of the draws: the same seed gives the same interval.
    pub seed: u64,
    /// Two-sided confidence of the interval.
    pub level: f64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { replicates: 2000, seed: 0, level: 0.95 }
    }
}

impl Resampling {
    pub(crate) fn check(&self) -> Result<()> {
        check_level(self.level)?;
        if self.replicates < 2 { Err(Error::Replicates(self.replicates)) } else { Ok(()) }
    }
}

/// Values of the metric, one per resample that has one.
pub(crate) struct Replicates {
    /// In rising order.
    pub(crate) values: Vec<f64>,
    /// Resamples without a value, drawn anew.
    pub(crate) redrawn: usize,
}

/// Draws for each replicate as many units as there are, with replacement, and hands the number of times
/// that each was drawn to `statistic`. A resample without a finite value is drawn anew, which is to
/// condition on the metric being defined.
pub(crate) fn replicates(
    units: usize,
    resampling: &Resampling,
    mut statistic: impl FnMut(&[u32]) -> Option<f64>,
) -> Result<Replicates> {
    resampling.check()?;
    let mut random = ChaCha8Rng::seed_from_u64(resampling.seed);
    let mut times = vec![0u32; units];
    let mut values = Vec::with_capacity(resampling.replicates);
    // A metric that is defined on all cells is defined on most resamples; a custom one may not be.
    let most_draws = resampling.replicates.saturating_mul(20);
    let mut draws = 0;
    while values.len() < resampling.replicates {
        if draws == most_draws {
            return Err(Error::Undefined { defined: values.len(), draws });
        }
        draws += 1;
        draw(&mut times, &mut random);
        values.extend(statistic(&times).filter(|value| value.is_finite()));
    }
    values.sort_by(f64::total_cmp);
    Ok(Replicates { redrawn: draws - values.len(), values })
}

/// Draws as many units as there are and counts how often each was drawn.
pub(crate) fn draw(times: &mut [u32], random: &mut ChaCha8Rng) {
    times.fill(0);
    for _ in 0..times.len() {
        // 32-bit draws are the same on every machine.
        times[random.random_range(0..times.len() as u32) as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resamples_without_a_value_are_drawn_anew_and_counted() {
        let resampling = Resampling { replicates: 100, ..Resampling::default() };
        let odd = replicates(2, &resampling, |times| (times[0] == 1).then_some(1.0)).unwrap();
        assert_eq!(odd.values.len(), 100);
        assert!((50..200).contains(&odd.redrawn), "{}", odd.redrawn);
        let never = replicates(2, &resampling, |_| Some(f64::NAN));
        assert!(matches!(never, Err(Error::Undefined { defined: 0, draws: 2000 })));
    }
}
