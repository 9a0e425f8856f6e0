//! The 2×2 convolution with Keras' "same" padding on any device. For an even kernel that padding is at the bottom and
//! at the right only.

use burn::tensor::{Tensor, s};

use crate::{device::on_processor, differentiable, feature_map::FeatureMap};

/// The convolution of `map` with `weight` `[4 · C_in, C_out]`, taps row by row, and `bias` `[C_out]`: one matrix
/// product over the four shifted maps side by side.
pub fn convolve_same(map: FeatureMap, weight: Tensor<2>, bias: Tensor<1>) -> FeatureMap {
    let (batch, channels_in) = (map.batch(), map.channels());
    let (height, width) = (map.height, map.width);
    let padded =
        map.values.reshape([height, width, batch, channels_in]).pad([(0, 1), (0, 1), (0, 0), (0, 0)], 0.0);
    let shifted = [(0, 0), (0, 1), (1, 0), (1, 1)]
        .map(|(down, right)| padded.clone().slice(s![down..down + height, right..right + width]));
    let rows = Tensor::cat(shifted.into(), 3).reshape([height * width * batch, 4 * channels_in]);
    let channels_out = weight.dims()[1];
    let products = rows.matmul(weight) + bias.reshape([1, channels_out]);
    FeatureMap::new(products.reshape([height * width, batch, channels_out]), height, width)
}

/// [`convolve_same`] followed by 2×2 max pooling: one operation on the processor.
pub fn convolve_same_and_pool(map: FeatureMap, weight: Tensor<2>, bias: Tensor<1>) -> FeatureMap {
    if on_processor(&map.values.device()) {
        differentiable::convolve_and_pool(map, weight, bias)
    } else {
        convolve_same(map, weight, bias).max_pool()
    }
}
