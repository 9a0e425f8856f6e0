//! Matrix products with a matrix that never changes, laid out once in the order in which it is read.
//!
//! A general product first copies its operands into such an order. Where one of them is a frozen
//! kernel and the other has as few rows as a training batch has images, that copy takes as long as the
//! product itself.

use pulp::{Simd, WithSimd};

use super::prefetch::{in_lines, per_line, prefetch};

/// Columns of a panel: the part of the matrix that is read row by row without a gap.
pub(crate) const PANEL: usize = 32;
/// Columns of a panel of matrices of an adapter's rank.
pub(crate) const NARROW: usize = 16;

/// Lays a row-major matrix `[inner, columns]` out in panels `[columns / P, inner, P]`, the last one
/// filled up with zeros.
pub(crate) fn pack<const P: usize>(matrix: &[f32], inner: usize, columns: usize) -> Vec<f32> {
    let mut panels = vec![0.0; packed_values::<P>(inner, columns)];
    for (number, panel) in panels.chunks_exact_mut(inner * P).enumerate() {
        let start = number * P;
        let count = P.min(columns - start);
        for (row, values) in panel.chunks_exact_mut(P).enumerate() {
            values[..count].copy_from_slice(&matrix[row * columns + start..][..count]);
        }
    }
    panels
}

/// Lays the transpose of a row-major matrix `[columns, inner]` out in panels, as [`pack`] does.
pub(crate) fn pack_transposed<const P: usize>(matrix: &[f32], inner: usize, columns: usize) -> Vec<f32> {
    let mut panels = vec![0.0; packed_values::<P>(inner, columns)];
    for (column, values) in matrix.chunks_exact(inner).enumerate() {
        let panel = &mut panels[column / P * inner * P..][..inner * P];
        for (target, value) in panel.iter_mut().skip(column % P).step_by(P).zip(values) {
            *target = *value;
        }
    }
    panels
}

/// The one panel of a row-major matrix `[inner, columns]` that begins at column `start`.
pub(crate) fn pack_columns(matrix: &[f32], [inner, columns]: [usize; 2], start: usize, panel: &mut [f32]) {
    let count = PANEL.min(columns - start);
    for (values, row) in panel.chunks_exact_mut(PANEL).zip(matrix.chunks_exact(columns)).take(inner) {
        values[..count].copy_from_slice(&row[start..start + count]);
        values[count..].fill(0.0);
    }
}

/// Values of a packed matrix `[inner, columns]`.
pub(crate) fn packed_values<const P: usize>(inner: usize, columns: usize) -> usize {
    columns.div_ceil(P) * inner * P
}

/// `out = left · packed`: `[rows, inner] · [inner, columns]`, `left` and `out` row-major, on the calling
/// thread. Every value is summed up in the same order, however many rows there are.
pub(crate) fn multiply<const P: usize>(
    [inner, columns]: [usize; 2],
    left: &[f32],
    panels: &[f32],
    out: &mut [f32],
) {
    let rows = left.len() / inner;
    let left = Left { values: left, row: inner, place: 1 };
    multiply_whole::<P>([rows, inner, columns], left, panels, out, false);
}

/// `out += left · packed`, likewise.
pub(crate) fn multiply_add<const P: usize>(
    [inner, columns]: [usize; 2],
    left: &[f32],
    panels: &[f32],
    out: &mut [f32],
) {
    let rows = left.len() / inner;
    let left = Left { values: left, row: inner, place: 1 };
    multiply_whole::<P>([rows, inner, columns], left, panels, out, true);
}

/// `out = leftᵀ · right`: `[inner, rows]ᵀ · [inner, columns]`, all row-major, on the calling thread.
/// This is the gradient of a product's right side; `inner` is the batch.
pub(crate) fn multiply_transposed(
    [inner, rows, columns]: [usize; 3],
    left: &[f32],
    right: &[f32],
    out: &mut [f32],
) {
    let left = Left { values: left, row: 1, place: rows };
    if columns > NARROW {
        let panels = &pack::<PANEL>(right, inner, columns);
        multiply_whole::<PANEL>([rows, inner, columns], left, panels, out, false);
    } else {
        let panels = &pack::<NARROW>(right, inner, columns);
        multiply_whole::<NARROW>([rows, inner, columns], left, panels, out, false);
    }
}

