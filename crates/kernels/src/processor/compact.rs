//! A frozen convolution's transformed kernel in half the memory: 16-bit integers with a scale for every
//! output channel and position of the transformed domain.
//!
//! With as few rows as a training batch has images, a product is as fast as its kernel comes from
//! memory, and a sweep's memory is for the greater part frozen kernels. An integer is off by at most half
//! a step, and a step is 1/32767 of the channel's greatest value. Panels become `f32` one at a time, in
//! the core's own cache; all sums are in `f32`.

use std::cell::RefCell;

use rayon::prelude::*;

use super::{
    memory::{Buffer, grown},
    packed::{PANEL, Panels, multiply_panels, packed_values},
    tiles::transform_kernel_at,
};
use crate::winograd::POSITIONS;

/// The greatest integer.
const GREATEST: f32 = 32767.0;

thread_local! {
    /// Room for one panel.
    static ROOM: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// `U` or `Uᵀ`, `[36, inner, columns]`, in panels as [`super::packed::pack`] makes them.
#[derive(Clone, Debug)]
pub(crate) struct CompactKernel {
    inner: usize,
    columns: usize,
    /// `[36, columns / 32, inner, 32]`.
    integers: Vec<i16>,
    /// `[36, C_out]`.
    scales: Vec<f32>,
    /// Whether it is `Uᵀ`, whose rows are the output channels.
    transposed: bool,
}

impl CompactKernel {
    /// `U` of a kernel `[9, C_in, C_out]`.
    pub(crate) fn new(kernel: &[f32], [channels_in, channels_out]: [usize; 2]) -> Self {
        Self::with(kernel, [channels_in, channels_out], false)
    }

    /// `Uᵀ`: the very values of `U`.
    pub(crate) fn transposed(kernel: &[f32], [channels_in, channels_out]: [usize; 2]) -> Self {
        Self::with(kernel, [channels_in, channels_out], true)
    }

    fn with(kernel: &[f32], [channels_in, channels_out]: [usize; 2], transposed: bool) -> Self {
        let (inner, columns) =
            if transposed { (channels_out, channels_in) } else { (channels_in, channels_out) };
        let size = packed_values::<PANEL>(inner, columns);
        let mut integers = vec![0; POSITIONS * size];
        let mut scales = vec![0.0f32; POSITIONS * channels_out];
        integers
            .par_chunks_exact_mut(size)
            .zip(scales.par_chunks_exact_mut(channels_out))
            .enumerate()
            .for_each(|(position, (integers, scales))| {
                let mut matrix = Buffer::of(channels_in * channels_out);
                transform_kernel_at(position, kernel, &mut matrix);
                for row in matrix.chunks_exact(channels_out) {
                    for (scale, value) in scales.iter_mut().zip(row) {
                        *scale = scale.max(value.abs() / GREATEST);
                    }
                }
                for (input, row) in matrix.chunks_exact(channels_out).enumerate() {
                    for (output, (value, scale)) in row.iter().zip(&*scales).enumerate() {
                        let (row, column) = if transposed { (output, input) } else { (input, output) };
                        let place = place(inner, row, column);
                        // A channel of zeros has no scale.
                        let steps = if *scale > 0.0 { value / scale } else { 0.0 };
                        integers[place] = steps.round() as i16;
                    }
                }
            });
        Self { inner, columns, integers, scales, transposed }
    }

    /// `U` as it is held: rounded, in the order `[36, C_in, C_out]`.
    pub(crate) fn rounded(&self) -> Vec<f32> {
        let size = self.integers.len() / POSITIONS;
        let channels_out = self.scales.len() / POSITIONS;
        let channels_in = if self.transposed { self.columns } else { self.inner };
        let positions = self.integers.chunks_exact(size).zip(self.scales.chunks_exact(channels_out));
        positions
            .flat_map(|(integers, scales)| {
                (0..channels_in).flat_map(move |input| {
                    scales.iter().enumerate().map(move |(output, scale)| {
                        let (row, column) = if self.transposed { (output, input) } else { (input, output) };
                        f32::from(integers[place(self.inner, row, column)]) * scale
                    })
                })
            })
            .collect()
    }

    /// Values that are held.
    pub(crate) fn len(&self) -> usize {
        self.integers.len()
    }

    /// `out = left · U` (or `Uᵀ`) at one position of the transformed domain: `[rows, inner] · [inner,
    /// columns]`, on the calling thread. Every value is summed up in the same order, however many rows
    /// there are.
    pub(crate) fn multiply(&self, position: usize, left: &[f32], out: &mut [f32]) {
        let size = self.integers.len() / POSITIONS;
        let channels_out = self.scales.len() / POSITIONS;
        let scales = &self.scales[position * channels_out..][..channels_out];
        let integers = &self.integers[position * size..][..size];
        let sizes = [self.inner, self.columns];
        ROOM.with_borrow_mut(|room| {
            let room = grown(room, self.inner * PANEL);
            if self.transposed {
                multiply_panels::<PANEL>(sizes, left, &ScaledRows { integers, scales }, room, out);
            } else {
                multiply_panels::<PANEL>(sizes, left, &ScaledColumns { integers, scales }, room, out);
            }
        });
    }
}

/// Where a position's panels hold a value.
fn place(inner: usize, row: usize, column: usize) -> usize {
    column / PANEL * inner * PANEL + row * PANEL + column % PANEL
}

/// A panel's row as numbers.
#[inline(always)]
fn scaled(integers: &[i16; PANEL], scales: &[f32; PANEL]) -> [f32; PANEL] {
    let mut values = [0.0; PANEL];
    for lane in 0..PANEL {
        values[lane] = f32::from(integers[lane]) * scales[lane];
    }
    values
}

/// Panels with a scale for every column.
struct ScaledColumns<'a> {
    integers: &'a [i16],
    scales: &'a [f32],
}

