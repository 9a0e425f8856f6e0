//! What a comparison could have shown, and how many seeds would show more.

use serde::{Deserialize, Serialize};

use crate::difference::{Components, MeanDifference};
use crate::error::{Error, Result, check_level};
use crate::source::{Source, satterthwaite};
use crate::student::student;
use crate::unseen::unseen_margin;

/// The share of studies in which a true effect is to be found: 80 %, the usual one.
pub const POWER: f64 = 0.8;
/// Most seeds that are advised.
const MOST_SEEDS: usize = 200;

/// What a comparison with these patients and seeds can show with the chance [`POWER`], at a level that is shared by
/// several comparisons (Bonferroni's, the first step of Holm's correction). It follows from the components of variance
/// that were estimated, not from the difference that was found. An effect of `(t₁₋ₐ + t_power) · SE` is found with
/// that chance (Bloom 1995, the minimum detectable effect).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The smallest true difference that is found.
    pub smallest_loss: f64,
    /// The smallest margin within which two equal configurations are shown to be the same, or one not to be worse.
    pub smallest_margin: f64,
}

/// The components of a comparison as more or fewer seeds change them.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Planned {
    /// Over patients, what more seeds leave as it is.
    patients: f64,
    patients_freedom: f64,
    /// Of single patients, for one seed of each side.
    interaction: f64,
    /// Over seeds beyond that, for one seed of each side.
    shared: f64,
    /// Degrees of freedom per seed beyond the first of each side.
    freedom_per_seed: f64,
    /// What folds show, whatever the seeds.
    folds: Option<Source>,
    /// Patients that count.
    effective: usize,
}

impl Sensitivity {
    /// What a comparison that was made can show, one of `comparisons` at the level alpha. `None` of different cells and
    /// where a side has one seed: it could show nothing of methods.
    ///
    /// # Errors
    /// When alpha is not between 0 and 1.
    pub fn new(found: &MeanDifference, alpha: f64, comparisons: usize) -> Result<Option<Self>> {
        let Some(planned) = Planned::new(found) else { return Ok(None) };
        planned.sensitivity(found.seeds[0].min(found.seeds[1]), alpha, comparisons).map(Some)
    }

    /// What the comparison could show with another number of seeds of each side.
    ///
    /// # Errors
    /// As [`Sensitivity::new`], and with fewer than 2 seeds.
    pub fn with_seeds(
        found: &MeanDifference,
        seeds: usize,
        alpha: f64,
        comparisons: usize,
    ) -> Result<Option<Self>> {
        if seeds < 2 {
            return Err(Error::DegreesOfFreedom(0.0));
        }
        Planned::new(found).map(|planned| planned.sensitivity(seeds, alpha, comparisons)).transpose()
    }

    /// The fewest seeds of each side, at most 200, that find a true difference of `loss`; `None` where the patients are
    /// too few however many seeds there are.
    ///
    /// # Errors
    /// As [`Sensitivity::new`].
    pub fn seeds_for_loss(
        found: &MeanDifference,
        loss: f64,
        alpha: f64,
        comparisons: usize,
    ) -> Result<Option<usize>> {
        for seeds in 2..=MOST_SEEDS {
            let Some(planned) = Self::with_seeds(found, seeds, alpha, comparisons)? else { return Ok(None) };
            if planned.smallest_loss <= loss {
                return Ok(Some(seeds));
            }
        }
        Ok(None)
    }
}

impl Planned {
    fn new(found: &MeanDifference) -> Option<Self> {
        let components: Components = found.components?;
        let seeds = components.seeds?;
        // Two equal numbers of seeds that make as sure a difference.
        let each = 2.0 / found.seeds.iter().map(|seeds| 1.0 / *seeds as f64).sum::<f64>();
        let patients = components.patients.variance;
        let interaction = components.interaction.min(patients);
        Some(Self {
            patients: patients - interaction,
            patients_freedom: components.patients.degrees_of_freedom,
            interaction: interaction * each,
            shared: components.shared() * each,
            freedom_per_seed: seeds.degrees_of_freedom / (each - 1.0),
            folds: components.folds.filter(|_| components.are_folds_larger()),
            effective: found.concentration.effective.round() as usize,
        })
    }

