//! Products by this processor's best instructions.

use super::{
    dot::{Dot, multiplies_bf16_fast},
    element::Element,
    product::{Product, multiply_portable},
};

/// Elements whose products the processor's instructions compute where it has such.
pub(crate) trait Multiply: Element {
    /// The product.
    fn multiply(product: &Product<'_, Self>, out: &mut [Self::Sum]);
}

impl<E: Dot> Multiply for E {
    fn multiply(product: &Product<'_, Self>, out: &mut [Self::Sum]) {
        match E::ways().into_iter().flatten().next() {
            Some(way) => way.multiply(product, out),
            None => multiply_portable(product, out),
        }
    }
}

/// Whether the processor's bfloat16 instruction is faster than its `f32` fused multiplication. On Intel's cores without
/// matrix units, one `vdpbf16ps` takes as long as four fused multiplications of half as many numbers each.
pub(crate) fn bf16_dot_is_fast() -> bool {
    multiplies_bf16_fast()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        processor::rounded::{Bf16, Int8, Int16, PANEL, Weights},
        randomness::Randomness,
    };

    /// Random operands: the product in each of the processor's ways, and last the portable one.
    fn all<E: Dot>(
        [rows, groups, panels]: [usize; 3],
        seed: u64,
        value: impl Fn(f32) -> E::Value,
    ) -> Vec<Vec<E::Sum>> {
        let mut randomness = Randomness::new(seed, 0);
        let inner = groups * E::GROUP;
        let columns = panels * PANEL;
        let left: Vec<E::Value> = randomness.uniform(rows * inner, 1.0).into_iter().map(value).collect();
        let weights = randomness.uniform(inner * columns, 127.0);
        let panels: Vec<E::Weight> = weights.into_iter().map(E::weight).collect();
        let start = vec![E::start(panels[..3].iter().copied()); columns];
        let weights = Weights { now: &panels, later: &[] };
        let product = Product::<E> { inner, left: &left, weights, start: &start };
        let mut portable = vec![E::Sum::default(); rows * columns];
        multiply_portable(&product, &mut portable);
        let ways = E::ways().into_iter().flatten();
        let mut found: Vec<Vec<E::Sum>> = ways
            .map(|way| {
                let mut found = vec![E::Sum::default(); rows * columns];
                way.multiply(&product, &mut found);
                found
            })
            .collect();
        found.push(portable);
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_instruction_and_the_portable_path_agree(
            rows in 1usize..40, groups in 1usize..20, panels in 1usize..4, seed in 0u64..1000,
        ) {
            let sizes = [rows, groups, panels];
            let bytes = all::<Int8>(sizes, seed, |value| (value * 127.0 + 128.0) as u8);
            prop_assert!(bytes.windows(2).all(|pair| pair[0] == pair[1]));
            let words = all::<Int16>(sizes, seed, |value| (value * 8191.0) as i16);
            prop_assert!(words.windows(2).all(|pair| pair[0] == pair[1]));
            for pair in all::<Bf16>(sizes, seed, Bf16::weight).windows(2) {
                for (found, portable) in pair[0].iter().zip(&pair[1]) {
                    // 40 products of at most 127, each step rounded to 24 bits.
                    prop_assert!((found - portable).abs() < 40.0 * 40.0 * 127.0 * f32::EPSILON);
                }
            }
        }
    }
}
