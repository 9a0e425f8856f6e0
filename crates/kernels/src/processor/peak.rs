//! How many operations per second this processor can do.

use std::time::Instant;

use rayon::prelude::*;

use super::{
    packed,
    rounded::{Bf16, Int8, Int16, Multiply, PANEL, Product, Weights, bf16_dot_is_fast},
};
use crate::precision::Precision;

/// Rows, columns and summed values of a large product.
const SIDE: usize = 512;

/// Floating-point operations per second of large packed products on all cores, the best of a few: what
/// this processor can do right now.
pub fn product_peak() -> f64 {
    let left = vec![1.0f32; SIDE * SIDE];
    let panels = packed::pack::<{ packed::PANEL }>(&left, SIDE, SIDE);
    best(|out| packed::multiply::<{ packed::PANEL }>([SIDE, SIDE], &left, &panels, out))
}

/// [`product_peak`] of the products of a precision.
pub fn product_peak_at(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => product_peak(),
        Precision::Bf16 if bf16_dot_is_fast() => rounded_peak::<Bf16>(),
        Precision::Bf16 => product_peak(),
        Precision::Int16 => rounded_peak::<Int16>(),
        Precision::Int8 => rounded_peak::<Int8>(),
    }
}

fn rounded_peak<E: Multiply>() -> f64 {
    // Rows in whole blocks, few enough to stay in the core's own cache.
    const { assert!(SIDE.is_multiple_of(PANEL)) };
    let left = vec![E::Value::default(); SIDE * SIDE];
    let panels = vec![E::Weight::default(); SIDE * SIDE];
    let start = vec![E::Sum::default(); SIDE];
    let weights = Weights::<E> { now: &panels, later: &[] };
    best(|out| {
        E::multiply(&Product { inner: SIDE, left: &left, weights, start: &start }, out);
    })
}

/// Operations per second of square products on all cores, the best of a few.
fn best<S: Copy + Default + Send>(multiply: impl Fn(&mut [S]) + Sync) -> f64 {
    let count = 4 * rayon::current_num_threads();
    let mut out = vec![S::default(); count * SIDE * SIDE];
    let operations = (2 * count * SIDE * SIDE * SIDE) as f64;
    let mut run = || {
        let started = Instant::now();
        out.par_chunks_exact_mut(SIDE * SIDE).for_each(&multiply);
        operations / started.elapsed().as_secs_f64()
    };
    (0..8).map(|_| run()).fold(0.0, f64::max)
}
