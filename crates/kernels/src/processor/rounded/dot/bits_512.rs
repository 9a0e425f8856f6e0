//! Products by vectors of 512 bits.

/// Rows of a block.
const ROWS: usize = 12;

/// A module whose `multiply` takes `$element`'s products by `$dot`.
macro_rules! by_instruction {
    ($name:ident, $element:ident, $value:ty, $weight:ty, $sum:ty, $group:literal, $features:literal,
     $load:ident, $store:ident, $dot:expr) => {
        pub(super) mod $name {
            use std::arch::x86_64::*;

            use super::ROWS;
            use crate::processor::rounded::{PANEL, Product, $element};

            /// Safety: the processor has `$features`, and `Product::fits` holds.
            #[target_feature(enable = $features)]
            pub(in super::super) unsafe fn multiply(product: &Product<'_, $element>, out: &mut [$sum]) {
                let (rows, columns, inner) = (product.rows(), product.columns(), product.inner);
                let out = out.as_mut_ptr();
                for panel in 0..columns / PANEL {
                    let mut row = 0;
                    // SAFETY: panels, rows and columns lie within the operands, whose sizes fit together.
                    unsafe {
                        let weights = product.weights.now.as_ptr().add(panel * inner * PANEL);
                        let start = product.start.as_ptr().add(panel * PANEL);
                        // The next panel, half by each of the first two blocks.
                        let next = match panel + 1 {
                            next if next < columns / PANEL => weights.add(inner * PANEL),
                            _ => product.weights.later.as_ptr(),
                        };
                        while row < rows {
                            let ahead = match row / ROWS {
                                0 => next,
                                1 => next.wrapping_add(inner * PANEL / 2),
                                _ => weights,
                            };
                            let left = product.left.as_ptr().add(row * inner);
                            let out = out.add(row * columns + panel * PANEL);
                            row += match rows - row {
                                ROWS.. => block::<ROWS>(inner, left, weights, ahead, start, out, columns),
                                8.. => block::<8>(inner, left, weights, ahead, start, out, columns),
                                4.. => block::<4>(inner, left, weights, ahead, start, out, columns),
                                _ => block::<1>(inner, left, weights, ahead, start, out, columns),
                            };
                        }
                    }
                }
            }

            /// `R` rows of one panel.
            ///
            /// Safety: `R` rows of `inner` values, a panel of `inner`, 32 starts, and 32 sums in each of `R` rows
            /// that are `columns` apart lie behind the pointers. `ahead` is only fetched.
            #[target_feature(enable = $features)]
            #[inline]
            unsafe fn block<const R: usize>(
                inner: usize,
                left: *const $value,
                panel: *const $weight,
                ahead: *const $weight,
                start: *const $sum,
                out: *mut $sum,
                columns: usize,
            ) -> usize {
                const LANES: usize = 16;
                // SAFETY: by what the caller grants.
                unsafe {
                    let starts = [$load(start.cast()), $load(start.add(LANES).cast())];
                    let mut sums = [starts; R];
                    for step in 0..inner / $group {
                        let right = panel.add(step * PANEL * $group);
                        let (first, second) = (
                            _mm512_loadu_si512(right.cast()),
                            _mm512_loadu_si512(right.add(LANES * $group).cast()),
                        );
                        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(step * PANEL * $group / 2).cast());
                        for row in 0..R {
                            let group = left.add(row * inner + step * $group).cast::<i32>();
                            let group = _mm512_set1_epi32(group.read_unaligned());
                            sums[row][0] = $dot(sums[row][0], group, first);
                            sums[row][1] = $dot(sums[row][1], group, second);
                        }
                    }
                    for row in 0..R {
                        let out = out.add(row * columns);
                        $store(out.cast(), sums[row][0]);
                        $store(out.add(LANES).cast(), sums[row][1]);
                    }
                }
                R
            }
        }
    };
}

by_instruction!(
    bytes,
    Int8,
    u8,
    i8,
    i32,
    4,
    "avx512f,avx512bw,avx512vnni",
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_dpbusd_epi32
);
by_instruction!(
    words,
    Int16,
    i16,
    i16,
    i32,
    2,
    "avx512f,avx512bw,avx512vnni",
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_dpwssd_epi32
);
by_instruction!(
    bf16,
    Bf16,
    i16,
    i16,
    f32,
    2,
    "avx512f,avx512bw,avx512bf16",
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    |sum, left: __m512i, right: __m512i| _mm512_dpbf16_ps(
        sum,
        std::mem::transmute::<__m512i, __m512bh>(left),
        std::mem::transmute::<__m512i, __m512bh>(right)
    )
);
