//! Computes a metric of resamples: of counts, of the order of probabilities, or by a caller's function.

use crate::clusters::{Clusters, Resampled};
use crate::confusion::ConfusionMatrix;
use crate::draws::{Block, LANES};
use crate::error::{Error, Result, check};
use crate::metric::{CountMetric, CustomMetric, Metric};
use crate::won_pairs::{WonPairs, add_product};

/// A metric of one run, or its mean over runs, ready to be computed for any number of times that each unit was drawn.
pub(crate) enum Prepared<'a> {
    Counts {
        metric: CountMetric,
        of_unit: Vec<ConfusionMatrix>,
    },
    /// The cells of each fold; all in one where folds do not matter.
    Area(Vec<Vec<RankedCell>>),
    /// The pairs of each fold's cells, of one run or several.
    Pairs(Vec<WonPairs>),
    Custom(CustomCells<'a>),
}

impl<'a> Prepared<'a> {
    /// Runs on the same cells, each with the number of runs that it is the mean of.
    ///
    /// # Errors
    /// When the lengths differ, a label, probability or threshold is out of range, and when there are fewer than 2
    /// units.
    pub(crate) fn of_runs(
        metric: Metric<'a>,
        labels: &'a [u8],
        runs: &[&'a [f64]],
        clusters: &Clusters,
    ) -> Result<Vec<(Self, usize)>> {
        if runs.is_empty() {
            return Err(Error::Empty);
        }
        for probabilities in runs {
            check(labels, probabilities)?;
        }
        clusters.check(labels.len())?;
        if let Some(together) = pairs_of_all(metric, labels, runs, clusters)? {
            return Ok(vec![(together, runs.len())]);
        }
        let of_run = |(place, run): (usize, &&'a [f64])| {
            Ok((Self::of_run(metric.of_run(place), labels, run, clusters)?, 1))
        };
        runs.iter().enumerate().map(of_run).collect()
    }

    fn of_run(
        metric: Metric<'a>,
        labels: &'a [u8],
        probabilities: &'a [f64],
        clusters: &Clusters,
    ) -> Result<Self> {
        Ok(match metric {
            Metric::Counts { metric, threshold } => {
                Self::Counts { metric, of_unit: counts(labels, probabilities, threshold, clusters)? }
            }
            Metric::Area | Metric::AreaWithin(_) => {
                let of_fold = |cells| ranked(cells, labels, probabilities, clusters);
                Self::Area(ranked_together(metric, labels.len())?.into_iter().map(of_fold).collect())
            }
            Metric::Custom(function) => Self::Custom(CustomCells {
                function,
                labels,
                probabilities,
                members: clusters.members(),
                drawn_labels: Vec::new(),
                drawn_probabilities: Vec::new(),
            }),
        })
    }

    /// The metric where unit `i` occurs `times[i]` times.
    pub(crate) fn value(&mut self, times: &[u32]) -> Option<f64> {
        match self {
            Self::Counts { metric, of_unit } => {
                let mut sum = ConfusionMatrix::default();
                for (matrix, times) in of_unit.iter().zip(times) {
                    sum.add(matrix, u64::from(*times));
                }
                metric.of(&sum)
            }
            Self::Area(folds) => {
                let mut sum = 0.0;
                for cells in folds.iter() {
                    sum += weighted_area(cells, times)?;
                }
                Some(sum / folds.len() as f64)
            }
            Self::Pairs(folds) => {
                let mut sum = 0.0;
                for pairs in folds.iter() {
                    sum += pairs.area(times)?;
                }
                Some(sum / folds.len() as f64)
            }
            Self::Custom(metric) => metric.value(times),
        }
    }

    /// The metric on a block of resamples; an undefined metric is not finite.
    pub(crate) fn values(&mut self, block: &Block, values: &mut [f64; LANES]) {
        match self {
            Self::Counts { metric, of_unit } => of_counts(*metric, of_unit, block, values),
            Self::Area(folds) => {
                mean_of_folds(folds, values, |cells, areas| weighted_areas(cells, block, areas))
            }
            Self::Pairs(folds) => mean_of_folds(folds, values, |pairs, areas| pairs.areas(block, areas)),
            Self::Custom(metric) => {
                let mut times = vec![0; block.len()];
                for (lane, value) in values.iter_mut().enumerate() {
                    times.iter_mut().zip(block).for_each(|(times, unit)| *times = unit[lane] as u32);
                    *value = metric.value(&times).unwrap_or(f64::NAN);
                }
            }
        }
    }
}

/// The cells that are ranked together, by their places: those of each fold, or all.
fn ranked_together(metric: Metric<'_>, cells: usize) -> Result<Vec<Vec<usize>>> {
    let Metric::AreaWithin(folds) = metric else { return Ok(vec![(0..cells).collect()]) };
    // A run without folds of its own has none to compare within.
    let folds = folds.first().ok_or(Error::Empty)?;
    folds.check(cells)?;
    // The cells of a single fold stand for themselves in its clusters.
    Ok(match folds.resampled() {
        Resampled::Patients(_) => folds.members(),
        Resampled::Cells(cells) => vec![(0..cells).collect()],
    })
}

/// The area over all runs by pairs of units, where they have the same folds and that takes fewer steps than going
/// through each run's cells: rarely where each cell is a unit.
fn pairs_of_all<'a>(
    metric: Metric<'a>,
    labels: &[u8],
    runs: &[&[f64]],
    clusters: &Clusters,
) -> Result<Option<Prepared<'a>>> {
    match metric {
        Metric::Area => {}
        Metric::AreaWithin(folds) if folds.len() == 1 => {}
        _ => return Ok(None),
    }
    let folds = ranked_together(metric, labels.len())?;
    let units = clusters.unit_of_cell();
    let pairs: usize = folds.iter().map(|cells| WonPairs::size(cells, labels, units)).sum();
    if pairs >= runs.len() * labels.len() {
        return Ok(None);
    }
    let of_fold = |cells: &Vec<usize>| WonPairs::new(cells, labels, runs, units);
    Ok(Some(Prepared::Pairs(folds.iter().map(of_fold).collect())))
}

