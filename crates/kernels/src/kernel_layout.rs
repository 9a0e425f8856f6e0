//! The order of a 3×3 kernel's values.

/// Reorders a kernel from `[C_out, C_in, 3, 3]` to `[9, C_in, C_out]`.
pub(crate) fn taps_first(kernel: &[f32], channels_in: usize, channels_out: usize) -> Vec<f32> {
    let mut reordered = vec![0.0; kernel.len()];
    for output in 0..channels_out {
        for input in 0..channels_in {
            for tap in 0..9 {
                reordered[(tap * channels_in + input) * channels_out + output] =
                    kernel[(output * channels_in + input) * 9 + tap];
            }
        }
    }
    reordered
}
