//! The best vectors of this processor for a pass.

use super::{vector::Pass, wide};
use crate::processor::{tiles::Lanes, vectors::vectorized};

/// Runs `pass` with the best vectors of this processor.
pub(crate) fn dispatch(pass: impl Pass) {
    if let Some(pass) = wide::dispatch(pass) {
        portably(pass);
    }
}

/// Runs `pass` with arrays.
fn portably(pass: impl Pass) {
    let mut pass = Some(pass);
    vectorized(
        #[inline(always)]
        || {
            if let Some(pass) = pass.take() {
                pass.run::<Lanes>();
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{processor::rounded::Vector, randomness::Randomness};

    /// Every operation on one pair of vectors.
    struct Every<'a>(&'a [Lanes; 2], &'a mut Vec<f64>);

    impl Pass for Every<'_> {
        #[inline(always)]
        fn run<V: Vector>(self) {
            let Self([left, right], out) = self;
            let [a, b] = [V::new(left), V::new(right)];
            let integers = left.map(|value| (value * 1e6) as i32);
            for vector in
                [a.plus(b), a.minus(b), a.times(b), a.scaled(0.3), a.larger(b), V::from_integers(&integers)]
            {
                out.extend(vector.lanes().map(f64::from));
            }
            out.extend(a.scaled(90.0).bytes(127.0).map(f64::from));
            out.extend(a.scaled(6000.0).words(8191.0).map(f64::from));
        }
    }

    #[test]
    fn vector_registers_and_arrays_give_the_same_bits() {
        let mut randomness = Randomness::new(0, 0);
        for _ in 0..50 {
            let mut draw = || -> Lanes { std::array::from_fn(|_| randomness.normal(1, 1.0)[0]) };
            let mut operands = [draw(), draw()];
            operands[0][..6].copy_from_slice(&[0.0, 0.5 / 90.0, 1.5 / 90.0, -2.5 / 90.0, 1e9, -1e9]);
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            dispatch(Every(&operands, &mut found));
            portably(Every(&operands, &mut expected));
            assert_eq!(found, expected);
        }
    }
}