/// The confusion matrix of each unit.
fn counts(
    labels: &[u8],
    probabilities: &[f64],
    threshold: f64,
    clusters: &Clusters,
) -> Result<Vec<ConfusionMatrix>> {
    let mut of_unit = vec![ConfusionMatrix::default(); clusters.units()];
    for (cell, unit) in clusters.unit_of_cell().iter().enumerate() {
        let one =
            ConfusionMatrix::from_predictions(&labels[cell..=cell], &probabilities[cell..=cell], threshold)?;
        of_unit[*unit as usize].add(&one, 1);
    }
    Ok(of_unit)
}

/// The mean over folds of what `areas` finds for each.
fn mean_of_folds<Fold>(folds: &[Fold], values: &mut [f64; LANES], areas: impl Fn(&Fold, &mut [f64; LANES])) {
    values.fill(0.0);
    for fold in folds {
        let mut of_fold = [0.0; LANES];
        areas(fold, &mut of_fold);
        values.iter_mut().zip(of_fold).for_each(|(value, of_fold)| *value += of_fold);
    }
    values.iter_mut().for_each(|value| *value /= folds.len() as f64);
}

/// A cell in the order of probabilities.
pub(crate) struct RankedCell {
    unit: u32,
    positive: bool,
    /// Whether the next cell has a higher probability.
    ends_tie: bool,
}

/// The cells at these places, sorted once: all resamples share the order.
fn ranked(
    mut order: Vec<usize>,
    labels: &[u8],
    probabilities: &[f64],
    clusters: &Clusters,
) -> Vec<RankedCell> {
    order.sort_by(|one, other| probabilities[*one].total_cmp(&probabilities[*other]));
    let cell = |position: usize| {
        let cell = order[position];
        let next = order.get(position + 1).map(|next| probabilities[*next]);
        RankedCell {
            unit: clusters.unit_of_cell()[cell],
            positive: labels[cell] == 1,
            ends_tie: next != Some(probabilities[cell]),
        }
    };
    (0..order.len()).map(cell).collect()
}

/// The area under the ROC curve as [`crate::roc_auc`] counts it, each cell as often as its unit occurs.
fn weighted_area(cells: &[RankedCell], times: &[u32]) -> Option<f64> {
    let (mut wins_doubled, mut negatives, mut positives) = (0u64, 0u64, 0u64);
    let (mut tied_negatives, mut tied_positives) = (0u64, 0u64);
    for cell in cells {
        let times = u64::from(times[cell.unit as usize]);
        if cell.positive {
            tied_positives += times;
        } else {
            tied_negatives += times;
        }
        if cell.ends_tie {
            wins_doubled += tied_positives * (2 * negatives + tied_negatives);
            negatives += tied_negatives;
            positives += tied_positives;
            (tied_negatives, tied_positives) = (0, 0);
        }
    }
    (positives > 0 && negatives > 0)
        .then(|| wins_doubled as f64 / (2.0 * positives as f64 * negatives as f64))
}

