//! Our layouts of weights and PyTorch's. Ours begin with positions or taps, then inputs, then outputs; PyTorch's begin
//! with outputs. Hence reversing the axes turns every tensor of ours into one of PyTorch's, and back.

use burn::tensor::Tensor;

/// Values in the colours' order of the input of VGG16's first kernel: taps of one colour.
const TAPS: usize = 9;
/// Colours.
const COLOURS: usize = 3;

/// The values of a tensor, row-major.
pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().iter::<f32>().collect()
}

/// Values `[a, b, c]`, row-major, as `[c, b, a]`.
pub(super) fn reverse_axes(values: &[f32], [a, b, c]: [usize; 3]) -> Vec<f32> {
    let mut reversed = Vec::with_capacity(values.len());
    for third in 0..c {
        for second in 0..b {
            reversed.extend((0..a).map(|first| values[(first * b + second) * c + third]));
        }
    }
    reversed
}

/// Reverses the three input channels of kernels `[outputs, 3, 3, 3]`: RGB for BGR, and back.
pub(super) fn swap_colours(kernels: &mut [f32]) {
    for kernel in kernels.chunks_exact_mut(COLOURS * TAPS) {
        let (first, rest) = kernel.split_at_mut((COLOURS - 1) * TAPS);
        first[..TAPS].swap_with_slice(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_reversed_twice_are_as_before() {
        let values: Vec<f32> = (0..24).map(|value| value as f32).collect();
        let reversed = reverse_axes(&values, [2, 3, 4]);
        // [a, b, c] = [1, 2, 3] lies at [3, 2, 1].
        assert_eq!(reversed[(3 * 3 + 2) * 2 + 1], values[(3 + 2) * 4 + 3]);
        assert_eq!(reverse_axes(&reversed, [4, 3, 2]), values);
    }

    #[test]
    fn red_and_blue_change_places_in_every_kernel() {
        let mut kernels: Vec<f32> = (0..54).map(|value| value as f32).collect();
        swap_colours(&mut kernels);
        assert_eq!((kernels[0], kernels[9], kernels[18]), (18.0, 9.0, 0.0));
        assert_eq!((kernels[27], kernels[36], kernels[53]), (45.0, 36.0, 35.0));
    }
}
