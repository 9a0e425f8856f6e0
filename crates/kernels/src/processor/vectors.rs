//! Loops that the compiler turns into the widest vector instructions of this processor.

use pulp::{Simd, WithSimd};

/// Runs `pass`, compiled for this processor's vector instructions; `pass` is `#[inline(always)]`, as is
/// everything it calls.
///
/// pulp takes closures as well, but calls them through a function that need not be inlined and then keeps
/// to the instructions that every processor has.
pub(crate) fn vectorized(pass: impl FnMut()) {
    pulp::Arch::new().dispatch(Pass(pass));
}

struct Pass<F>(F);

impl<F: FnMut()> WithSimd for Pass<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _simd: S) {
        (self.0)();
    }
}

/// Bits of the vectors that this processor's operations use: 512 with AVX-512, 256 with AVX2 and FMA, 128 with NEON, 32
/// where they use none.
pub fn vector_bits() -> usize {
    struct Bits;

    impl WithSimd for Bits {
        type Output = usize;

        fn with_simd<S: Simd>(self, _simd: S) -> usize {
            8 * size_of::<S::f32s>()
        }
    }

    pulp::Arch::new().dispatch(Bits)
}
