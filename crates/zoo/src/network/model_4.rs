//! model_4, classical fine-tuning: two trainable 2×2 convolutions on the frozen block3_pool.

use burn::{
    module::{Module, Param},
    nn::BatchNorm,
    tensor::{Device, Tensor, TensorData, activation::leaky_relu},
};
use ranklab_kernels::{FeatureMap, Randomness, convolve_same, convolve_same_and_pool};

use crate::{
    head::HeadConfig,
    head::{Head, LEAK, batch_norm},
};

/// Output channels of both trainable convolutions.
const CHANNELS: usize = 512;

/// A trainable 2×2 convolution with Keras' "same" padding, which for an even kernel pads at the
/// bottom and at the right only.
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
        convolve_same(map, self.weight.val(), self.bias.val())
    }

    /// [`SameConvolution2x2::forward`] followed by 2×2 max pooling, in one pass on the processor.
    pub fn forward_pooled(&self, map: FeatureMap) -> FeatureMap {
        convolve_same_and_pool(map, self.weight.val(), self.bias.val())
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
        self.classify(self.convolution_2.forward_pooled(self.between(features)), randomness)
    }

    /// The second convolution's map before its pooling.
    pub(crate) fn last_map(&self, features: FeatureMap) -> FeatureMap {
        self.convolution_2.forward(self.between(features))
    }

    /// Class scores from [`Model4::last_map`].
    pub(crate) fn scores_of(&self, map: FeatureMap) -> Tensor<2> {
        self.classify(map.max_pool(), None)
    }

    /// What the second convolution sees.
    fn between(&self, features: FeatureMap) -> FeatureMap {
        self.convolution_1.forward_pooled(features).map(|values| leaky_relu(values, LEAK))
    }

    fn classify(&self, pooled: FeatureMap, randomness: Option<&mut Randomness>) -> Tensor<2> {
        let map = pooled.map(|values| {
            let [positions, batch, channels] = values.dims();
            let normed = self.norm.forward(values.reshape([positions * batch, channels]));
            leaky_relu(normed, LEAK).reshape([positions, batch, channels])
        });
        self.head.forward(map.flatten(), randomness)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn assert_close(what: &str, found: &[f32], expected: &[f32]) -> Result<(), TestCaseError> {
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!((found - expected).abs() < 1e-4, "{what}: {found} instead of {expected}");
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_processors_operation_and_its_gradients_are_those_of_the_tensors(
            height in 2usize..9, width in 2usize..9, images in 1usize..5,
            channels_in in 1usize..20, channels_out in 1usize..40, seed in 0u64..1000,
        ) {
            let device = Device::flex().autodiff();
            let mut randomness = Randomness::new(seed, 0);
            let mut convolution = SameConvolution2x2::new(channels_in, channels_out, &mut randomness, &device);
            let bias = TensorData::new(randomness.normal(channels_out, 1.0), [channels_out]);
            convolution.bias = Param::from_tensor(Tensor::from_data(bias, &device));
            let shape = [height * width, images, channels_in];
            let x = randomness.normal(shape.iter().product(), 1.0);
            let towards = randomness.normal((height / 2) * (width / 2) * images * channels_out, 1.0);
            let run = |pooled: &dyn Fn(FeatureMap) -> FeatureMap| {
                let x = Tensor::<3>::from_data(TensorData::new(x.clone(), shape), &device).require_grad();
                let y = pooled(FeatureMap::new(x.clone(), height, width)).values;
                let towards = Tensor::from_data(TensorData::new(towards.clone(), y.dims()), &device);
                let gradients = (y.clone() * towards).sum().backward();
                [
                    read(y),
                    read(x.grad(&gradients).unwrap()),
                    read(convolution.weight.val().grad(&gradients).unwrap()),
                    read(convolution.bias.val().grad(&gradients).unwrap()),
                ]
            };
            let found = run(&|map| convolution.forward_pooled(map));
            let expected = run(&|map| convolution.forward(map).max_pool());
            for (what, (found, expected)) in ["y", "x", "weight", "bias"].iter().zip(found.iter().zip(&expected)) {
                assert_close(what, found, expected)?;
            }
        }
    }
}