/// A metric of counts of each resample of a block.
fn of_counts(metric: CountMetric, of_unit: &[ConfusionMatrix], block: &Block, values: &mut [f64; LANES]) {
    let mut sums = [[0.0; LANES]; 4];
    for (matrix, times) in of_unit.iter().zip(block) {
        let counts =
            [matrix.true_positives, matrix.false_negatives, matrix.false_positives, matrix.true_negatives];
        for (sum, count) in sums.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            add_product(sum, times, count as f64);
        }
    }
    let [true_positives, false_negatives, false_positives, true_negatives] = &sums;
    for (lane, value) in values.iter_mut().enumerate() {
        let sum = ConfusionMatrix {
            true_positives: true_positives[lane] as u64,
            false_negatives: false_negatives[lane] as u64,
            false_positives: false_positives[lane] as u64,
            true_negatives: true_negatives[lane] as u64,
        };
        *value = metric.of(&sum).unwrap_or(f64::NAN);
    }
}

/// [`weighted_area`] of each resample of a block. All counts are whole numbers below 2⁵³, so that the
/// areas are the very same.
fn weighted_areas(cells: &[RankedCell], block: &Block, areas: &mut [f64; LANES]) {
    let zero = [0.0; LANES];
    let (mut wins, mut negatives, mut positives) = (zero, zero, zero);
    let (mut tied_negatives, mut tied_positives) = (zero, zero);
    let mut alone = true;
    for cell in cells {
        let times = &block[cell.unit as usize];
        match (alone && cell.ends_tie, cell.positive) {
            // Most cells share their probability with no other.
            (true, true) => {
                for lane in 0..LANES {
                    wins[lane] += times[lane] * negatives[lane];
                    positives[lane] += times[lane];
                }
            }
            (true, false) => add_product(&mut negatives, times, 1.0),
            (false, true) => add_product(&mut tied_positives, times, 1.0),
            (false, false) => add_product(&mut tied_negatives, times, 1.0),
        }
        if cell.ends_tie && !alone {
            for lane in 0..LANES {
                wins[lane] += tied_positives[lane] * (negatives[lane] + 0.5 * tied_negatives[lane]);
                negatives[lane] += tied_negatives[lane];
                positives[lane] += tied_positives[lane];
            }
            (tied_negatives, tied_positives) = (zero, zero);
        }
        alone = cell.ends_tie;
    }
    for (lane, area) in areas.iter_mut().enumerate() {
        let pairs = positives[lane] * negatives[lane];
        *area = if pairs > 0.0 { (2.0 * wins[lane]) / (2.0 * pairs) } else { f64::NAN };
    }
}

/// A function with the cells that it is computed of, and room for the drawn ones.
pub(crate) struct CustomCells<'a> {
    function: &'a CustomMetric<'a>,
    labels: &'a [u8],
    probabilities: &'a [f64],
    members: Vec<Vec<usize>>,
    drawn_labels: Vec<u8>,
    drawn_probabilities: Vec<f64>,
}