/// [`multiply_transposed`] for some neighbouring columns of the left matrix, of which `left` starts at the first and
/// whose rows are `stride` apart; the right matrix is packed.
pub(crate) fn multiply_transposed_packed(
    [inner, rows, columns]: [usize; 3],
    left: &[f32],
    stride: usize,
    panels: &[f32],
    out: &mut [f32],
) {
    let left = Left { values: left, row: 1, place: stride };
    multiply_whole::<PANEL>([rows, inner, columns], left, panels, out, false);
}

/// A matrix by the distances between its rows and between the places of a row, one of them 1.
#[derive(Clone, Copy)]
struct Left<'a> {
    values: &'a [f32],
    row: usize,
    place: usize,
}

fn multiply_whole<const P: usize>(
    [rows, inner, columns]: [usize; 3],
    left: Left<'_>,
    panels: &[f32],
    out: &mut [f32],
    add: bool,
) {
    let (panels, room) = (&Whole(panels), &mut [][..]);
    pulp::Arch::new().dispatch(Product::<P, _> { rows, inner, columns, left, panels, room, out, add });
}

/// Panels that lie in memory as they are.
struct Whole<'a>(&'a [f32]);

/// Where a product's panels come from.
pub(crate) trait Panels {
    /// A value as it lies in memory.
    type Stored;

    /// The stored values of all panels.
    fn stored(&self) -> &[Self::Stored];

    /// Panel `number` of `values` values as numbers, written to `room` where it does not lie in memory
    /// like that.
    fn panel<'a>(&'a self, number: usize, values: usize, room: &'a mut [f32]) -> &'a [f32];
}

impl Panels for Whole<'_> {
    type Stored = f32;

    #[inline(always)]
    fn stored(&self) -> &[f32] {
        self.0
    }

    #[inline(always)]
    fn panel<'a>(&'a self, number: usize, values: usize, _room: &'a mut [f32]) -> &'a [f32] {
        &self.0[number * values..][..values]
    }
}

/// `out = left · panels`, with `room` for one panel where it has to be unpacked.
pub(crate) fn multiply_panels<const P: usize>(
    [inner, columns]: [usize; 2],
    left: &[f32],
    panels: &impl Panels,
    room: &mut [f32],
    out: &mut [f32],
) {
    let rows = left.len() / inner;
    let left = Left { values: left, row: inner, place: 1 };
    pulp::Arch::new().dispatch(Product::<P, _> { rows, inner, columns, left, panels, room, out, add: false });
}

struct Product<'a, const P: usize, F> {
    rows: usize,
    inner: usize,
    columns: usize,
    left: Left<'a>,
    panels: &'a F,
    room: &'a mut [f32],
    out: &'a mut [f32],
    add: bool,
}

impl<const P: usize, F: Panels> WithSimd for Product<'_, P, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are vector registers for.
        match (S::F32_LANES, P / S::F32_LANES) {
            (16.., 0 | 1) => self.run::<S, 8, 1>(simd),
            (16.., _) => self.run::<S, 8, 2>(simd),
            _ => self.run::<S, 4, 2>(simd),
        }
    }
}

impl<const P: usize, F: Panels> Product<'_, P, F> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, simd: S) {
        let Self { rows, inner, columns, left, panels, room, out, add } = self;
        for number in 0..columns.div_ceil(P) {
            let panel = panels.panel(number, inner * P, room);
            let start = number * P;
            let count = P.min(columns - start);
            let mut row = 0;
            // Each block of rows fetches another part of the next panel, which lies in main memory.
            let mut ahead = panels.stored().get((number + 1) * inner * P..).unwrap_or_default();
            ahead = &ahead[..ahead.len().min(inner * P)];
            while row < rows {
                let (now, later) = ahead.split_at(ahead.len().min(inner * per_line::<F::Stored>()));
                ahead = later;
                let left = Left { values: &left.values[row * left.row..], ..left };
                let out = &mut out[row * columns..];
                let mut put = |row: usize, values: &[f32; P]| {
                    let out = &mut out[row * columns + start..][..count];
                    if add {
                        for (out, value) in out.iter_mut().zip(values) {
                            *out += value;
                        }
                    } else {
                        out.copy_from_slice(&values[..count]);
                    }
                };
                row += if rows - row >= ROWS {
                    block::<S, ROWS, VECTORS, P>(simd, inner, left, panel, now, &mut put)
                } else if rows - row >= 4 {
                    block::<S, 4, VECTORS, P>(simd, inner, left, panel, now, &mut put)
                } else {
                    block::<S, 1, VECTORS, P>(simd, inner, left, panel, now, &mut put)
                };
            }
        }
    }
}

