//! Pairs of a positive and a negative cell that the positive one wins, counted by their units and summed over runs:
//! the area under the ROC curve of a resample without going through its cells, however many runs there are.

use rayon::prelude::*;

use crate::draws::{Block, LANES};

/// The pairs of one set of cells that are ranked together.
///
/// The area of a resample in which unit `i` occurs `tᵢ` times is `Σᵢⱼ tᵢ tⱼ wᵢⱼ / (Σᵢ tᵢ pᵢ · Σⱼ tⱼ nⱼ)`, with `wᵢⱼ` the
/// pairs of a positive cell of unit `i` and a negative one of unit `j` that the positive one wins, ties counting half,
/// and `pᵢ` and `nⱼ` the units' positive and negative cells (Mann & Whitney 1947). The denominator is the same for all
/// runs on these cells, so that the mean over runs is that of their summed pairs.
pub(crate) struct WonPairs {
    /// Units with positive cells, and how many each has.
    positives: Vec<(u32, f64)>,
    /// Units with negative cells, and how many each has.
    negatives: Vec<(u32, f64)>,
    /// Won pairs, a row per unit of `positives`, a column per unit of `negatives`. Sums of halves, exact below 2⁵².
    won: Vec<f64>,
    /// Runs that were summed.
    runs: f64,
}

/// A cell that is to be ranked: its place, its class, and its unit's row or column.
struct Placed {
    cell: usize,
    positive: bool,
    line: usize,
}

impl WonPairs {
    /// Pairs of units that the cells at these places would give.
    pub(crate) fn size(cells: &[usize], labels: &[u8], unit_of_cell: &[u32]) -> usize {
        let [positives, negatives] = [1, 0].map(|label| units(cells, labels, unit_of_cell, label).len());
        positives * negatives
    }

    /// The pairs of the cells at these places, summed over runs that called them. Labels, units and probabilities stand
    /// in the order of all cells.
    pub(crate) fn new(cells: &[usize], labels: &[u8], runs: &[&[f64]], unit_of_cell: &[u32]) -> Self {
        let [positives, negatives] = [1, 0].map(|label| units(cells, labels, unit_of_cell, label));
        let line_of = |units: &[(u32, f64)], unit| units.partition_point(|(other, _)| *other < unit);
        let placed: Vec<Placed> = cells
            .iter()
            .map(|cell| {
                let (unit, positive) = (unit_of_cell[*cell], labels[*cell] == 1);
                let line = line_of(if positive { &positives } else { &negatives }, unit);
                Placed { cell: *cell, positive, line }
            })
            .collect();
        let size = positives.len() * negatives.len();
        let columns = negatives.len();
        // Sums of whole halves: their order does not matter.
        let won = runs
            .par_iter()
            .fold(
                || vec![0.0; size],
                |mut won, run| {
                    add_won(&mut won, columns, &placed, run);
                    won
                },
            )
            .reduce(|| vec![0.0; size], added);
        Self { positives, negatives, won, runs: runs.len() as f64 }
    }

    /// The mean over runs of the area where unit `i` occurs `times[i]` times; `None` where one class is missing.
    pub(crate) fn area(&self, times: &[u32]) -> Option<f64> {
        let often = |unit: u32| f64::from(times[unit as usize]);
        let drawn =
            |units: &[(u32, f64)]| units.iter().map(|(unit, cells)| often(*unit) * cells).sum::<f64>();
        let pairs = drawn(&self.positives) * drawn(&self.negatives);
        let mut won = 0.0;
        for ((unit, _), row) in self.rows() {
            let of_row: f64 =
                row.iter().zip(&self.negatives).map(|(won, (unit, _))| won * often(*unit)).sum();
            won += often(*unit) * of_row;
        }
        (pairs > 0.0).then(|| won / (pairs * self.runs))
    }

