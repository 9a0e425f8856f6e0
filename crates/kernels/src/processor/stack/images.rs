//! The convolution on images: too few channels for transforms, so that nine neighbours are multiplied at once.

use super::{
    scratch::Scratch,
    shape::{IMAGE_CHANNELS, MapShape, Surroundings},
};
use crate::processor::{
    memory::{Buffer, grown},
    packed::{PANEL, multiply, pack},
    rounded::{COLUMNS, Element, Int16, Multiply, Pass, Product, RoundedKernel, Vector, dispatch},
    tiles::{LANES, ZERO, lane_groups, load, store},
    vectors::vectorized,
};

/// Positions that are multiplied at once.
const ROWS: usize = 1024;
/// How far beyond the calibrated magnitude images may reach.
const HEADROOM: f32 = 2.0;
/// Values of a position's neighbours.
const INNER: usize = 9 * IMAGE_CHANNELS;

/// A kernel `[9, 3, C_out]` packed for [`forward`].
pub(super) fn packed(kernel: &[f32], channels_out: usize) -> Vec<f32> {
    pack::<PANEL>(kernel, INNER, channels_out)
}

/// A kernel `[9, 3, C_out]` rounded for [`rounded_forward`] and images that reach the magnitude `range`.
pub(super) fn rounded(kernel: &[f32], channels_out: usize, range: f32) -> RoundedKernel<Int16> {
    let matrix = |_| {
        let mut matrix = Buffer::of(kernel.len());
        matrix.copy_from_slice(kernel);
        matrix
    };
    RoundedKernel::new(matrix, [INNER, channels_out], &[HEADROOM * range])
}

/// Of several images.
pub(super) fn forward(
    kernel: &[f32],
    around: &Surroundings,
    maps: &[f32],
    scratch: &mut Scratch,
    outputs: &mut [f32],
) {
    let columns = around.channels_out;
    let side = around.input.side;
    for (map, output) in maps
        .chunks_exact(around.input.values())
        .zip(outputs.chunks_exact_mut(MapShape { channels: columns, side }.values()))
    {
        let rows = grown(&mut scratch.input, side * side * INNER);
        gather_neighbours(map, side, INNER, rows);
        for (rows, output) in rows.chunks(ROWS * INNER).zip(output.chunks_mut(ROWS * columns)) {
            multiply::<PANEL>([INNER, columns], rows, kernel, output);
        }
        vectorized(
            #[inline(always)]
            || {
                for values in output.chunks_exact_mut(columns) {
                    for (value, bias) in values.iter_mut().zip(&around.bias) {
                        *value = (*value + bias).max(0.0);
                    }
                }
            },
        );
    }
}

/// Of several images, by 16-bit products.
pub(super) fn rounded_forward(
    kernel: &RoundedKernel<Int16>,
    around: &Surroundings,
    maps: &[f32],
    scratch: &mut Scratch,
    outputs: &mut [f32],
) {
    let side = around.input.side;
    let (count, columns) = (side * side, around.channels_out);
    let maps = maps.chunks_exact(around.input.values());
    for (map, output) in maps.zip(outputs.chunks_exact_mut(count * columns)) {
        let pixels = grown(&mut scratch.words, map.len());
        dispatch(RoundPass { map, factor: kernel.factors[0], rounded: pixels });
        let rows = grown(&mut scratch.rows, count * kernel.inner);
        gather_neighbours(pixels, side, kernel.inner, rows);
        for (left, output) in rows.chunks(ROWS * kernel.inner).zip(output.chunks_mut(ROWS * columns)) {
            let rows = left.len() / kernel.inner;
            let sums = grown(&mut scratch.sums, rows * kernel.columns);
            for first in (0..kernel.columns).step_by(COLUMNS) {
                let (weights, start) = kernel.part(0, first);
                let sums = &mut sums[rows * first..][..rows * start.len()];
                Int16::multiply(&Product { inner: kernel.inner, left, weights, start }, sums);
                dispatch(ActivationPass { kernel, bias: &around.bias, first, sums, output });
            }
        }
    }
}

/// Values of maps in units of their scale, which `factor` divides by.
struct RoundPass<'a> {
    map: &'a [f32],
    factor: f32,
    rounded: &'a mut [i16],
}

impl Pass for RoundPass<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        for (rounded, values) in self.rounded.chunks_mut(LANES).zip(self.map.chunks(LANES)) {
            let lanes: V = V::new(&load(values, 0, values.len()));
            rounded.copy_from_slice(&Int16::round(lanes.scaled(self.factor))[..values.len()]);
        }
    }
}

/// Sums as numbers, with bias and ReLU.
struct ActivationPass<'a> {
    kernel: &'a RoundedKernel<Int16>,
    bias: &'a [f32],
    /// The first output channel of these sums.
    first: usize,
    /// `[rows, columns]` for the columns of one part of the kernel.
    sums: &'a [i32],
    /// `[rows, channels]`.
    output: &'a mut [f32],
}

impl Pass for ActivationPass<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { kernel, bias, first, sums, output } = self;
        let (all, columns) = (bias.len(), COLUMNS.min(kernel.columns - first));
        for (sums, output) in sums.chunks_exact(columns).zip(output.chunks_exact_mut(all)) {
            for (place, count) in lane_groups(columns.min(all - first)) {
                let channel = first + place;
                let units = V::new(&load(kernel.units(0), channel, LANES));
                let mut lanes = [0; LANES];
                lanes.copy_from_slice(&sums[place..place + LANES]);
                let values =
                    Int16::numbers::<V>(&lanes).times(units).plus(V::new(&load(bias, channel, count)));
                store(&values.larger(V::new(&ZERO)).lanes(), output, channel, count);
            }
        }
    }
}

/// The nine neighbours of every position side by side, in rows of `row` values that zeros fill up.
fn gather_neighbours<V: Copy + Default>(map: &[V], side: usize, row: usize, rows: &mut [V]) {
    const CHANNELS: usize = IMAGE_CHANNELS;
    const ACROSS: usize = 3 * CHANNELS;
    for (position, row) in rows.chunks_exact_mut(row).enumerate() {
        let (y, x) = (position / side, position % side);
        let (row, rest) = row.split_at_mut(INNER);
        rest.fill(V::default());
        for (down, values) in row.chunks_exact_mut(ACROSS).enumerate() {
            let above = (y + down).wrapping_sub(1);
            if above < side && (1..side - 1).contains(&x) {
                // Three neighbours lie side by side.
                values.copy_from_slice(&map[(above * side + x - 1) * CHANNELS..][..ACROSS]);
                continue;
            }
            for (right, values) in values.chunks_exact_mut(CHANNELS).enumerate() {
                let column = (x + right).wrapping_sub(1);
                if above < side && column < side {
                    values.copy_from_slice(&map[(above * side + column) * CHANNELS..][..CHANNELS]);
                } else {
                    values.fill(V::default());
                }
            }
        }
    }
}
