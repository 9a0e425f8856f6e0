//! Configurations on the same cells, compared over patients, seeds and folds.

use std::sync::OnceLock;

use crate::cluster_sizes::variance_of_mean;
use crate::difference::{Components, Estimated, MeanDifference, Scope};
use crate::equivalence::{Equivalence, NonInferiority};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::scores::Scores;
use crate::source::{Source, satterthwaite};
use crate::unseen::{Unseen, Weights};

/// Configurations on the same cells. What their seeds and folds have in common is estimated from all of them.
#[derive(Debug)]
pub struct Family<'a> {
    layout: &'a Layout,
    members: Vec<&'a Scores>,
    /// Of a single seed, pooled over the members with several.
    seed: Option<PooledSeed>,
    /// Of the difference of two members.
    folds: Option<Source>,
    weights: OnceLock<Weights>,
}

/// The variance of one seed's mean, pooled over configurations.
#[derive(Clone, Copy, Debug)]
struct PooledSeed {
    of_seed: Source,
    of_patients: f64,
}

/// Two configurations of a [`Family`], and what a claim about them is held to.
#[derive(Debug)]
pub struct Compared<'f> {
    /// The difference with its interval and test.
    pub difference: MeanDifference,
    /// Sums of the differences of each patient's cells.
    sums: Vec<f64>,
    layout: &'f Layout,
    weights: &'f OnceLock<Weights>,
    /// Drawn once for all claims about the pair.
    unseen: OnceLock<Unseen>,
}

impl<'a> Family<'a> {
    /// Configurations on the cells of a layout.
    ///
    /// # Errors
    /// When scores were made for another layout.
    pub fn new(layout: &'a Layout, members: Vec<&'a Scores>) -> Result<Self> {
        let patients = layout.patient_sizes().len();
        if let Some(other) = members.iter().find(|member| member.patients().len() != patients) {
            return Err(Error::Pairs { first: patients, second: other.patients().len() });
        }
        let (seed, folds) = (pooled_seed(&members), pooled_folds(layout, &members));
        Ok(Self { layout, members, seed, folds, weights: OnceLock::new() })
    }

    /// The cells.
    pub fn layout(&self) -> &Layout {
        self.layout
    }