    fn sensitivity(&self, seeds: usize, alpha: f64, comparisons: usize) -> Result<Sensitivity> {
        check_level(alpha)?;
        let level = alpha / comparisons.max(1) as f64;
        let source = self.folds.unwrap_or_else(|| self.source(seeds));
        let law = student(source.degrees_of_freedom)?;
        let effect = |tail: f64, missed: f64| {
            (law.upper_quantile(tail) + law.upper_quantile(missed)) * source.variance.sqrt()
        };
        let missed = 1.0 - POWER;
        Ok(Sensitivity {
            smallest_loss: effect(level / 2.0, missed),
            // Both one-sided tests are to succeed, which is to miss half as often with each.
            smallest_margin: effect(level, missed / 2.0).max(unseen_margin(self.effective, level)?),
        })
    }

    fn source(&self, seeds: usize) -> Source {
        let each = seeds as f64;
        let patients = Source {
            variance: self.patients + self.interaction / each,
            degrees_of_freedom: self.patients_freedom,
        };
        let over_seeds = Source {
            variance: (self.shared + self.interaction) / each,
            degrees_of_freedom: self.freedom_per_seed * (each - 1.0),
        };
        let variance = patients.variance + self.shared / each;
        let degrees_of_freedom = satterthwaite(variance, [&patients, &over_seeds]);
        // Without any variance nothing is left to be found.
        let degrees_of_freedom =
            if degrees_of_freedom.is_finite() { degrees_of_freedom } else { self.patients_freedom };
        Source { variance, degrees_of_freedom }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::Clusters;
    use crate::{Family, Layout, Scores};

    /// Two configurations on 60 patients of 10 cells, with seeds that err on so many cells of each hundred.
    fn found(first: &[usize], second: &[usize]) -> MeanDifference {
        let patients = Clusters::by_patient(&(0..600).map(|cell| cell / 10).collect::<Vec<_>>());
        let layout = Layout::new(patients, None).unwrap();
        let scores = |wrong: &[usize]| {
            let seed = |wrong: &usize| {
                (0..600).map(|cell| f64::from(u8::from((cell * 37) % 100 >= *wrong))).collect::<Vec<_>>()
            };
            Scores::new(&layout, &wrong.iter().map(seed).collect::<Vec<_>>()).unwrap()
        };
        let (first, second) = (scores(first), scores(second));
        Family::new(&layout, vec![&first, &second]).unwrap().compare(0, 1, 0.95).unwrap().difference
    }

    #[test]
    fn more_seeds_find_smaller_losses_and_more_comparisons_larger_ones() {
        let found = found(&[5, 9, 7], &[6, 10, 8]);
        let of = |seeds, comparisons| {
            Sensitivity::with_seeds(&found, seeds, 0.05, comparisons).unwrap().unwrap().smallest_loss
        };
        assert!(of(3, 1) > of(5, 1) && of(5, 1) > of(30, 1) && of(3, 7) > of(3, 1));
        let now = Sensitivity::new(&found, 0.05, 7).unwrap().unwrap();
        assert!((now.smallest_loss - of(3, 7)).abs() < 1e-12);
        assert!(now.smallest_margin >= unseen_margin(60, 0.05 / 7.0).unwrap());
        let reached = f64::midpoint(of(8, 1), of(9, 1));
        assert_eq!(Sensitivity::seeds_for_loss(&found, reached, 0.05, 1), Ok(Some(9)));
        assert_eq!(Sensitivity::seeds_for_loss(&found, 1e-6, 0.05, 1), Ok(None));
    }

    #[test]
    fn one_seed_could_show_nothing_of_methods() {
        let found = found(&[5], &[6, 10, 8]);
        assert_eq!(Sensitivity::new(&found, 0.05, 1), Ok(None));
    }
}