impl CustomCells<'_> {
    fn value(&mut self, times: &[u32]) -> Option<f64> {
        self.drawn_labels.clear();
        self.drawn_probabilities.clear();
        for (members, times) in self.members.iter().zip(times) {
            for _ in 0..*times {
                self.drawn_labels.extend(members.iter().map(|cell| self.labels[*cell]));
                self.drawn_probabilities.extend(members.iter().map(|cell| self.probabilities[*cell]));
            }
        }
        (self.function)(&self.drawn_labels, &self.drawn_probabilities)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::ranking::roc_auc;
    use crate::resampling::draw;

    #[test]
    fn a_cell_drawn_twice_counts_as_two_cells() {
        let (labels, probabilities) = ([1, 0, 1, 0], [0.6, 0.6, 0.3, 0.1]);
        let cells = ranked((0..4).collect(), &labels, &probabilities, &Clusters::by_cell(4));
        assert_eq!(weighted_area(&cells, &[1; 4]), roc_auc(&labels, &probabilities).unwrap());
        let doubled = roc_auc(&[1, 0, 0, 1], &[0.6, 0.6, 0.6, 0.3]).unwrap();
        assert_eq!(weighted_area(&cells, &[1, 2, 1, 0]), doubled);
        assert_eq!(weighted_area(&cells, &[2, 0, 2, 0]), None);
    }

    #[test]
    fn a_block_of_resamples_has_the_areas_and_counts_of_each_alone() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let labels: Vec<u8> = (0..90).map(|_| random.random_range(0..2u32) as u8).collect();
        // Eleven values for 90 cells: most of them tied.
        let probabilities: Vec<f64> =
            (0..90).map(|_| f64::from(random.random_range(0..11u32)) / 10.0).collect();
        let patients: Vec<u32> = (0..90).map(|_| random.random_range(0..7u32)).collect();
        let clusters = Clusters::by_patient(&patients);
        let mut block: Block = vec![[0.0; LANES]; 7];
        let mut drawn = vec![[0u32; 7]; LANES];
        for (lane, times) in drawn.iter_mut().enumerate() {
            draw(times, &mut random);
            (0..7).for_each(|unit| block[unit][lane] = f64::from(times[unit]));
        }
        // A resample of no cell, which has no area.
        drawn[5].fill(0);
        block.iter_mut().for_each(|unit| unit[5] = 0.0);
        let folds = Clusters::by_patient(&patients.iter().map(|patient| patient % 2).collect::<Vec<_>>());
        for metric in [
            Metric::Area,
            Metric::AreaWithin(std::slice::from_ref(&folds)),
            Metric::counts(CountMetric::Accuracy),
            Metric::counts(CountMetric::F1),
        ] {
            let mut by_cells = Prepared::of_run(metric, &labels, &probabilities, &clusters).unwrap();
            let mut of_runs = Prepared::of_runs(metric, &labels, &[&probabilities], &clusters).unwrap();
            let is_area = matches!(metric, Metric::Area | Metric::AreaWithin(_));
            assert_eq!(matches!(of_runs[0].0, Prepared::Pairs(_)), is_area);
            for prepared in [&mut by_cells, &mut of_runs[0].0] {
                let mut values = [0.0; LANES];
                prepared.values(&block, &mut values);
                for (value, times) in values.iter().zip(&drawn) {
                    assert_eq!(
                        value.is_finite().then_some(*value),
                        prepared.value(times).filter(|one| one.is_finite())
                    );
                }
            }
            for times in &drawn {
                assert_eq!(by_cells.value(times), of_runs[0].0.value(times));
            }
        }
    }

    #[test]
    fn pairs_of_units_over_several_runs_give_the_mean_of_their_areas() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let labels: Vec<u8> = (0..300).map(|_| random.random_range(0..2u32) as u8).collect();
        let patients: Vec<u32> = (0..300).map(|_| random.random_range(0..9u32)).collect();
        let clusters = Clusters::by_patient(&patients);
        let folds = Clusters::by_patient(&patients.iter().map(|patient| patient % 3).collect::<Vec<_>>());
        let mut run = || (0..300).map(|_| f64::from(random.random_range(0..99u32)) / 98.0).collect();
        let runs: [Vec<f64>; 4] = std::array::from_fn(|_| run());
        let lists = runs.each_ref().map(Vec::as_slice);
        for metric in [Metric::Area, Metric::AreaWithin(std::slice::from_ref(&folds))] {
            let mut together = Prepared::of_runs(metric, &labels, &lists, &clusters).unwrap();
            assert!(matches!(together[..], [(Prepared::Pairs(_), 4)]));
            let mut times = [0; 9];
            for _ in 0..50 {
                draw(&mut times, &mut random);
                let areas: Option<Vec<f64>> = lists
                    .iter()
                    .map(|run| Prepared::of_run(metric, &labels, run, &clusters).unwrap().value(&times))
                    .collect();
                let mean = areas.map(|areas| areas.iter().sum::<f64>() / 4.0);
                let found = together[0].0.value(&times);
                assert_eq!(found.is_some(), mean.is_some());
                assert!(found.zip(mean).is_none_or(|(found, mean)| (found - mean).abs() < 1e-14));
            }
        }
        // A unit for each cell makes more pairs than cells.
        let by_cell = Clusters::by_cell(300);
        assert_eq!(Prepared::of_runs(Metric::Area, &labels, &lists, &by_cell).unwrap().len(), 4);
    }
}
