//! What a comparison could have shown, and how many seeds would show more.

use serde::{Deserialize, Serialize};

use crate::assumptions::Assumptions;
use crate::error::{Error, Result, check_level};
use crate::source::{Source, satterthwaite};
use crate::student::student;
use crate::unseen::unseen_margin;

/// The share of studies in which a true effect is to be found: 80 %, the usual one.
pub const POWER: f64 = 0.8;
/// Most seeds that are advised.
const MOST_SEEDS: usize = 200;

/// What a comparison with these patients and seeds can show with the chance [`POWER`], at a level that is shared by
/// several comparisons (Bonferroni's, the first step of Holm's correction). It follows from the spreads, not from the
/// difference that was found. An effect of `(t₁₋ₐ + t_power) · SE` is found with that chance (Bloom 1995, the minimum
/// detectable effect).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The smallest true difference that is found.
    pub smallest_loss: f64,
    /// The smallest margin within which two equal configurations are shown to be the same.
    pub smallest_margin: f64,
}

impl Sensitivity {
    /// What one of `comparisons` at the level alpha can show, with as many seeds of each side. Where folds show more
    /// variance than patients and seeds, `folds` is it, whatever the seeds.
    ///
    /// # Errors
    /// With fewer than 2 seeds or fewer than 2 patients, when a spread is not finite, and when alpha is not between 0
    /// and 1.
    pub fn new(
        assumed: &Assumptions,
        folds: Option<&Source>,
        seeds: usize,
        alpha: f64,
        comparisons: usize,
    ) -> Result<Self> {
        check_level(alpha)?;
        let level = alpha / comparisons.max(1) as f64;
        let source = match folds {
            Some(folds) => *folds,
            None => source(assumed, seeds)?,
        };
        let law = student(source.degrees_of_freedom)?;
        let error = source.variance.sqrt().max(assumed.least_error);
        let effect = |tail: f64, missed: f64| (law.upper_quantile(tail) + law.upper_quantile(missed)) * error;
        let missed = 1.0 - POWER;
        let patients = assumed.patients.floor().max(1.0) as usize;
        Ok(Self {
            smallest_loss: effect(level / 2.0, missed),
            // Both one-sided tests are to succeed, which is to miss half as often with each.
            smallest_margin: effect(level, missed / 2.0).max(unseen_margin(patients, level)?),
        })
    }

    /// The fewest seeds of each side, at most 200, that find a true difference of `loss`; `None` where the patients are
    /// too few however many seeds there are.
    ///
    /// # Errors
    /// As [`Sensitivity::new`].
    pub fn seeds_for_loss(
        assumed: &Assumptions,
        loss: f64,
        alpha: f64,
        comparisons: usize,
    ) -> Result<Option<usize>> {
        for seeds in 2..=MOST_SEEDS {
            if Self::new(assumed, None, seeds, alpha, comparisons)?.smallest_loss <= loss {
                return Ok(Some(seeds));
            }
        }
        Ok(None)
    }
}

/// The variance of a difference with as many seeds of each side.
fn source(assumed: &Assumptions, seeds: usize) -> Result<Source> {
    let Assumptions { patients, patient_spread, network_spread, seed_luck, freedom_per_seed, .. } = *assumed;
    let unknown = [patients, patient_spread, network_spread, seed_luck].into_iter().enumerate();
    if let Some((position, value)) = unknown.into_iter().find(|(_, value)| !value.is_finite() || *value < 0.0)
    {
        return Err(Error::NotFinite { position, value });
    }
    if patients < 2.0 {
        return Err(Error::Units(patients as usize));
    }
    if seeds < 2 {
        return Err(Error::DegreesOfFreedom(seeds.saturating_sub(1) as f64));
    }
    let each = seeds as f64;
    let interaction = network_spread.powi(2) / (patients * each);
    let shared = 2.0 * seed_luck.powi(2) / each;
    let over_patients = Source {
        variance: patient_spread.powi(2) / patients + interaction,
        degrees_of_freedom: patients - 1.0,
    };
    let over_seeds =
        Source { variance: shared + interaction, degrees_of_freedom: freedom_per_seed * (each - 1.0) };
    let variance = over_patients.variance + shared;
    let degrees_of_freedom = satterthwaite(variance, [&over_patients, &over_seeds]);
    // Without any variance every difference is found.
    let degrees_of_freedom = if degrees_of_freedom.is_finite() { degrees_of_freedom } else { patients - 1.0 };
    Ok(Source { variance, degrees_of_freedom })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::Clusters;
    use crate::{Family, Layout, MeanDifference, Scores};

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
    fn the_spreads_of_a_comparison_make_its_standard_error() {
        let found = found(&[5, 9, 7], &[6, 10, 8]);
        let source = source(&Assumptions::of(&found).unwrap(), 3).unwrap();
        assert!((source.variance.sqrt() / found.standard_error - 1.0).abs() < 1e-9);
        // Where single patients seem to add more than all of the variance, both are held to it.
        assert!((source.degrees_of_freedom / found.degrees_of_freedom - 1.0).abs() < 0.3);
    }

    #[test]
    fn more_seeds_find_smaller_losses_and_more_comparisons_larger_ones() {
        let assumed = Assumptions::of(&found(&[5, 9, 7], &[6, 10, 8])).unwrap();
        let of = |seeds, comparisons| {
            Sensitivity::new(&assumed, None, seeds, 0.05, comparisons).unwrap().smallest_loss
        };
        assert!(of(3, 1) > of(5, 1) && of(5, 1) > of(30, 1) && of(3, 7) > of(3, 1));
        let now = Sensitivity::new(&assumed, None, 3, 0.05, 7).unwrap();
        assert!(now.smallest_margin >= unseen_margin(60, 0.05 / 7.0).unwrap());
        let reached = f64::midpoint(of(8, 1), of(9, 1));
        assert_eq!(Sensitivity::seeds_for_loss(&assumed, reached, 0.05, 1), Ok(Some(9)));
        assert_eq!(Sensitivity::seeds_for_loss(&assumed, 1e-6, 0.05, 1), Ok(None));
    }

    #[test]
    fn one_seed_shows_nothing_of_methods() {
        assert_eq!(Assumptions::of(&found(&[5], &[6, 10, 8])), None);
        let assumed = Assumptions::of(&found(&[5, 9, 7], &[6, 10, 8])).unwrap();
        assert!(Sensitivity::new(&assumed, None, 1, 0.05, 1).is_err());
        let few = Assumptions { patients: 1.0, ..assumed };
        assert_eq!(Sensitivity::new(&few, None, 3, 0.05, 1), Err(Error::Units(1)));
    }
}
