//! Memory that a stack uses again.

use crate::processor::rounded::{Bf16, Int8, Int16, Multiply};

/// Memory that one task uses again for every group of tiles.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) input: Vec<f32>,
    pub(super) products: Vec<f32>,
    pub(super) bytes: Vec<u8>,
    pub(super) words: Vec<i16>,
    /// Neighbours of an image's positions.
    pub(super) rows: Vec<i16>,
    pub(super) sums: Vec<i32>,
}

/// Elements whose values and sums a scratch holds.
pub(super) trait Scratched: Multiply {
    /// Memory for values and sums.
    fn memory(scratch: &mut Scratch) -> (&mut Vec<Self::Value>, &mut Vec<Self::Sum>);
}

impl Scratched for Int8 {
    fn memory(scratch: &mut Scratch) -> (&mut Vec<u8>, &mut Vec<i32>) {
        (&mut scratch.bytes, &mut scratch.sums)
    }
}

impl Scratched for Int16 {
    fn memory(scratch: &mut Scratch) -> (&mut Vec<i16>, &mut Vec<i32>) {
        (&mut scratch.words, &mut scratch.sums)
    }
}

impl Scratched for Bf16 {
    fn memory(scratch: &mut Scratch) -> (&mut Vec<i16>, &mut Vec<f32>) {
        (&mut scratch.words, &mut scratch.products)
    }
}
