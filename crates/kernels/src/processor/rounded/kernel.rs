//! A kernel of rounded values, packed for products.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::{
    element::Element,
    product::{PANEL, Weights},
    tiling::Tiling,
};
use crate::processor::{memory::Buffer, tiles::add_scaled};

/// Columns whose products at all positions follow one another.
pub(crate) const COLUMNS: usize = 2 * PANEL;

/// A matrix for each of several positions, rounded and packed, with what turns its sums into numbers.
#[derive(Debug)]
pub(crate) struct RoundedKernel<E: Element> {
    /// Values of a row of the left operand: input channels in whole groups.
    pub(crate) inner: usize,
    /// Output channels in whole panels.
    pub(crate) columns: usize,
    /// `[columns / 64, positions, 2, inner / group, 32, group]`: in the order in which products read it.
    panels: Vec<E::Weight>,
    /// `[positions, columns]`.
    start: Vec<E::Sum>,
    /// The number that one unit of a sum stands for: `[positions, columns]`.
    units: Vec<f32>,
    /// What values are multiplied with before they are rounded: `[positions]`.
    pub(crate) factors: Vec<f32>,
    element: PhantomData<E>,
}

impl<E: Element> RoundedKernel<E> {
    /// The transformed kernel `[9, C_in, C_out]` for values that reach the magnitudes `ranges`, one for each position.
    pub(crate) fn transformed<T: Tiling>(kernel: &[f32], channels: [usize; 2], ranges: &[f32]) -> Self {
        let matrix = |position: usize| {
            let mut matrix = Buffer::of(channels[0] * channels[1]);
            matrix.fill(0.0);
            for (tap, values) in kernel.chunks_exact(matrix.len()).enumerate() {
                add_scaled(T::kernel_factor(position, tap), values, &mut matrix);
            }
            matrix
        };
        Self::new(matrix, channels, ranges)
    }

    /// Of one matrix `[inner, columns]` for each of `ranges`.
    pub(crate) fn new(
        matrix: impl Fn(usize) -> Buffer + Sync,
        [inner, columns]: [usize; 2],
        ranges: &[f32],
    ) -> Self {
        let (rows, wide) = (inner.next_multiple_of(E::GROUP), columns.next_multiple_of(PANEL));
        let positions = ranges.len();
        let steps: Vec<f32> = ranges.iter().map(|range| step::<E>(*range)).collect();
        let mut packed = Self {
            inner: rows,
            columns: wide,
            panels: vec![E::Weight::default(); positions * rows * wide],
            start: vec![E::Sum::default(); positions * wide],
            units: vec![0.0; positions * wide],
            factors: steps.iter().map(|step| 1.0 / step).collect(),
            element: PhantomData,
        };
        let matrices: Vec<Buffer> = (0..positions).into_par_iter().map(&matrix).collect();
        // Of each column at each position.
        let units: Vec<Vec<f32>> = matrices
            .par_iter()
            .map(|matrix| {
                (0..columns)
                    .map(|column| E::unit(matrix[column..].iter().step_by(columns).copied().take(inner)))
                    .collect()
            })
            .collect();
        packed.panels.par_chunks_exact_mut(rows * PANEL).enumerate().for_each(|(number, panel)| {
            let (position, first) = packed_place(number, positions, wide);
            for column in first..columns.min(first + PANEL) {
                let values = matrices[position][column..].iter().step_by(columns).copied().take(inner);
                let unit = units[position][column];
                for (row, value) in values.enumerate() {
                    let group = row / E::GROUP * PANEL + column % PANEL;
                    panel[group * E::GROUP + row % E::GROUP] = E::weight(value / unit);
                }
            }
        });
        let each = packed.start.par_chunks_exact_mut(wide).zip(packed.units.par_chunks_exact_mut(wide));
        each.zip(matrices.par_iter().zip(&units)).zip(&steps).for_each(
            |(((start, target), (matrix, units)), step)| {
                for (column, unit) in units.iter().enumerate() {
                    let values = matrix[column..].iter().step_by(columns).copied().take(inner);
                    start[column] = E::start(values.map(|value| E::weight(value / unit)));
                    target[column] = unit * step;
                }
            },
        );
        packed
    }

    /// Panels and starts of the [`COLUMNS`] columns from `first` on at a position, or of the rest, and how many they are.
    pub(crate) fn part(&self, position: usize, first: usize) -> (Weights<'_, E>, &[E::Sum]) {
        let count = COLUMNS.min(self.columns - first);
        let from = (first * self.factors.len() + position * count) * self.inner;
        let (now, later) = self.panels[from..].split_at(count * self.inner);
        (Weights { now, later }, &self.start[position * self.columns + first..][..count])
    }

    /// The units of sums at a position.
    pub(crate) fn units(&self, position: usize) -> &[f32] {
        &self.units[position * self.columns..][..self.columns]
    }
}

/// The position and first column of panel `number` of a matrix of `wide` columns.
fn packed_place(number: usize, positions: usize, wide: usize) -> (usize, usize) {
    let (part, within) = (number * PANEL / (COLUMNS * positions), number * PANEL % (COLUMNS * positions));
    let first = part * COLUMNS;
    let count = COLUMNS.min(wide - first);
    (within / count, first + within % count)
}

/// The scale of values that reach the magnitude `range`.
fn step<E: Element>(range: f32) -> f32 {
    if E::MOST.is_finite() && range > 0.0 { range / E::MOST } else { 1.0 }
}
