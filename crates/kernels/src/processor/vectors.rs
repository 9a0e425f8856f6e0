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