    /// Number of configurations.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The difference `first − second` of two members, by their places.
    ///
    /// Patients and seeds are crossed random effects:
    ///
    /// - *patients*: the variance of the mean difference over patients, weighed by their cells, for the networks as they
    ///   are (CR2 with Bell & McCaffrey's degrees of freedom). What single networks do with single patients is in it.
    /// - *seeds*: what the means of the seeds show, less what single networks do with single patients
    ///   ([`crate::SeedVariance`]); at least 0. It is taken from the two configurations (Welch's degrees of freedom) and,
    ///   pooled, from all of the family, which has more of them; the larger counts, so that configurations whose seeds
    ///   are luckier than the others' stay honest and two that look alike by chance borrow from the others. Where both
    ///   are equal, as in a family of two, the configurations' own count.
    /// - *folds*: where each fold has networks of its own, the variance over folds, which includes luck that a fold's
    ///   networks share whatever their seed: of the two configurations on F − 1 degrees of freedom, and of all K
    ///   configurations × folds on (K − 1)(F − 1). Where the larger of these exceeds patients and seeds together, it
    ///   takes their place.
    ///
    /// Degrees of freedom of the sum are Satterthwaite's (1946). Where a side has one seed, its luck is not known: the
    /// variance is that over patients, and what is found speaks of these networks only ([`Scope::Networks`]).
    ///
    /// # Errors
    /// When there is no such member, fewer than 2 patients have cells, or the level is not between 0 and 1.
    pub fn compare(&self, first: usize, second: usize, level: f64) -> Result<Compared<'_>> {
        let member = |place: usize| self.members.get(place).copied().ok_or(Error::Empty);
        let (first, second) = (member(first)?, member(second)?);
        let less = |one: &[f64], other: &[f64]| -> Vec<f64> {
            one.iter().zip(other).map(|(one, other)| one - other).collect()
        };
        let sums = less(first.patients(), second.patients());
        let patients = variance_of_mean(&sums, self.layout.patient_sizes()).ok_or(Error::Units(1))?;
        let seeds = self.seeds(first, second);
        let components = Components {
            patients,
            interaction: seeds.map_or(0.0, |(_, of_patients)| of_patients),
            seeds: seeds.map(|(source, _)| source),
            folds: self.folds_of(&less(first.folds(), second.folds())),
        };
        let difference = MeanDifference::new(
            Estimated {
                means: [first.mean(), second.mean()],
                source: total(&components),
                scope: if seeds.is_some() { Scope::Methods } else { Scope::Networks },
                components: Some(components),
                seeds: [first.seeds().len(), second.seeds().len()],
                cells: self.layout.cells(),
                concentration: self.layout.concentration(),
            },
            level,
        )?;
        Ok(Compared {
            difference,
            sums,
            layout: self.layout,
            weights: &self.weights,
            unseen: OnceLock::new(),
        })
    }

    /// The variance over seeds of a difference, and its part from single patients: of the pair, or of the family where
    /// that leaves more once this part is taken off.
    fn seeds(&self, first: &Scores, second: &Scores) -> Option<(Source, f64)> {
        let (one, other) = (first.variance()?, second.variance()?);
        let variance = one.of_seeds.variance + other.of_seeds.variance;
        let degrees_of_freedom = satterthwaite(variance, [&one.of_seeds, &other.of_seeds]);
        let fewest = one.of_seeds.degrees_of_freedom + other.of_seeds.degrees_of_freedom;
        let degrees_of_freedom = if degrees_of_freedom.is_finite() { degrees_of_freedom } else { fewest };
        let of_pair = (Source { variance, degrees_of_freedom }, one.of_patients + other.of_patients);
        let pooled = self.seed?;
        let means = 1.0 / first.seeds().len() as f64 + 1.0 / second.seeds().len() as f64;
        let of_family = (
            Source { variance: pooled.of_seed.variance * means, ..pooled.of_seed },
            pooled.of_patients * means,
        );
        let shared = |(source, of_patients): &(Source, f64)| source.variance - of_patients;
        // Two configurations alone are their family, but for rounding.
        let beyond_rounding = 1e-9 * of_pair.0.variance.max(of_family.0.variance);
        Some(if shared(&of_family) > shared(&of_pair) + beyond_rounding { of_family } else { of_pair })
    }

    /// The variance over folds, of the pair or of the family, whichever is larger.
    fn folds_of(&self, sums: &[f64]) -> Option<Source> {
        let of_pair = variance_of_mean(sums, self.layout.fold_sizes())?;
        Some(match self.folds {
            Some(of_family) if of_family.variance > of_pair.variance => of_family,
            _ => of_pair,
        })
    }
}

impl Compared<'_> {
    /// Whether both are the same within ±`margin`: by Student's t, and by what patients that were not seen leave open
    /// ([`crate::unseen_margin`]), whichever claims less.
    ///
    /// # Errors
    /// As [`Equivalence::new`].
    pub fn equivalence(&self, margin: f64, alpha: f64) -> Result<Equivalence> {
        let MeanDifference { difference, standard_error, .. } = self.difference;
        let found = Equivalence::new(difference, standard_error, self.difference.reference(), margin, alpha)?;
        if !self.difference.concentration.carries_claims() {
            return Ok(found.corrected(1.0));
        }
        Ok(if found.equivalent { found.held_to(self.unseen()) } else { found })
    }

    /// Whether the second is less than `margin` worse than the first, likewise.
    ///
    /// # Errors
    /// As [`NonInferiority::new`].
    pub fn noninferiority(&self, margin: f64, alpha: f64) -> Result<NonInferiority> {
        let MeanDifference { difference, standard_error, .. } = self.difference;
        let found =
            NonInferiority::new(difference, standard_error, self.difference.reference(), margin, alpha)?;
        if !self.difference.concentration.carries_claims() {
            return Ok(found.corrected(1.0));
        }
        Ok(if found.noninferior { found.held_to(self.unseen()) } else { found })
    }

    /// The comparison in the other order.
    pub fn swapped(mut self) -> Self {
        self.difference = self.difference.swapped();
        self.sums.iter_mut().for_each(|sum| *sum = -*sum);
        self.unseen =
            self.unseen.into_inner().map(|unseen| OnceLock::from(unseen.swapped())).unwrap_or_default();
        self
    }

    fn unseen(&self) -> &Unseen {
        let sizes = self.layout.patient_sizes();
        let weights = || self.weights.get_or_init(|| Weights::new(sizes.len()));
        self.unseen.get_or_init(|| weights().unseen(&self.sums, sizes))
    }
}

