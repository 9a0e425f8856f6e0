//! The draws of a bootstrap, made once for every metric and configuration on as many patients.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::resampling::{Replicates, Resampling, draw};

/// Resamples that are evaluated side by side.
pub(crate) const LANES: usize = 64;

/// How often each unit occurs in each of a block's resamples: `[unit][resample]`. Counts are whole
/// numbers, exact as floats, which processors multiply side by side.
pub(crate) type Block = Vec<[f64; LANES]>;

/// Largest number of draws that are kept, 8 bytes each. More, as of tens of thousands of cells without
/// patients, are made anew each time.
const KEPT: usize = 8 << 20;

/// What a bootstrap draws: for each resample as many units as there are, with replacement. The same seed
/// gives the same draws, so that configurations on the same cells are resampled alike.
#[derive(Clone, Debug)]
pub struct Draws {
    units: usize,
    resampling: Resampling,
    /// All of them, or none where they are too many.
    kept: Vec<Block>,
    /// Goes on where the kept blocks end.
    random: ChaCha8Rng,
}

/// A metric that can be computed of a resample.
pub(crate) trait Statistic {
    /// Of one resample: how often each unit occurs.
    fn of_one(&mut self, times: &[u32]) -> Option<f64>;
    /// Of a block of resamples; what is not defined is not finite.
    fn of_block(&mut self, block: &Block, values: &mut [f64; LANES]);
}

impl Draws {
    /// Draws for so many units, patients or cells.
    ///
    /// # Errors
    /// When there are fewer than 2 replicates or the level is not between 0 and 1.
    pub fn new(units: usize, resampling: &Resampling) -> Result<Self> {
        resampling.check()?;
        let mut draws = Self {
            units,
            resampling: *resampling,
            kept: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(resampling.seed),
        };
        if resampling.replicates.saturating_mul(units) <= KEPT {
            draws.kept = draws.sizes().map(|size| block(units, size, &mut draws.random)).collect();
        }
        Ok(draws)
    }

    /// Resamples of each block.
    fn sizes(&self) -> impl Iterator<Item = usize> + use<> {
        let replicates = self.resampling.replicates;
        (0..replicates).step_by(LANES).map(move |from| LANES.min(replicates - from))
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.units
    }

    pub(crate) fn resampling(&self) -> &Resampling {
        &self.resampling
    }

    /// Values of the statistic. A resample without a finite value is drawn anew, which is to condition on
    /// the statistic being defined.
    pub(crate) fn replicates(&self, statistic: &mut impl Statistic) -> Result<Replicates> {
        let wanted = self.resampling.replicates;
        let mut values = Vec::with_capacity(wanted);
        let mut of_block = [0.0; LANES];
        let mut random = self.random.clone();
        for (place, size) in self.sizes().enumerate() {
            match self.kept.get(place) {
                Some(kept) => statistic.of_block(kept, &mut of_block),
                None => statistic.of_block(&block(self.units, size, &mut random), &mut of_block),
            }
            values.extend(of_block[..size].iter().filter(|value| value.is_finite()));
        }
        // A metric that is defined on all cells is defined on most resamples; a custom one may not be.
        let most_draws = wanted.saturating_mul(20);
        let mut draws = wanted;
        let mut times = vec![0u32; self.units];
        while values.len() < wanted {
            if draws == most_draws {
                return Err(Error::Undefined { defined: values.len(), draws });
            }
            draws += 1;
            draw(&mut times, &mut random);
            values.extend(statistic.of_one(&times).filter(|value| value.is_finite()));
        }
        values.sort_by(f64::total_cmp);
        Ok(Replicates { redrawn: draws - values.len(), values })
    }
}

/// So many resamples of the units.
fn block(units: usize, size: usize, random: &mut ChaCha8Rng) -> Block {
    let mut block = vec![[0.0; LANES]; units];
    let mut times = vec![0u32; units];
    for resample in 0..size {
        draw(&mut times, random);
        for (unit, times) in block.iter_mut().zip(&times) {
            unit[resample] = f64::from(*times);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampling::replicates;

    /// The share of a resample that its first unit makes; not defined where that is a third or more.
    struct First;

    impl Statistic for First {
        fn of_one(&mut self, times: &[u32]) -> Option<f64> {
            let share = f64::from(times[0]) / f64::from(times.iter().sum::<u32>());
            (share < 1.0 / 3.0).then_some(share)
        }

        fn of_block(&mut self, block: &Block, values: &mut [f64; LANES]) {
            for (lane, value) in values.iter_mut().enumerate() {
                let times: Vec<u32> = block.iter().map(|times| times[lane] as u32).collect();
                *value = self.of_one(&times).unwrap_or(f64::NAN);
            }
        }
    }

    #[test]
    fn draws_made_before_are_those_made_on_the_way() {
        let resampling = Resampling { replicates: 150, seed: 3, level: 0.95 };
        let mut before = Draws::new(5, &resampling).unwrap();
        let on_the_way = replicates(5, &resampling, |times| First.of_one(times)).unwrap();
        assert!(on_the_way.redrawn > 0);
        // Once as they were kept, once made anew.
        for _ in 0..2 {
            let found = before.replicates(&mut First).unwrap();
            assert_eq!((found.values, found.redrawn), (on_the_way.values.clone(), on_the_way.redrawn));
            before = Draws { kept: Vec::new(), random: ChaCha8Rng::seed_from_u64(3), ..before };
        }
    }
}
