//! The kinds of rounded values that products take.

use std::fmt::Debug;

use super::vector::{Vector, nearest};
use crate::processor::tiles::LANES;

/// What the bytes of `V` hold beyond its values.
const OFFSET: i32 = 128;

/// A kind of rounded values.
pub(crate) trait Element: Sized + Send + Sync + 'static {
    /// A value of the left operand.
    type Value: Copy + Default + Debug + PartialEq + Send + Sync;
    /// A value of the kernel.
    type Weight: Copy + Default + Debug + PartialEq + Send + Sync;
    /// A sum of products.
    type Sum: Copy + Default + Debug + PartialEq + Send + Sync;

    /// Values that one instruction adds to one sum.
    const GROUP: usize;
    /// The largest magnitude of a value in units of its scale; infinite where values have no scale.
    const MOST: f32;

    /// Values given in units of their scale.
    fn round<V: Vector>(values: V) -> [Self::Value; LANES];

    /// The unit of a column of the kernel.
    fn unit(column: impl Iterator<Item = f32> + Clone) -> f32;

    /// A value of the kernel given in its unit.
    fn weight(value: f32) -> Self::Weight;

    /// What the sums of a column start at.
    fn start(column: impl Iterator<Item = Self::Weight>) -> Self::Sum;

    /// Sums as numbers.
    fn numbers<V: Vector>(sums: &[Self::Sum; LANES]) -> V;

    /// `sum` and the products of a group.
    fn add(sum: Self::Sum, values: &[Self::Value], weights: &[Self::Weight]) -> Self::Sum;
}

fn magnitude(column: impl Iterator<Item = f32>) -> f32 {
    column.fold(0.0f32, |most, value| most.max(value.abs())).max(f32::MIN_POSITIVE)
}

/// 8-bit integers.
#[derive(Debug)]
pub(crate) struct Int8;

impl Element for Int8 {
    type Value = u8;
    type Weight = i8;
    type Sum = i32;

    const GROUP: usize = 4;
    const MOST: f32 = 127.0;

    #[inline(always)]
    fn round<V: Vector>(values: V) -> [u8; LANES] {
        values.bytes(Self::MOST)
    }

    fn unit(column: impl Iterator<Item = f32> + Clone) -> f32 {
        magnitude(column) / 127.0
    }

    fn weight(value: f32) -> i8 {
        nearest(value, 127.0) as i8
    }

    fn start(column: impl Iterator<Item = i8>) -> i32 {
        -OFFSET * column.map(i32::from).sum::<i32>()
    }

    #[inline(always)]
    fn numbers<V: Vector>(sums: &[i32; LANES]) -> V {
        V::from_integers(sums)
    }

    #[inline(always)]
    fn add(sum: i32, values: &[u8], weights: &[i8]) -> i32 {
        values
            .iter()
            .zip(weights)
            .fold(sum, |sum, (value, weight)| sum + i32::from(*value) * i32::from(*weight))
    }
}

/// 16-bit integers.
#[derive(Debug)]
pub(crate) struct Int16;

impl Element for Int16 {
    type Value = i16;
    type Weight = i16;
    type Sum = i32;

    const GROUP: usize = 2;
    const MOST: f32 = 8191.0;

    #[inline(always)]
    fn round<V: Vector>(values: V) -> [i16; LANES] {
        values.words(Self::MOST)
    }

    /// Such that no sum leaves 32 bits, even where every value has the largest magnitude.
    fn unit(column: impl Iterator<Item = f32> + Clone) -> f32 {
        const MOST_SUM: f32 = 2.147e9;
        let count = column.clone().count() as f32;
        let total: f32 = column.clone().map(f32::abs).sum();
        // Rounding adds at most half a unit to each magnitude.
        let bound = (MOST_SUM / Self::MOST - 0.5 * count).max(1.0);
        (magnitude(column) / 32_767.0).max(total / bound)
    }

    fn weight(value: f32) -> i16 {
        nearest(value, 32_767.0) as i16
    }

    fn start(_column: impl Iterator<Item = i16>) -> i32 {
        0
    }

    #[inline(always)]
    fn numbers<V: Vector>(sums: &[i32; LANES]) -> V {
        V::from_integers(sums)
    }

    #[inline(always)]
    fn add(sum: i32, values: &[i16], weights: &[i16]) -> i32 {
        values
            .iter()
            .zip(weights)
            .fold(sum, |sum, (value, weight)| sum + i32::from(*value) * i32::from(*weight))
    }
}

/// bfloat16, as bit patterns.
#[derive(Debug)]
pub(crate) struct Bf16;

impl Bf16 {
    /// The nearest bfloat16, ties to even.
    #[inline(always)]
    pub(crate) fn nearest(value: f32) -> f32 {
        f32::from_bits(Self::nearest_bits(value) << 16)
    }

    #[inline(always)]
    fn nearest_bits(value: f32) -> u32 {
        let bits = value.to_bits();
        bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16
    }

    #[inline(always)]
    fn number_of(bits: i16) -> f32 {
        f32::from_bits(u32::from(bits as u16) << 16)
    }
}

impl Element for Bf16 {
    type Value = i16;
    type Weight = i16;
    type Sum = f32;

    const GROUP: usize = 2;
    const MOST: f32 = f32::INFINITY;

    #[inline(always)]
    fn round<V: Vector>(values: V) -> [i16; LANES] {
        let mut rounded = [0; LANES];
        for (rounded, value) in rounded.iter_mut().zip(&values.lanes()) {
            *rounded = Self::nearest_bits(*value) as i16;
        }
        rounded
    }

    fn unit(_column: impl Iterator<Item = f32> + Clone) -> f32 {
        1.0
    }

    fn weight(value: f32) -> i16 {
        Self::nearest_bits(value) as i16
    }

    fn start(_column: impl Iterator<Item = i16>) -> f32 {
        0.0
    }

    #[inline(always)]
    fn numbers<V: Vector>(sums: &[f32; LANES]) -> V {
        V::new(sums)
    }

    #[inline(always)]
    fn add(sum: f32, values: &[i16], weights: &[i16]) -> f32 {
        let products = values.iter().zip(weights);
        products.fold(sum, |sum, (value, weight)| sum + Self::number_of(*value) * Self::number_of(*weight))
    }
}
