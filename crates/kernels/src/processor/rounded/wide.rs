//! Vectors of 512 bits: the one place that calls the processor's instructions for them.
#![allow(unsafe_code)]

use super::vector::Pass;

/// Runs `pass` with vector registers; gives it back where the processor has none of 512 bits.
#[cfg(target_arch = "x86_64")]
pub(super) fn dispatch<P: Pass>(pass: P) -> Option<P> {
    if !x86::has_wide_vectors() {
        return Some(pass);
    }
    // SAFETY: the processor has the instructions.
    unsafe { x86::run(pass) };
    None
}

/// Gives `pass` back: there are no such vectors.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn dispatch<P: Pass>(pass: P) -> Option<P> {
    Some(pass)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::{is_x86_feature_detected, x86_64::*};

    use super::super::vector::{Pass, Vector};
    use crate::processor::tiles::{LANES, Lanes};

    pub(super) fn has_wide_vectors() -> bool {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
    }

    /// Safety: the processor has these instructions.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) unsafe fn run<P: Pass>(pass: P) {
        pass.run::<Wide>();
    }

    /// A vector register. Only [`run`] gives this type to a pass, so that the processor has every instruction used here.
    #[derive(Clone, Copy)]
    struct Wide(__m512);

    // SAFETY of every block: the processor has the instruction, since `run` was called; loads and stores go through
    // references to whole arrays.
    impl Vector for Wide {
        #[inline(always)]
        fn new(lanes: &Lanes) -> Self {
            unsafe { Self(_mm512_loadu_ps(lanes.as_ptr())) }
        }

        #[inline(always)]
        fn from_integers(integers: &[i32; LANES]) -> Self {
            unsafe { Self(_mm512_cvtepi32_ps(_mm512_loadu_si512(integers.as_ptr().cast()))) }
        }

        #[inline(always)]
        fn lanes(self) -> Lanes {
            let mut lanes = [0.0; LANES];
            unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), self.0) };
            lanes
        }

        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            unsafe { Self(_mm512_add_ps(self.0, other.0)) }
        }

        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
        }

        #[inline(always)]
        fn times(self, other: Self) -> Self {
            unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
        }

        #[inline(always)]
        fn scaled(self, factor: f32) -> Self {
            unsafe { Self(_mm512_mul_ps(self.0, _mm512_set1_ps(factor))) }
        }

        #[inline(always)]
        fn larger(self, other: Self) -> Self {
            unsafe { Self(_mm512_max_ps(self.0, other.0)) }
        }

        #[inline(always)]
        fn bytes(self, most: f32) -> [u8; LANES] {
            let mut bytes = [0; LANES];
            unsafe {
                let rounded = _mm512_cvtepi32_epi8(self.integers(most));
                let moved = _mm_xor_si128(rounded, _mm_set1_epi8(-128));
                _mm_storeu_si128(bytes.as_mut_ptr().cast(), moved);
            }
            bytes
        }

        #[inline(always)]
        fn words(self, most: f32) -> [i16; LANES] {
            let mut words = [0; LANES];
            unsafe {
                _mm256_storeu_si256(words.as_mut_ptr().cast(), _mm512_cvtepi32_epi16(self.integers(most)));
            }
            words
        }
    }

    impl Wide {
        /// The nearest integers within ±`most`, ties to even.
        #[inline(always)]
        fn integers(self, most: f32) -> __m512i {
            // SAFETY: as for the other operations.
            unsafe {
                let below = _mm512_min_ps(self.0, _mm512_set1_ps(most));
                _mm512_cvtps_epi32(_mm512_max_ps(below, _mm512_set1_ps(-most)))
            }
        }
    }
}
