//! Products by this processor's best instructions.

use super::{
    dot,
    element::{Bf16, Element, Int8, Int16},
    product::{Product, multiply_portable},
};

/// Elements whose products the processor's instructions compute where it has such.
pub(crate) trait Multiply: Element {
    /// The product.
    fn multiply(product: &Product<'_, Self>, out: &mut [Self::Sum]);
}

impl Multiply for Int8 {
    fn multiply(product: &Product<'_, Self>, out: &mut [i32]) {
        if !dot::multiply_bytes(product, out) {
            multiply_portable(product, out);
        }
    }
}

impl Multiply for Int16 {
    fn multiply(product: &Product<'_, Self>, out: &mut [i32]) {
        if !dot::multiply_words(product, out) {
            multiply_portable(product, out);
        }
    }
}

impl Multiply for Bf16 {
    fn multiply(product: &Product<'_, Self>, out: &mut [f32]) {
        if !dot::multiply_bf16(product, out) {
            multiply_portable(product, out);
        }
    }
}

/// Whether the processor's bfloat16 instruction is faster than its `f32` fused multiplication. On Intel's cores without
/// matrix units, one `vdpbf16ps` takes as long as four fused multiplications of half as many numbers each.
pub(crate) fn bf16_dot_is_fast() -> bool {
    dot::multiplies_bf16_fast()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        processor::rounded::{PANEL, Weights},
        randomness::Randomness,
    };

    /// Random operands: the product by instructions and the portable one.
    fn both<E: Multiply>(
        [rows, groups, panels]: [usize; 3],
        seed: u64,
        value: impl Fn(f32) -> E::Value,
    ) -> [Vec<E::Sum>; 2] {
        let mut randomness = Randomness::new(seed, 0);
        let inner = groups * E::GROUP;
        let columns = panels * PANEL;
        let left: Vec<E::Value> = randomness.uniform(rows * inner, 1.0).into_iter().map(value).collect();
        let weights = randomness.uniform(inner * columns, 127.0);
        let panels: Vec<E::Weight> = weights.into_iter().map(E::weight).collect();
        let start = vec![E::start(panels[..3].iter().copied()); columns];
        let weights = Weights { now: &panels, later: &[] };
        let product = Product::<E> { inner, left: &left, weights, start: &start };
        let mut found = vec![E::Sum::default(); rows * columns];
        let mut portable = found.clone();
        E::multiply(&product, &mut found);
        multiply_portable(&product, &mut portable);
        [found, portable]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn instructions_and_the_portable_path_agree(
            rows in 1usize..40, groups in 1usize..20, panels in 1usize..4, seed in 0u64..1000,
        ) {
            let sizes = [rows, groups, panels];
            let [found, portable] = both::<Int8>(sizes, seed, |value| (value * 127.0 + 128.0) as u8);
            prop_assert_eq!(found, portable);
            let [found, portable] = both::<Int16>(sizes, seed, |value| (value * 8191.0) as i16);
            prop_assert_eq!(found, portable);
            let [found, portable] = both::<Bf16>(sizes, seed, Bf16::weight);
            for (found, portable) in found.iter().zip(&portable) {
                // 40 products of at most 127, each step rounded to 24 bits.
                prop_assert!((found - portable).abs() < 40.0 * 40.0 * 127.0 * f32::EPSILON);
            }
        }
    }
}
