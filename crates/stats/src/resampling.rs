//! Draws patients with replacement and computes a metric of each resample.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::clusters::Clusters;
use crate::confusion::ConfusionMatrix;
use crate::error::{Error, Result, check, check_level};
use crate::metric::{CountMetric, CustomMetric, Metric};

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
        times.fill(0);
        for _ in 0..units {
            // 32-bit draws are the same on every machine.
            times[random.random_range(0..units as u32) as usize] += 1;
        }
        values.extend(statistic(&times).filter(|value| value.is_finite()));
    }
    values.sort_by(f64::total_cmp);
    Ok(Replicates { redrawn: draws - values.len(), values })
}

/// A metric of one run, ready to be computed for any number of times that each unit was drawn.
pub(crate) enum Prepared<'a> {
    Counts { metric: CountMetric, of_unit: Vec<ConfusionMatrix> },
    Area(Vec<RankedCell>),
    Custom(CustomCells<'a>),
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(
        metric: Metric<'a>,
        labels: &'a [u8],
        probabilities: &'a [f64],
        clusters: &Clusters,
    ) -> Result<Self> {
        check(labels, probabilities)?;
        clusters.check(labels.len())?;
        match metric {
            Metric::Counts { metric, threshold } => {
                let mut of_unit = vec![ConfusionMatrix::default(); clusters.units()];
                for (cell, unit) in clusters.unit_of_cell().iter().enumerate() {
                    let one = ConfusionMatrix::from_predictions(
                        &labels[cell..=cell],
                        &probabilities[cell..=cell],
                        threshold,
                    )?;
                    of_unit[*unit as usize].add(&one, 1);
                }
                Ok(Self::Counts { metric, of_unit })
            }
            Metric::Area => Ok(Self::Area(ranked(labels, probabilities, clusters))),
            Metric::Custom(function) => Ok(Self::Custom(CustomCells {
                function,
                labels,
                probabilities,
                members: clusters.members(),
                drawn_labels: Vec::new(),
                drawn_probabilities: Vec::new(),
            })),
        }
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
            Self::Area(cells) => weighted_area(cells, times),
            Self::Custom(metric) => metric.value(times),
        }
    }
}

/// A cell in the order of probabilities.
pub(crate) struct RankedCell {
    unit: u32,
    parasitized: bool,
    /// Whether the next cell has a higher probability.
    ends_tie: bool,
}

/// Sorted once, all resamples share the order.
fn ranked(labels: &[u8], probabilities: &[f64], clusters: &Clusters) -> Vec<RankedCell> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|one, other| probabilities[*one].total_cmp(&probabilities[*other]));
    let cell = |place: usize| {
        let cell = order[place];
        let next = order.get(place + 1).map(|next| probabilities[*next]);
        RankedCell {
            unit: clusters.unit_of_cell()[cell],
            parasitized: labels[cell] == 1,
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
        if cell.parasitized {
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
    use super::*;
    use crate::ranking::roc_auc;

    #[test]
    fn a_cell_drawn_twice_counts_as_two_cells() {
        let (labels, probabilities) = ([1, 0, 1, 0], [0.6, 0.6, 0.3, 0.1]);
        let cells = ranked(&labels, &probabilities, &Clusters::by_cell(4));
        assert_eq!(weighted_area(&cells, &[1; 4]), roc_auc(&labels, &probabilities).unwrap());
        let doubled = roc_auc(&[1, 0, 0, 1], &[0.6, 0.6, 0.6, 0.3]).unwrap();
        assert_eq!(weighted_area(&cells, &[1, 2, 1, 0]), doubled);
        assert_eq!(weighted_area(&cells, &[2, 0, 2, 0]), None);
    }

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