/// `ROWS` rows of one panel, `VECTORS` vectors of it at once; memory `ahead` is fetched meanwhile.
#[inline(always)]
fn block<S: Simd, const ROWS: usize, const VECTORS: usize, const P: usize>(
    simd: S,
    inner: usize,
    left: Left<'_>,
    panel: &[f32],
    ahead: &[impl Sized],
    put: &mut impl FnMut(usize, &[f32; P]),
) -> usize {
    let mut result = [[0.0f32; P]; ROWS];
    if left.place == 1 {
        let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &left.values[row * left.row..][..inner]);
        let factors = |place: usize| std::array::from_fn(|row| rows[row][place]);
        sum::<S, ROWS, VECTORS, P>(simd, inner, factors, panel, ahead, &mut result);
    } else {
        let factors = |place: usize| {
            let values = &left.values[place * left.place..][..ROWS];
            std::array::from_fn(|row| values[row])
        };
        sum::<S, ROWS, VECTORS, P>(simd, inner, factors, panel, ahead, &mut result);
    }
    for (row, values) in result.iter().enumerate() {
        put(row, values);
    }
    ROWS
}

/// `result[row] = Σ factors(place)[row] · panel[place]`.
#[inline(always)]
fn sum<S: Simd, const ROWS: usize, const VECTORS: usize, const P: usize>(
    simd: S,
    inner: usize,
    factors: impl Fn(usize) -> [f32; ROWS],
    panel: &[f32],
    ahead: &[impl Sized],
    result: &mut [[f32; P]; ROWS],
) {
    let (vectors, _) = S::as_simd_f32s(panel);
    let per_row = P / S::F32_LANES;
    for offset in (0..per_row).step_by(VECTORS) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut lines = in_lines(ahead);
        for (place, values) in vectors.chunks_exact(per_row).enumerate().take(inner) {
            if let Some(line) = lines.next() {
                prefetch(line);
            }
            let right: [S::f32s; VECTORS] = std::array::from_fn(|vector| values[offset + vector]);
            for (sums, factor) in sums.iter_mut().zip(factors(place)) {
                let factor = simd.splat_f32s(factor);
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = simd.mul_add_e_f32s(factor, right, *sum);
                }
            }
        }
        for (values, sums) in result.iter_mut().zip(sums) {
            S::as_mut_simd_f32s(values).0[offset..offset + VECTORS].copy_from_slice(&sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::randomness::Randomness;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_packed_product_is_that_of_the_definition_and_a_row_is_the_same_among_any_others(
            rows in 1usize..23, inner in 1usize..40, columns in 1usize..80, seed in 0u64..1000,
        ) {
            let mut randomness = Randomness::new(seed, 0);
            let left = randomness.normal(rows * inner, 1.0);
            let right = randomness.normal(inner * columns, 1.0);
            let mut out = vec![0.0; rows * columns];
            multiply::<PANEL>([inner, columns], &left, &pack::<PANEL>(&right, inner, columns), &mut out);
            for (row, found) in out.chunks(columns).enumerate() {
                for (column, found) in found.iter().enumerate() {
                    let expected: f64 = (0..inner)
                        .map(|k| f64::from(left[row * inner + k]) * f64::from(right[k * columns + column]))
                        .sum();
                    prop_assert!((f64::from(*found) - expected).abs() < 1e-4);
                }
                let mut alone = vec![0.0; columns];
                let row = &left[row * inner..][..inner];
                multiply::<PANEL>([inner, columns], row, &pack::<PANEL>(&right, inner, columns), &mut alone);
                prop_assert_eq!(&alone, found);
            }
            let transposed: Vec<f32> =
                (0..columns * inner).map(|place| right[place % inner * columns + place / inner]).collect();
            let packed = pack::<NARROW>(&right, inner, columns);
            prop_assert_eq!(&pack_transposed::<NARROW>(&transposed, inner, columns), &packed);

            let mut narrow = vec![0.5; rows * columns];
            multiply_add::<NARROW>([inner, columns], &left, &packed, &mut narrow);
            let mut from_transposed = vec![0.0; rows * columns];
            let turned: Vec<f32> =
                (0..inner * rows).map(|place| left[place % rows * inner + place / rows]).collect();
            multiply_transposed([inner, rows, columns], &turned, &right, &mut from_transposed);
            for ((narrow, transposed), expected) in narrow.iter().zip(&from_transposed).zip(&out) {
                prop_assert!((narrow - 0.5 - expected).abs() < 1e-4);
                prop_assert!((transposed - expected).abs() < 1e-4);
            }
        }
    }
}