/// Patients and seeds together, or folds where they are larger.
fn total(components: &Components) -> Source {
    let crossed = components.patients.variance + components.shared();
    match components.folds {
        Some(folds) if components.are_folds_larger() => folds,
        _ => {
            let degrees_of_freedom = match &components.seeds {
                Some(seeds) if crossed > 0.0 => satterthwaite(crossed, [&components.patients, seeds]),
                _ => components.patients.degrees_of_freedom,
            };
            Source { variance: crossed, degrees_of_freedom }
        }
    }
}

fn pooled_seed(members: &[&Scores]) -> Option<PooledSeed> {
    let (mut squares, mut patients, mut degrees_of_freedom) = (0.0, 0.0, 0.0);
    for member in members {
        let Some(variance) = member.variance() else { continue };
        let (freedom, seeds) = (variance.of_seeds.degrees_of_freedom, member.seeds().len() as f64);
        squares += freedom * seeds * variance.of_seeds.variance;
        patients += freedom * seeds * variance.of_patients;
        degrees_of_freedom += freedom;
    }
    (degrees_of_freedom > 0.0).then(|| PooledSeed {
        of_seed: Source { variance: squares / degrees_of_freedom, degrees_of_freedom },
        of_patients: patients / degrees_of_freedom,
    })
}

