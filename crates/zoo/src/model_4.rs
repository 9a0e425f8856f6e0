//! model_4, classical fine-tuning: two trainable 2×2 convolutions on the frozen block3_pool.

use burn::{
    module::{Module, Param},
    nn::BatchNorm,
    tensor::{Device, Tensor, TensorData, activation::leaky_relu, s},
};

use crate::{
    config::HeadConfig,
    feature_map::FeatureMap,
    head::{Head, LEAK, batch_norm},
    randomness::Randomness,
};

/// Output channels of both trainable convolutions.
const CHANNELS: usize = 512;

/// A trainable 2×2 convolution with Keras' "same" padding, which for an even kernel pads at the
/// bottom and at the right only. One matrix product over the four shifted maps side by side.
#[derive(Module, Debug)]
pub struct SameConvolution2x2 {
    /// `[4 · C_in, C_out]`, taps row by row.
    pub weight: Param<Tensor<2>>,
    /// `[C_out]`.
    pub bias: Param<Tensor<1>>,
}

impl SameConvolution2x2 {
    /// Glorot-uniform weights and zero biases, Keras' defaults.
    pub fn new(
        channels_in: usize,
        channels_out: usize,
        randomness: &mut Randomness,
        device: &Device,
    ) -> Self {
        let values = randomness.glorot(4 * channels_in * channels_out, 4 * channels_in, 4 * channels_out);
        let weight = TensorData::new(values, [4 * channels_in, channels_out]);
        Self {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            bias: Param::from_tensor(Tensor::zeros([channels_out], device)),
        }
    }

    /// `[height · width, batch, C_in]` → `[height · width, batch, C_out]`.
    pub fn forward(&self, map: FeatureMap) -> FeatureMap {
        let (batch, channels_in) = (map.batch(), map.channels());
        let (height, width) = (map.height, map.width);
        let padded = map
            .values
            .reshape([height, width, batch, channels_in])
            .pad([(0, 1), (0, 1), (0, 0), (0, 0)], 0.0);
        let shifted = [(0, 0), (0, 1), (1, 0), (1, 1)]
            .map(|(down, right)| padded.clone().slice(s![down..down + height, right..right + width]));
        let rows = Tensor::cat(shifted.into(), 3).reshape([height * width * batch, 4 * channels_in]);
        let channels_out = self.weight.dims()[1];
        let products = rows.matmul(self.weight.val()) + self.bias.val().reshape([1, channels_out]);
        FeatureMap::new(products.reshape([height * width, batch, channels_out]), height, width)
    }
}

/// The trained part of model_4.
#[derive(Module, Debug)]
pub struct Model4 {
    /// On block3_pool.
    pub convolution_1: SameConvolution2x2,
    /// On the pooled output of the first.
    pub convolution_2: SameConvolution2x2,
    /// After the second convolution; the first has none.
    pub norm: BatchNorm,
    /// The classifier.
    pub head: Head,
}

impl Model4 {
    /// Features that enter the head, for maps of `[height, width, channels]` at block3_pool.
    pub(crate) fn features([height, width, _]: [usize; 3]) -> usize {
        (height / 4) * (width / 4) * CHANNELS
    }

    /// Trained parameters below the head: both convolutions and the batch norm.
    pub(crate) fn convolution_parameters([_, _, channels]: [usize; 3]) -> usize {
        (4 * channels + 1) * CHANNELS + (4 * CHANNELS + 1) * CHANNELS + 2 * CHANNELS
    }

    /// For features `[height, width, channels]` at block3_pool.
    pub fn new(shape: [usize; 3], head: HeadConfig, randomness: &mut Randomness, device: &Device) -> Self {
        let features = Self::features(shape);
        Self {
            convolution_1: SameConvolution2x2::new(shape[2], CHANNELS, randomness, device),
            convolution_2: SameConvolution2x2::new(CHANNELS, CHANNELS, randomness, device),
            norm: batch_norm(CHANNELS, head, device),
            head: Head::new(features, head, randomness, device),
        }
    }

    /// Class scores `[batch, 2]` before softmax.
    pub fn forward(&self, features: FeatureMap, randomness: Option<&mut Randomness>) -> Tensor<2> {
        let map = self.convolution_1.forward(features).max_pool().map(|values| leaky_relu(values, LEAK));
        let map = self.convolution_2.forward(map).max_pool().map(|values| {
            let [positions, batch, channels] = values.dims();
            let normed = self.norm.forward(values.reshape([positions * batch, channels]));
            leaky_relu(normed, LEAK).reshape([positions, batch, channels])
        });
        self.head.forward(map.flatten(), randomness)
    }
}