    /// [`WonPairs::area`] of each resample of a block; not finite where one class is missing.
    pub(crate) fn areas(&self, block: &Block, areas: &mut [f64; LANES]) {
        let drawn = |units: &[(u32, f64)]| {
            let mut sum = [0.0; LANES];
            units.iter().for_each(|(unit, cells)| add_product(&mut sum, &block[*unit as usize], *cells));
            sum
        };
        let (positives, negatives) = (drawn(&self.positives), drawn(&self.negatives));
        let mut won = [0.0; LANES];
        for ((unit, _), row) in self.rows() {
            let mut of_row = [0.0; LANES];
            for (pairs, (unit, _)) in row.iter().zip(&self.negatives) {
                add_product(&mut of_row, &block[*unit as usize], *pairs);
            }
            let times = &block[*unit as usize];
            won.iter_mut().zip(of_row).zip(times).for_each(|((won, of_row), times)| *won += of_row * times);
        }
        for (lane, area) in areas.iter_mut().enumerate() {
            let pairs = positives[lane] * negatives[lane];
            *area = if pairs > 0.0 { won[lane] / (pairs * self.runs) } else { f64::NAN };
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&(u32, f64), &[f64])> {
        self.positives.iter().zip(self.won.chunks(self.negatives.len().max(1)))
    }
}

/// Units of the cells with this label in their order, and how many cells each has.
fn units(cells: &[usize], labels: &[u8], unit_of_cell: &[u32], label: u8) -> Vec<(u32, f64)> {
    let mut units: Vec<u32> =
        cells.iter().filter(|cell| labels[**cell] == label).map(|cell| unit_of_cell[*cell]).collect();
    units.sort_unstable();
    units.chunk_by(|one, other| one == other).map(|alike| (alike[0], alike.len() as f64)).collect()
}

/// Adds the pairs that a run's positive cells win.
fn add_won(won: &mut [f64], columns: usize, placed: &[Placed], probabilities: &[f64]) {
    let mut order: Vec<(f64, &Placed)> =
        placed.iter().map(|placed| (probabilities[placed.cell], placed)).collect();
    order.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    // Negative cells with lower probabilities, those of the same one counting half.
    let mut below = vec![0.0; columns];
    for tied in order.chunk_by(|one, other| one.0 == other.0) {
        let negatives = || tied.iter().filter(|(_, placed)| !placed.positive);
        negatives().for_each(|(_, placed)| below[placed.line] += 0.5);
        for (_, placed) in tied.iter().filter(|(_, placed)| placed.positive) {
            let row = &mut won[placed.line * columns..][..columns];
            row.iter_mut().zip(&below).for_each(|(won, below)| *won += below);
        }
        negatives().for_each(|(_, placed)| below[placed.line] += 0.5);
    }
}

fn added(mut one: Vec<f64>, other: Vec<f64>) -> Vec<f64> {
    one.iter_mut().zip(other).for_each(|(one, other)| *one += other);
    one
}

/// Adds `factor` times each resample's count.
pub(crate) fn add_product(sum: &mut [f64; LANES], times: &[f64; LANES], factor: f64) {
    sum.iter_mut().zip(times).for_each(|(sum, times)| *sum += times * factor);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::roc_auc;

    #[test]
    fn pairs_of_units_give_the_area_of_cells_that_are_drawn_several_times() {
        let (labels, units) = ([1, 0, 1, 0, 0], [0, 0, 1, 1, 2]);
        let (one, other) = ([0.6, 0.6, 0.3, 0.1, 0.9], [0.2, 0.1, 0.2, 0.2, 0.3]);
        let all = [0, 1, 2, 3, 4];
        let times = [2, 1, 3];
        let repeated = |values: &[f64]| -> Vec<f64> {
            all.iter().flat_map(|cell| vec![values[*cell]; times[units[*cell] as usize] as usize]).collect()
        };
        let repeated_labels: Vec<u8> =
            all.iter().flat_map(|cell| vec![labels[*cell]; times[units[*cell] as usize] as usize]).collect();
        let area = |values: &[f64]| roc_auc(&repeated_labels, &repeated(values)).unwrap().unwrap();
        let of_one = WonPairs::new(&all, &labels, &[&one], &units);
        assert_eq!(of_one.area(&times), Some(area(&one)));
        let of_both = WonPairs::new(&all, &labels, &[&one, &other], &units).area(&times).unwrap();
        assert!((of_both - f64::midpoint(area(&one), area(&other))).abs() < 1e-15);
        assert_eq!(of_one.area(&[0, 0, 3]), None);
        assert_eq!(WonPairs::size(&all, &labels, &units), 6);
        // Of some of the cells only.
        assert_eq!(WonPairs::new(&[2, 4], &labels, &[&one], &units).area(&[1; 3]), Some(0.0));
        assert_eq!(WonPairs::new(&[0, 2], &labels, &[&one], &units).area(&[1; 3]), None);
    }
}