/// Panels with a scale for every row.
struct ScaledRows<'a> {
    integers: &'a [i16],
    scales: &'a [f32],
}

impl Panels for ScaledColumns<'_> {
    type Stored = i16;

    #[inline(always)]
    fn stored(&self) -> &[i16] {
        self.integers
    }

    #[inline(always)]
    fn panel<'a>(&'a self, number: usize, values: usize, room: &'a mut [f32]) -> &'a [f32] {
        let mut scales = [0.0; PANEL];
        let own = &self.scales[number * PANEL..];
        let own = &own[..own.len().min(PANEL)];
        scales[..own.len()].copy_from_slice(own);
        let integers = &self.integers[number * values..][..values];
        for (room, integers) in room.as_chunks_mut::<PANEL>().0.iter_mut().zip(integers.as_chunks().0) {
            *room = scaled(integers, &scales);
        }
        &room[..values]
    }
}

impl Panels for ScaledRows<'_> {
    type Stored = i16;

    #[inline(always)]
    fn stored(&self) -> &[i16] {
        self.integers
    }

    #[inline(always)]
    fn panel<'a>(&'a self, number: usize, values: usize, room: &'a mut [f32]) -> &'a [f32] {
        let integers = &self.integers[number * values..][..values];
        let rows = room.as_chunks_mut::<PANEL>().0.iter_mut().zip(integers.as_chunks().0);
        for ((room, integers), scale) in rows.zip(self.scales) {
            *room = scaled(integers, &[*scale; PANEL]);
        }
        &room[..values]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{processor::tiles::transform_kernel, randomness::Randomness};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_product_is_within_half_a_step_of_every_factor_and_the_transpose_holds_the_same_numbers(
            rows in 1usize..13, channels_in in 1usize..40, channels_out in 1usize..70, seed in 0u64..1000,
        ) {
            let mut randomness = Randomness::new(seed, 0);
            let kernel = randomness.normal(9 * channels_in * channels_out, 1.0);
            let transformed = transform_kernel(&kernel, channels_in * channels_out);
            let compact = CompactKernel::new(&kernel, [channels_in, channels_out]);
            let transposed = CompactKernel::transposed(&kernel, [channels_in, channels_out]);
            let rounded = compact.rounded();
            prop_assert_eq!(&rounded, &transposed.rounded());
            for position in [0, 7, 35] {
                let exact = &transformed[position * channels_in * channels_out..][..channels_in * channels_out];
                let left = randomness.normal(rows * channels_in, 1.0);
                let mut out = vec![0.0; rows * channels_out];
                compact.multiply(position, &left, &mut out);
                for (row, found) in out.chunks(channels_out).enumerate() {
                    for (column, found) in found.iter().enumerate() {
                        let column_of = |k: usize| f64::from(exact[k * channels_out + column]);
                        let greatest = (0..channels_in).map(|k| column_of(k).abs()).fold(0.0, f64::max);
                        let factors = || (0..channels_in).map(|k| (f64::from(left[row * channels_in + k]), k));
                        let expected: f64 = factors().map(|(left, k)| left * column_of(k)).sum();
                        let allowed: f64 = factors().map(|(left, _)| left.abs() * greatest / 65_534.0).sum();
                        prop_assert!((f64::from(*found) - expected).abs() < allowed * 1.01 + 1e-4);
                    }
                }
                // Rows of the identity give the matrix itself.
                let identity = |n: usize| -> Vec<f32> {
                    (0..n * n).map(|place| if place / n == place % n { 1.0 } else { 0.0 }).collect()
                };
                let mut forward = vec![0.0; channels_in * channels_out];
                compact.multiply(position, &identity(channels_in), &mut forward);
                let mut backward = vec![0.0; channels_in * channels_out];
                transposed.multiply(position, &identity(channels_out), &mut backward);
                prop_assert_eq!(&forward, &rounded[position * channels_in * channels_out..][..forward.len()]);
                for (place, value) in forward.iter().enumerate() {
                    let (input, output) = (place / channels_out, place % channels_out);
                    prop_assert_eq!(*value, backward[output * channels_in + input]);
                }
            }
        }
    }

    #[test]
    fn channels_of_zeros_stay_zero() {
        let compact = CompactKernel::new(&[0.0; 9 * 2 * 3], [2, 3]);
        let mut out = [1.0; 3];
        compact.multiply(0, &[1.0, 1.0], &mut out);
        assert_eq!(out, [0.0; 3]);
    }
}
