//! A frozen convolution's transformed kernel for products of 16-bit integers: faster than [`super::compact`]'s where the
//! processor has dot products of such integers.
//!
//! Rows are rounded as they come, to 13 bits and a sign, each by the largest magnitude in it: they are maps and gradients in
//! training, whose magnitudes no calibration knows. A row's values depend on no other row. Sums are exact, and all else is
//! done number by number in `f32` without fused steps, so that every processor has the same bits.

use std::cell::RefCell;

use super::{
    memory::{Buffer, grown},
    rounded::{COLUMNS, Element, Int16, Multiply, Pass, Product, RoundedKernel, Vector, dispatch},
    tiles::{LANES, Lanes, ZERO, transform_kernel_at},
};
use crate::winograd::POSITIONS;

/// Memory that a thread uses again for every product.
#[derive(Default)]
struct Memory {
    /// `[rows, inner]`.
    words: Vec<i16>,
    /// What one unit of a row's words stands for: `[rows]`.
    steps: Vec<f32>,
    /// `[rows, columns at once]`.
    sums: Vec<i32>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// `U` or `Uᵀ`, `[36, inner, columns]`, with a scale for each column at each position.
#[derive(Debug)]
pub(crate) struct IntegerKernel {
    kernel: RoundedKernel<Int16>,
    inner: usize,
    columns: usize,
}

impl IntegerKernel {
    /// `U` of a kernel `[9, C_in, C_out]`.
    pub(crate) fn new(kernel: &[f32], channels: [usize; 2]) -> Self {
        Self::of(channels, |position| transformed(position, kernel, channels))
    }

    /// `Uᵀ`, rounded by scales of its own.
    pub(crate) fn transposed(kernel: &[f32], channels @ [channels_in, channels_out]: [usize; 2]) -> Self {
        Self::of([channels_out, channels_in], |position| {
            let matrix = transformed(position, kernel, channels);
            let mut turned = Buffer::of(matrix.len());
            for (input, row) in matrix.chunks_exact(channels_out).enumerate() {
                for (output, value) in row.iter().enumerate() {
                    turned[output * channels_in + input] = *value;
                }
            }
            turned
        })
    }

    fn of([inner, columns]: [usize; 2], matrix: impl Fn(usize) -> Buffer + Sync) -> Self {
        // Rows come in units of their own scale.
        let kernel = RoundedKernel::new(matrix, [inner, columns], &[Int16::MOST; POSITIONS]);
        Self { kernel, inner, columns }
    }

    /// Values that are held.
    pub(crate) fn len(&self) -> usize {
        POSITIONS * self.kernel.inner * self.kernel.columns
    }

    /// `out = left · U` (or `Uᵀ`) at one position of the transformed domain: `[rows, inner] · [inner, columns]`, on the
    /// calling thread.
    pub(crate) fn multiply(&self, position: usize, left: &[f32], out: &mut [f32]) {
        let (rows, inner) = (left.len() / self.inner, self.kernel.inner);
        MEMORY.with_borrow_mut(|Memory { words, steps, sums }| {
            let (words, steps) = (grown(words, rows * inner), grown(steps, rows));
            dispatch(RoundRows { left, width: self.inner, words, inner, steps });
            for first in (0..self.kernel.columns).step_by(COLUMNS) {
                let (weights, start) = self.kernel.part(position, first);
                let sums = grown(sums, rows * start.len());
                Int16::multiply(&Product { inner, left: words, weights, start }, sums);
                dispatch(Numbers {
                    sums,
                    units: &self.kernel.units(position)[first..][..start.len()],
                    steps,
                    first,
                    columns: self.columns,
                    out,
                });
            }
        });
    }
}

/// `U` at one position.
fn transformed(position: usize, kernel: &[f32], [channels_in, channels_out]: [usize; 2]) -> Buffer {
    let mut matrix = Buffer::of(channels_in * channels_out);
    transform_kernel_at(position, kernel, &mut matrix);
    matrix
}

/// Rounds rows, each by its largest magnitude.
struct RoundRows<'a> {
    /// `[rows, width]`.
    left: &'a [f32],
    width: usize,
    /// `[rows, inner]`.
    words: &'a mut [i16],
    inner: usize,
    /// `[rows]`.
    steps: &'a mut [f32],
}

impl Pass for RoundRows<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let rows = self.left.chunks_exact(self.width).zip(self.words.chunks_exact_mut(self.inner));
        for ((row, words), step) in rows.zip(self.steps) {
            let (whole, rest) = row.as_chunks::<LANES>();
            let mut last = ZERO;
            last[..rest.len()].copy_from_slice(rest);
            let (mut most, mut nothing) = ([V::new(&ZERO); 2], V::new(&ZERO));
            for lanes in whole.iter().chain([&last]) {
                let lanes = V::new(lanes);
                most = [most[0].larger(lanes), most[1].larger(V::new(&ZERO).minus(lanes))];
                // Zero, or no number where a value is none: a loss that diverges is to be noticed.
                nothing = nothing.plus(lanes.scaled(0.0));
            }
            let most = most[0].larger(most[1]).lanes().into_iter().fold(0.0f32, f32::max);
            let most = most + nothing.lanes().into_iter().sum::<f32>();
            let factor = if most > 0.0 { Int16::MOST / most } else { 0.0 };
            // Magnitudes below the smallest normal number over 8,191 have no factor.
            let factor = if factor.is_finite() { factor } else { 0.0 };
            *step = most / Int16::MOST;
            let (whole_words, rest_words) = words.as_chunks_mut::<LANES>();
            for (words, lanes) in whole_words.iter_mut().zip(whole.iter().chain([&last])) {
                *words = Int16::round(V::new(lanes).scaled(factor));
            }
            if !rest_words.is_empty() {
                let lanes = whole.get(whole_words.len()).unwrap_or(&last);
                let rounded = Int16::round(V::new(lanes).scaled(factor));
                rest_words.copy_from_slice(&rounded[..rest_words.len()]);
            }
        }
    }
}

