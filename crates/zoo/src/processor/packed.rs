//! Matrix products with a matrix that never changes, laid out once in the order in which it is read.
//!
//! A general product first copies its operands into such an order. Where one of them is a frozen
//! kernel and the other has as few rows as a training batch has images, that copy takes as long as the
//! product itself.

use pulp::{Simd, WithSimd};

/// Columns of a panel: the part of the matrix that is read row by row without a gap.
pub(crate) const PANEL: usize = 32;
/// Vectors of a panel's row that are summed up at once.
const VECTORS: usize = 2;

/// Lays a row-major matrix `[inner, columns]` out in panels `[columns / 32, inner, 32]`, the last one
/// filled up with zeros.
pub(crate) fn pack(matrix: &[f32], inner: usize, columns: usize) -> Vec<f32> {
    let mut panels = vec![0.0; packed_values(inner, columns)];
    for (number, panel) in panels.chunks_exact_mut(inner * PANEL).enumerate() {
        let start = number * PANEL;
        let count = PANEL.min(columns - start);
        for (row, values) in panel.chunks_exact_mut(PANEL).enumerate() {
            values[..count].copy_from_slice(&matrix[row * columns + start..][..count]);
        }
    }
    panels
}

/// The same for the transpose of a row-major matrix `[columns, inner]`.
pub(crate) fn pack_transposed(matrix: &[f32], inner: usize, columns: usize) -> Vec<f32> {
    let mut panels = vec![0.0; packed_values(inner, columns)];
    for (column, values) in matrix.chunks_exact(inner).enumerate() {
        let panel = &mut panels[column / PANEL * inner * PANEL..][..inner * PANEL];
        for (target, value) in panel.iter_mut().skip(column % PANEL).step_by(PANEL).zip(values) {
            *target = *value;
        }
    }
    panels
}

/// Values of a packed matrix `[inner, columns]`.
pub(crate) fn packed_values(inner: usize, columns: usize) -> usize {
    columns.div_ceil(PANEL) * inner * PANEL
}

/// `out = left · packed`: `[rows, inner] · [inner, columns]`, `left` and `out` row-major, on the calling
/// thread. Every value is summed up in the same order, however many rows there are.
pub(crate) fn multiply([inner, columns]: [usize; 2], left: &[f32], panels: &[f32], out: &mut [f32]) {
    pulp::Arch::new().dispatch(Product { inner, columns, left, panels, out });
}

struct Product<'a> {
    inner: usize,
    columns: usize,
    left: &'a [f32],
    panels: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { inner, columns, left, panels, out } = self;
        let rows = left.len() / inner;
        for (number, panel) in panels.chunks_exact(inner * PANEL).enumerate() {
            let start = number * PANEL;
            let count = PANEL.min(columns - start);
            let mut row = 0;
            while row < rows {
                let left = &left[row * inner..];
                let out = &mut out[row * columns..];
                let mut put = |row: usize, values: &[f32; PANEL]| {
                    out[row * columns + start..][..count].copy_from_slice(&values[..count]);
                };
                // As many sums as there are vector registers for.
                row += if S::F32_LANES >= 16 && rows - row >= 8 {
                    block::<S, 8>(simd, inner, left, panel, &mut put)
                } else if rows - row >= 4 {
                    block::<S, 4>(simd, inner, left, panel, &mut put)
                } else {
                    block::<S, 1>(simd, inner, left, panel, &mut put)
                };
            }
        }
    }
}

/// `ROWS` rows of one panel.
#[inline(always)]
fn block<S: Simd, const ROWS: usize>(
    simd: S,
    inner: usize,
    left: &[f32],
    panel: &[f32],
    put: &mut impl FnMut(usize, &[f32; PANEL]),
) -> usize {
    let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &left[row * inner..][..inner]);
    let (vectors, _) = S::as_simd_f32s(panel);
    let per_row = PANEL / S::F32_LANES;
    let mut result = [[0.0f32; PANEL]; ROWS];
    for offset in (0..per_row).step_by(VECTORS) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        for (place, values) in vectors.chunks_exact(per_row).enumerate().take(inner) {
            let right: [S::f32s; VECTORS] = [values[offset], values[offset + 1]];
            for (sums, row) in sums.iter_mut().zip(rows) {
                let factor = simd.splat_f32s(row[place]);
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = simd.mul_add_e_f32s(factor, right, *sum);
                }
            }
        }
        for (values, sums) in result.iter_mut().zip(sums) {
            S::as_mut_simd_f32s(values).0[offset..offset + VECTORS].copy_from_slice(&sums);
        }
    }
    for (row, values) in result.iter().enumerate() {
        put(row, values);
    }
    ROWS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::randomness::Randomness;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_packed_product_is_that_of_the_definition_and_a_row_is_the_same_in_any_company(
            rows in 1usize..23, inner in 1usize..40, columns in 1usize..80, seed in 0u64..1000,
        ) {
            let mut randomness = Randomness::new(seed, 0);
            let left = randomness.normal(rows * inner, 1.0);
            let right = randomness.normal(inner * columns, 1.0);
            let mut out = vec![0.0; rows * columns];
            multiply([inner, columns], &left, &pack(&right, inner, columns), &mut out);
            for (row, found) in out.chunks(columns).enumerate() {
                for (column, found) in found.iter().enumerate() {
                    let expected: f64 = (0..inner)
                        .map(|k| f64::from(left[row * inner + k]) * f64::from(right[k * columns + column]))
                        .sum();
                    prop_assert!((f64::from(*found) - expected).abs() < 1e-4);
                }
                let mut alone = vec![0.0; columns];
                let row = &left[row * inner..][..inner];
                multiply([inner, columns], row, &pack(&right, inner, columns), &mut alone);
                prop_assert_eq!(&alone, found);
            }
            let transposed: Vec<f32> =
                (0..columns * inner).map(|place| right[place % inner * columns + place / inner]).collect();
            prop_assert_eq!(pack_transposed(&transposed, inner, columns), pack(&right, inner, columns));
        }
    }
}