/// The variance of a difference of two configurations from how differently the folds treat all of them: with `Zₖ_f` the
/// deviation of configuration k's sum over fold f from its mean times the fold's cells, and `Z̄_f` its mean over the K
/// configurations, `2 · F / (F − 1) · Σₖ_f (Zₖ_f − Z̄_f)² / (K − 1) / n²`.
fn pooled_folds(layout: &Layout, members: &[&Scores]) -> Option<Source> {
    let (sizes, count) = (layout.fold_sizes(), members.len());
    if sizes.len() < 2 || count < 2 {
        return None;
    }
    let (folds, cells) = (sizes.len() as f64, layout.cells() as f64);
    let mut squares = 0.0;
    for (fold, size) in sizes.iter().enumerate() {
        let deviation = |member: &&Scores| member.folds()[fold] - size * member.mean();
        let mean = members.iter().map(deviation).sum::<f64>() / count as f64;
        squares += members.iter().map(|member| (deviation(member) - mean).powi(2)).sum::<f64>();
    }
    let others = (count - 1) as f64;
    Some(Source {
        variance: 2.0 * folds / (folds - 1.0) * squares / others / (cells * cells),
        degrees_of_freedom: others * (folds - 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::Clusters;

    /// 40 patients of 10 cells, in 4 folds.
    fn layout(folds: bool) -> Layout {
        let by = |cells: usize| Clusters::by_patient(&(0..400).map(|cell| cell / cells).collect::<Vec<_>>());
        Layout::new(by(10), folds.then(|| by(100))).unwrap()
    }

    /// Right on all cells but every `wrong`-th, from `from` on.
    fn seed(wrong: usize, from: usize) -> Vec<f64> {
        (0..400).map(|cell| f64::from(u8::from(cell % wrong != from))).collect()
    }

    #[test]
    fn one_seed_speaks_of_these_networks_and_several_of_the_methods() {
        let layout = layout(false);
        let of = |seeds: &[Vec<f64>]| Scores::new(&layout, seeds).unwrap();
        let (one, several) = (of(&[seed(20, 0)]), of(&[seed(20, 0), seed(20, 7), seed(20, 9)]));
        let family = Family::new(&layout, vec![&one, &several, &several]).unwrap();
        let networks = family.compare(0, 1, 0.95).unwrap().difference;
        assert_eq!((networks.scope, networks.seeds), (Scope::Networks, [1, 3]));
        assert!(networks.components.unwrap().seeds.is_none());
        let methods = family.compare(1, 2, 0.95).unwrap().difference;
        assert_eq!((methods.scope, methods.difference), (Scope::Methods, 0.0));
    }

    #[test]
    fn lucky_seeds_widen_and_are_borrowed_from_the_family() {
        let layout = layout(false);
        let of = |wrong: [usize; 3]| Scores::new(&layout, &wrong.map(|wrong| seed(wrong, 3))).unwrap();
        let (steady, twin, lucky) = (of([10, 10, 10]), of([20, 20, 20]), of([5, 10, 20]));
        let alone = Family::new(&layout, vec![&steady, &twin]).unwrap();
        let with_lucky = Family::new(&layout, vec![&steady, &twin, &lucky]).unwrap();
        let error = |family: &Family<'_>| family.compare(0, 1, 0.95).unwrap().difference.standard_error;
        assert!(error(&with_lucky) > 1.5 * error(&alone));
        let components = with_lucky.compare(0, 1, 0.95).unwrap().difference.components.unwrap();
        assert_eq!(components.seeds.unwrap().degrees_of_freedom, 6.0);
    }

    #[test]
    fn two_configurations_alone_have_welchs_degrees_of_freedom() {
        let layout = layout(false);
        for (first, second) in
            [([5, 10, 20], [10, 10, 10]), ([5, 10, 20], [7, 11, 13]), ([9, 8, 7], [6, 5, 4])]
        {
            let of = |wrong: [usize; 3]| Scores::new(&layout, &wrong.map(|wrong| seed(wrong, 3))).unwrap();
            let (first, second) = (of(first), of(second));
            let family = Family::new(&layout, vec![&first, &second]).unwrap();
            let [one, other] = [&first, &second].map(|of| of.variance().unwrap().of_seeds.variance);
            let welch = (one + other).powi(2) / (one.powi(2) / 2.0 + other.powi(2) / 2.0);
            for (first, second) in [(0, 1), (1, 0)] {
                let found = family.compare(first, second, 0.95).unwrap().difference.components.unwrap();
                assert!((found.seeds.unwrap().degrees_of_freedom - welch).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn folds_that_differ_more_than_patients_and_seeds_take_their_place() {
        let layout = layout(true);
        // The first is right on all cells of two folds, and on nine of ten of the others.
        let first: Vec<f64> = (0..400).map(|cell| f64::from(u8::from(cell < 200 || cell % 10 > 0))).collect();
        let second: Vec<f64> = (0..400).map(|cell| f64::from(u8::from(cell % 20 > 0))).collect();
        let of = |scores: &Vec<f64>| Scores::new(&layout, &[scores.clone(), scores.clone()]).unwrap();
        let (first, second) = (of(&first), of(&second));
        let family = Family::new(&layout, vec![&first, &second]).unwrap();
        let found = family.compare(0, 1, 0.95).unwrap().difference;
        let components = found.components.unwrap();
        assert!(components.are_folds_larger());
        assert!((found.degrees_of_freedom - 3.0).abs() < 1e-9);
        // Fold sums of the difference 5, 5, −5, −5: 4/3 · 100 / 400².
        assert!((found.standard_error.powi(2) - 4.0 / 3.0 * 100.0 / 160_000.0).abs() < 1e-12);
    }

    #[test]
    fn a_claim_needs_patients_that_count() {
        let patients: Vec<usize> = (0..400).map(|cell| if cell < 300 { 0 } else { cell }).collect();
        let layout = Layout::new(Clusters::by_patient(&patients), None).unwrap();
        let of = |wrong| Scores::new(&layout, &[seed(wrong, 0)]).unwrap();
        let (good, bad) = (of(400), of(2));
        let found = Family::new(&layout, vec![&good, &bad]).unwrap();
        let found = found.compare(0, 1, 0.95).unwrap();
        assert_eq!(found.difference.p, 1.0);
        assert!(!found.equivalence(0.9, 0.05).unwrap().equivalent);
        assert!(!found.noninferiority(0.9, 0.05).unwrap().noninferior);
    }

    #[test]
    fn equal_calls_are_held_to_the_patients_that_were_not_seen() {
        let by = |patients: usize| {
            let layout = Layout::new(
                Clusters::by_patient(&(0..patients * 4).map(|cell| cell / 4).collect::<Vec<_>>()),
                None,
            )
            .unwrap();
            let right = Scores::new(&layout, &[vec![1.0; patients * 4]]).unwrap();
            let family = Family::new(&layout, vec![&right, &right]).unwrap();
            family.compare(0, 1, 0.95).unwrap().equivalence(0.01, 0.05).unwrap().equivalent
        };
        assert!(!by(260) && by(340));
    }
}
