//! The one place that calls the processor's dot-product instructions.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod bits_256;
#[cfg(target_arch = "x86_64")]
mod bits_512;
#[cfg(target_arch = "x86_64")]
mod features;

use super::{
    element::{Bf16, Element, Int8, Int16},
    product::Product,
};

/// A product by some instructions. Safety: the processor has them, and [`Product::fits`] holds.
type Multiplication<E> = unsafe fn(&Product<'_, E>, &mut [<E as Element>::Sum]);

/// A way to multiply that this processor has instructions for.
pub(super) struct Way<E: Element>(Multiplication<E>);

impl<E: Element> Way<E> {
    /// The product.
    pub(super) fn multiply(&self, product: &Product<'_, E>, out: &mut [E::Sum]) {
        assert!(product.fits(out), "operands fit together");
        // SAFETY: only `Dot::ways` makes ways, of instructions that the processor has; the operands' sizes fit together.
        unsafe { (self.0)(product, out) }
    }
}

/// Elements that instructions multiply.
pub(super) trait Dot: Element {
    /// The ways to multiply them, the fastest first; `None` for those that the processor lacks.
    fn ways() -> [Option<Way<Self>>; 3];
}

#[cfg(target_arch = "x86_64")]
impl Dot for Int8 {
    fn ways() -> [Option<Way<Self>>; 3] {
        [
            features::has_512_bit_vnni().then_some(Way(bits_512::bytes::multiply)),
            features::has_256_bit_vnni().then_some(Way(bits_256::bytes::multiply)),
            // The additions of AVX2's bytes saturate.
            None,
        ]
    }
}

#[cfg(target_arch = "x86_64")]
impl Dot for Int16 {
    fn ways() -> [Option<Way<Self>>; 3] {
        [
            features::has_512_bit_vnni().then_some(Way(bits_512::words::multiply)),
            features::has_256_bit_vnni().then_some(Way(bits_256::words::multiply)),
            features::has_avx2().then_some(Way(bits_256::words_in_two_steps::multiply)),
        ]
    }
}

#[cfg(target_arch = "x86_64")]
impl Dot for Bf16 {
    fn ways() -> [Option<Way<Self>>; 3] {
        [features::has_bf16_dot().then_some(Way(bits_512::bf16::multiply)), None, None]
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl<E: Element> Dot for E {
    fn ways() -> [Option<Way<Self>>; 3] {
        [None, None, None]
    }
}

/// Whether `vdpbf16ps` multiplies faster than `f32` fused multiplications.
pub(super) fn multiplies_bf16_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        features::has_bf16_dot() && features::is_amd()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}
