//! How many floating-point operations per second this processor can do.

use std::time::Instant;

use rayon::prelude::*;

use super::packed;

/// Floating-point operations per second of large packed products on all cores, the best of a few: what
/// this processor can do right now.
pub fn product_peak() -> f64 {
    const SIDE: usize = 512;
    let count = 4 * rayon::current_num_threads();
    let left = vec![1.0f32; SIDE * SIDE];
    let panels = packed::pack::<{ packed::PANEL }>(&left, SIDE, SIDE);
    let mut out = vec![0.0f32; count * SIDE * SIDE];
    let operations = (2 * count * SIDE * SIDE * SIDE) as f64;
    let run = |out: &mut Vec<f32>| {
        let started = Instant::now();
        out.par_chunks_exact_mut(SIDE * SIDE)
            .for_each(|out| packed::multiply::<{ packed::PANEL }>([SIDE, SIDE], &left, &panels, out));
        operations / started.elapsed().as_secs_f64()
    };
    (0..8).map(|_| run(&mut out)).fold(0.0, f64::max)
}
