//! Integer products by vectors of 256 bits.

/// Rows of a block: eight registers of sums, four of the panel and two of the rows.
const ROWS: usize = 2;

/// A module whose `multiply` takes `$element`'s products by `$dot`.
macro_rules! by_instruction {
    ($name:ident, $element:ident, $value:ty, $weight:ty, $group:literal, $features:literal, $dot:expr) => {
        pub(super) mod $name {
            use std::arch::x86_64::*;

            use super::ROWS;
            use crate::processor::rounded::{PANEL, Product, $element};

            /// Sums of a vector.
            const LANES: usize = 8;
            /// Vectors of a panel's row.
            const VECTORS: usize = PANEL / LANES;

            /// Safety: the processor has `$features`, and `Product::fits` holds.
            #[target_feature(enable = $features)]
            pub(in super::super) unsafe fn multiply(product: &Product<'_, $element>, out: &mut [i32]) {
                let (rows, columns, inner) = (product.rows(), product.columns(), product.inner);
                let out = out.as_mut_ptr();
                for panel in 0..columns / PANEL {
                    let mut row = 0;
                    // SAFETY: panels, rows and columns lie within the operands, whose sizes fit together.
                    unsafe {
                        let weights = product.weights.now.as_ptr().add(panel * inner * PANEL);
                        let start = product.start.as_ptr().add(panel * PANEL);
                        while row < rows {
                            let left = product.left.as_ptr().add(row * inner);
                            let out = out.add(row * columns + panel * PANEL);
                            row += match rows - row {
                                ROWS.. => block::<ROWS>(inner, left, weights, start, out, columns),
                                _ => block::<1>(inner, left, weights, start, out, columns),
                            };
                        }
                    }
                }
            }

            /// `R` rows of one panel.
            ///
            /// Safety: `R` rows of `inner` values, a panel of `inner`, 32 starts, and 32 sums in each of `R` rows
            /// that are `columns` apart lie behind the pointers.
            #[target_feature(enable = $features)]
            #[inline]
            unsafe fn block<const R: usize>(
                inner: usize,
                left: *const $value,
                panel: *const $weight,
                start: *const i32,
                out: *mut i32,
                columns: usize,
            ) -> usize {
                // SAFETY: by what the caller grants.
                unsafe {
                    let mut sums = [[_mm256_setzero_si256(); VECTORS]; R];
                    for sums in &mut sums {
                        for (vector, sum) in sums.iter_mut().enumerate() {
                            *sum = _mm256_loadu_si256(start.add(vector * LANES).cast());
                        }
                    }
                    for step in 0..inner / $group {
                        let right = panel.add(step * PANEL * $group);
                        let mut weights = [_mm256_setzero_si256(); VECTORS];
                        for (vector, weights) in weights.iter_mut().enumerate() {
                            *weights = _mm256_loadu_si256(right.add(vector * LANES * $group).cast());
                        }
                        for (row, sums) in sums.iter_mut().enumerate() {
                            let group = left.add(row * inner + step * $group).cast::<i32>();
                            let group = _mm256_set1_epi32(group.read_unaligned());
                            for (sum, weights) in sums.iter_mut().zip(weights) {
                                *sum = $dot(*sum, group, weights);
                            }
                        }
                    }
                    for (row, sums) in sums.into_iter().enumerate() {
                        for (vector, sum) in sums.into_iter().enumerate() {
                            _mm256_storeu_si256(out.add(row * columns + vector * LANES).cast(), sum);
                        }
                    }
                }
                R
            }
        }
    };
}

by_instruction!(bytes, Int8, u8, i8, 4, "avx2,avxvnni", _mm256_dpbusd_avx_epi32);
by_instruction!(words, Int16, i16, i16, 2, "avx2,avxvnni", _mm256_dpwssd_avx_epi32);
by_instruction!(
    words_in_two_steps,
    Int16,
    i16,
    i16,
    2,
    "avx2",
    // Two products of at most 8,191 by 32,767 fit into 32 bits.
    |sum, left, right| _mm256_add_epi32(sum, _mm256_madd_epi16(left, right))
);