/// Turns the sums of some columns into numbers.
struct Numbers<'a> {
    /// `[rows, units]`.
    sums: &'a [i32],
    units: &'a [f32],
    /// `[rows]`.
    steps: &'a [f32],
    /// The first of these columns.
    first: usize,
    /// All columns of a row.
    columns: usize,
    /// `[rows, columns]`.
    out: &'a mut [f32],
}

impl Pass for Numbers<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { sums, units, steps, first, columns, out } = self;
        let rows = sums.chunks_exact(units.len()).zip(out.chunks_exact_mut(columns));
        for ((sums, out), step) in rows.zip(steps) {
            let out = &mut out[first..];
            let groups = sums.as_chunks::<LANES>().0.iter().zip(units.as_chunks::<LANES>().0);
            for ((sums, units), out) in groups.zip(out.chunks_mut(LANES)) {
                let numbers = Int16::numbers::<V>(sums).times(V::new(units)).scaled(*step).lanes();
                put(&numbers, out);
            }
        }
    }
}

/// Writes as many numbers as there is room for.
#[inline(always)]
fn put(numbers: &Lanes, out: &mut [f32]) {
    match out.first_chunk_mut() {
        Some(out) => *out = *numbers,
        None => out.copy_from_slice(&numbers[..out.len()]),
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
        fn a_product_is_near_that_of_the_definition_and_a_row_is_the_same_among_any_others(
            rows in 1usize..30, channels_in in 1usize..70, channels_out in 1usize..140, power in -30i32..30, seed in 0u64..1000,
        ) {
            let mut randomness = Randomness::new(seed, 0);
            let kernel = randomness.normal(9 * channels_in * channels_out, 1.0);
            let transformed = transform_kernel(&kernel, channels_in * channels_out);
            let size = channels_in * channels_out;
            for (transpose, [inner, columns]) in
                [(false, [channels_in, channels_out]), (true, [channels_out, channels_in])]
            {
                let integers = if transpose {
                    IntegerKernel::transposed(&kernel, [channels_in, channels_out])
                } else {
                    IntegerKernel::new(&kernel, [channels_in, channels_out])
                };
                let left: Vec<f32> =
                    randomness.normal(rows * inner, 1.0).into_iter().map(|value| value * 2f32.powi(power)).collect();
                for position in [0, 7, 35] {
                    let exact = &transformed[position * size..][..size];
                    let exact = |row: usize, column: usize| {
                        let (input, output) = if transpose { (column, row) } else { (row, column) };
                        f64::from(exact[input * channels_out + output])
                    };
                    let mut out = vec![f32::NAN; rows * columns];
                    integers.multiply(position, &left, &mut out);
                    for (row, found) in left.chunks(inner).zip(out.chunks(columns)) {
                        let most = row.iter().fold(0.0f32, |most, value| most.max(value.abs()));
                        for (column, found) in found.iter().enumerate() {
                            let factors = || row.iter().enumerate().map(|(k, value)| (f64::from(*value), exact(k, column)));
                            let expected: f64 = factors().map(|(value, weight)| value * weight).sum();
                            let total: f64 = factors().map(|(_, weight)| weight.abs()).sum();
                            // Half a step of each value, and of each weight, whose steps are of 15 bits or, where sums
                            // would not fit, of their total over 2¹⁸.
                            let value_step = f64::from(most) / 8191.0;
                            let greatest = factors().map(|(_, weight)| weight.abs()).fold(0.0, f64::max);
                            let weight_step = (greatest / 32_767.0).max(total / 2f64.powi(17));
                            let values: f64 = factors().map(|(value, _)| value.abs()).sum();
                            let allowed = 0.51 * (value_step * total + weight_step * (values + inner as f64 * value_step));
                            prop_assert!((f64::from(*found) - expected).abs() <= allowed + 1e-6 * expected.abs());
                        }
                        let mut alone = vec![0.0; columns];
                        integers.multiply(position, row, &mut alone);
                        prop_assert_eq!(&alone[..], found);
                    }
                }
            }
        }
    }

    #[test]
    fn rows_of_zeros_and_of_tiny_and_huge_numbers_stay_numbers() {
        let mut randomness = Randomness::new(0, 0);
        let kernel = randomness.normal(9 * 20 * 30, 1.0);
        let integers = IntegerKernel::new(&kernel, [20, 30]);
        for value in [0.0, 1e-45, 1e-38, 1e38, -1e30] {
            let mut out = [f32::NAN; 30];
            integers.multiply(3, &[value; 20], &mut out);
            assert!(out.iter().all(|value| !value.is_nan()), "{value}: {out:?}");
        }
        let mut out = [1.0; 30];
        integers.multiply(3, &[0.0; 20], &mut out);
        assert_eq!(out, [0.0; 30]);
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut rows = [1.0; 60];
            rows[27] = wrong;
            let mut out = [0.0; 90];
            integers.multiply(3, &rows, &mut out);
            let (first, others) = out.split_at(30);
            let (second, third) = others.split_at(30);
            assert!(second.iter().all(|value| value.is_nan()), "{wrong}: {second:?}");
            assert!(first == third && first.iter().all(|value| value.is_finite()));
        }
    }
}
