//! A configuration's scores on the cells of a comparison, summed by patient and by fold, over its seeds.

use crate::error::{Error, Result, check_score};
use crate::layout::Layout;
use crate::source::Source;
use crate::summary::Summary;

/// A configuration's scores on the cells of a [`Layout`], as the sums that comparisons take.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// Mean over all cells and seeds.
    mean: f64,
    /// Of each patient, the sum over its cells, averaged over the seeds.
    patients: Vec<f64>,
    /// Of each fold likewise; none without folds.
    folds: Vec<f64>,
    /// Mean over all cells of each seed.
    seeds: Vec<f64>,
    /// Variance over seeds, where there are several.
    variance: Option<SeedVariance>,
}

/// The variance that a mean over seeds has because other seeds train other networks.
///
/// A network is better or worse than another one on all cells alike, by the luck of its seed, and it is right or wrong
/// on single patients where another one is not. Both make the means of the seeds differ. The second part also makes
/// the patients differ, and stands in the variance over patients already: a crossed analysis of patients and seeds
/// counts it once (Obuchowski & Rockette 1995; Owen 2007 has the bootstrap that counts it twice).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedVariance {
    /// The variance of a mean over seeds as the seeds' means show it, `s² / S`, on S − 1 degrees of freedom.
    pub of_seeds: Source,
    /// The part of it that comes from single patients: with `Xₛⱼ` the sum of patient j's `nⱼ` cells for seed s and
    /// `Rₛⱼ = (Xₛⱼ − X̄ⱼ) − nⱼ (mₛ − m̄)`, over J patients, n cells and S seeds
    /// `J / (J − 1) · Σₛⱼ Rₛⱼ² / (S (S − 1) n²)`.
    pub of_patients: f64,
}

impl Scores {
    /// From the scores between 0 and 1 of all cells, a list for each seed: 1 for a cell that is called what it is.
    /// Where a seed was trained on several splits, its list is the mean over them.
    ///
    /// # Errors
    /// When there are no seeds, a list has another number of cells than the layout, or a score is not between 0 and 1.
    pub fn new(layout: &Layout, seeds: &[impl AsRef<[f64]>]) -> Result<Self> {
        if seeds.is_empty() {
            return Err(Error::Empty);
        }
        let cells = layout.cells();
        let mut of_seeds = Vec::with_capacity(seeds.len());
        let mut folds = vec![0.0; layout.fold_sizes().len()];
        for seed in seeds {
            let seed = seed.as_ref();
            if seed.len() != cells {
                return Err(Error::Pairs { first: cells, second: seed.len() });
            }
            check_score(seed)?;
            of_seeds.push(layout.patients().sums(seed));
            if let Some(clusters) = layout.folds() {
                add(&mut folds, &clusters.sums(seed), seeds.len());
            }
        }
        let mut patients = vec![0.0; layout.patient_sizes().len()];
        of_seeds.iter().for_each(|sums| add(&mut patients, sums, seeds.len()));
        let means: Vec<f64> = of_seeds.iter().map(|sums| sums.iter().sum::<f64>() / cells as f64).collect();
        let summary = Summary::new(&means)?;
        let of_patients = || of_patients(layout, &of_seeds, &patients, &means, summary.mean);
        let variance = summary
            .source()
            .map(|of_seeds| SeedVariance { of_seeds, of_patients: of_patients().min(of_seeds.variance) });
        Ok(Self { mean: summary.mean, patients, folds, seeds: means, variance })
    }

    /// Mean over all cells and seeds: its accuracy, where the scores are right or wrong.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Mean over all cells of each seed.
    pub fn seeds(&self) -> &[f64] {
        &self.seeds
    }

    /// Variance over seeds, where there are several.
    pub fn variance(&self) -> Option<SeedVariance> {
        self.variance
    }

    pub(crate) fn patients(&self) -> &[f64] {
        &self.patients
    }

    pub(crate) fn folds(&self) -> &[f64] {
        &self.folds
    }
}

fn add(sums: &mut [f64], of_seed: &[f64], seeds: usize) {
    sums.iter_mut().zip(of_seed).for_each(|(sum, one)| *sum += one / seeds as f64);
}

/// [`SeedVariance::of_patients`].
fn of_patients(layout: &Layout, of_seeds: &[Vec<f64>], patients: &[f64], means: &[f64], mean: f64) -> f64 {
    let (cells, units, seeds) = (layout.cells() as f64, patients.len() as f64, of_seeds.len() as f64);
    let mut squares = 0.0;
    for (sums, seed) in of_seeds.iter().zip(means) {
        for ((sum, of_patient), size) in sums.iter().zip(patients).zip(layout.patient_sizes()) {
            squares += (sum - of_patient - size * (seed - mean)).powi(2);
        }
    }
    units / (units - 1.0) * squares / (seeds * (seeds - 1.0) * cells * cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::Clusters;

    fn layout() -> Layout {
        let folds = Clusters::by_patient(&[0, 0, 0, 0, 1, 1]);
        Layout::new(Clusters::by_patient(&[0, 0, 1, 1, 2, 2]), Some(folds)).unwrap()
    }

    #[test]
    fn a_single_seed_has_sums_and_no_variance() {
        let found = Scores::new(&layout(), &[[1.0, 1.0, 0.0, 1.0, 0.0, 1.0]]).unwrap();
        assert_eq!((found.patients(), found.folds()), ([2.0, 1.0, 1.0].as_slice(), [3.0, 1.0].as_slice()));
        assert!((found.mean() - 4.0 / 6.0).abs() < 1e-15 && found.variance().is_none());
    }

    #[test]
    fn luck_that_all_patients_share_is_no_part_of_the_patients() {
        // The second seed is right on half of every patient's cells more.
        let shared = Scores::new(&layout(), &[[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [1.0; 6]]).unwrap();
        let variance = shared.variance().unwrap();
        assert!((variance.of_seeds.variance - 0.0625).abs() < 1e-15 && variance.of_patients < 1e-30);
        assert_eq!(variance.of_seeds.degrees_of_freedom, 1.0);
        // It is right on both cells of one patient only: R is 2/3 of a cell there and −1/3 elsewhere, by half.
        let single = Scores::new(&layout(), &[[0.0; 6], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]).unwrap();
        let variance = single.variance().unwrap();
        // s² / 2 = (1/3)² / 4. R: ±(1 − 1/3), ±1/3, ±1/3: 2 (4/9 + 1/9 + 1/9) = 4/3; 3/2 · 4/3 / (2 · 36) = 1/36.
        assert!((variance.of_seeds.variance - 1.0 / 36.0).abs() < 1e-15);
        assert!((variance.of_patients - 1.0 / 36.0).abs() < 1e-15);
    }

    #[test]
    fn scores_of_other_cells_are_refused() {
        assert_eq!(Scores::new(&layout(), &[[1.0; 5]]), Err(Error::Pairs { first: 6, second: 5 }));
        assert_eq!(Scores::new(&layout(), &[[1.5; 6]]), Err(Error::Score { position: 0, score: 1.5 }));
        assert_eq!(Scores::new(&layout(), &[] as &[[f64; 6]]), Err(Error::Empty));
    }
}
