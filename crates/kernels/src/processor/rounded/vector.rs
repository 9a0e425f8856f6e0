//! Sixteen numbers at once, for transforms: as a vector register where the processor has such, as an array elsewhere.

use crate::processor::tiles::{LANES, Lanes};

/// Added to a number below 2²² in magnitude, this leaves the nearest integer in the lowest bits.
const NEAREST: f32 = 12_582_912.0;

/// Sixteen numbers. Every implementation gives the same bits: no step is fused.
pub(crate) trait Vector: Copy {
    /// From an array.
    fn new(lanes: &Lanes) -> Self;
    /// From integers.
    fn from_integers(integers: &[i32; LANES]) -> Self;
    /// As an array.
    fn lanes(self) -> Lanes;
    /// The sum.
    fn plus(self, other: Self) -> Self;
    /// The difference.
    fn minus(self, other: Self) -> Self;
    /// The product, number by number.
    fn times(self, other: Self) -> Self;
    /// The product with one number.
    fn scaled(self, factor: f32) -> Self;
    /// The larger numbers.
    fn larger(self, other: Self) -> Self;
    /// The nearest integers within ±`most`, plus 128.
    fn bytes(self, most: f32) -> [u8; LANES];
    /// The nearest integers within ±`most`.
    fn words(self, most: f32) -> [i16; LANES];
}

/// The integer nearest to a number within ±`most`, in the lowest bits.
#[inline(always)]
pub(super) fn nearest(value: f32, most: f32) -> u32 {
    let value = if value < most { value } else { most };
    let value = if value > -most { value } else { -most };
    (value + NEAREST).to_bits()
}

/// An array of what `operation` makes of each lane.
macro_rules! each {
    ($lane:ident => $operation:expr) => {{
        let mut result = [Default::default(); LANES];
        for ($lane, result) in result.iter_mut().enumerate() {
            *result = $operation;
        }
        result
    }};
}

impl Vector for Lanes {
    #[inline(always)]
    fn new(lanes: &Lanes) -> Self {
        *lanes
    }

    #[inline(always)]
    fn from_integers(integers: &[i32; LANES]) -> Self {
        each!(lane => integers[lane] as f32)
    }

    #[inline(always)]
    fn lanes(self) -> Lanes {
        self
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        each!(lane => self[lane] + other[lane])
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        each!(lane => self[lane] - other[lane])
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        each!(lane => self[lane] * other[lane])
    }

    #[inline(always)]
    fn scaled(self, factor: f32) -> Self {
        each!(lane => self[lane] * factor)
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        each!(lane => if self[lane] > other[lane] { self[lane] } else { other[lane] })
    }

    #[inline(always)]
    fn bytes(self, most: f32) -> [u8; LANES] {
        each!(lane => nearest(self[lane], most) as u8 ^ 128)
    }

    #[inline(always)]
    fn words(self, most: f32) -> [i16; LANES] {
        each!(lane => nearest(self[lane], most) as i16)
    }
}

/// A loop over vectors of any kind. `run` and what it calls are `#[inline(always)]`.
pub(crate) trait Pass {
    /// Runs with one kind of vectors.
    fn run<V: Vector>(self);
}
