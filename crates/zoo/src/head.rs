//! The classifier on top of both models: two hidden layers with batch norm, LeakyReLU and dropout.

use burn::{
    module::{Module, Param},
    nn::{BatchNorm, BatchNormConfig, Linear},
    tensor::{Device, Tensor, TensorData, activation::leaky_relu},
};
use ranklab_kernels::Randomness;

/// The choices of the classifier on top of both models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadConfig {
    /// Dropout after each hidden layer, 0 to 1 (exclusive).
    pub dropout: f64,
    /// How much of batch norm's running statistics a step keeps, in Keras' convention: 0.99 by
    /// default there, 0.01 in PyTorch's.
    pub batch_norm_momentum: f64,
}

impl Default for HeadConfig {
    fn default() -> Self {
        Self { dropout: 0.5, batch_norm_momentum: 0.99 }
    }
}

/// Slope of every LeakyReLU of the posts.
pub(crate) const LEAK: f64 = 0.1;
/// Keras' default epsilon of batch norm.
pub(crate) const EPSILON: f64 = 1e-3;

/// Batch norm with Keras' epsilon over `[rows, features]`.
pub(crate) fn batch_norm(features: usize, config: HeadConfig, device: &Device) -> BatchNorm {
    // burn and PyTorch name the other share momentum.
    let momentum = 1.0 - config.batch_norm_momentum;
    BatchNormConfig::new(features).with_epsilon(EPSILON).with_momentum(momentum).init(device)
}

/// A dense layer with Keras' defaults: glorot-uniform weights, zero biases.
fn dense(inputs: usize, outputs: usize, randomness: &mut Randomness, device: &Device) -> Linear {
    let weight = TensorData::new(randomness.glorot(inputs * outputs, inputs, outputs), [inputs, outputs]);
    Linear {
        weight: Param::from_tensor(Tensor::from_data(weight, device)),
        bias: Some(Param::from_tensor(Tensor::zeros([outputs], device))),
    }
}

/// The layer's output, by this processor's kernels where it is on the processor.
fn forward(layer: &Linear, input: Tensor<2>) -> Tensor<2> {
    match &layer.bias {
        Some(bias) => ranklab_kernels::dense(input, layer.weight.val(), bias.val()),
        None => layer.forward(input),
    }
}

/// Dense → BatchNorm → LeakyReLU → Dropout, twice, then Dense: features to class scores.
#[derive(Module, Debug)]
pub struct Head {
    /// Features to the first hidden layer.
    pub dense_1: Linear,
    /// Over the first hidden layer.
    pub norm_1: BatchNorm,
    /// First to second hidden layer.
    pub dense_2: Linear,
    /// Over the second hidden layer.
    pub norm_2: BatchNorm,
    /// Second hidden layer to class scores.
    pub output: Linear,
    dropout: f64,
}

/// Widths of the published head: two hidden layers and two classes.
pub(crate) const WIDTHS: [usize; 3] = [512, 256, 2];

impl Head {
    /// Trained parameters of the published head on so many features: weights, biases and both batch
    /// norms' scales and shifts.
    pub(crate) fn parameters(features: usize) -> usize {
        let [first, second, classes] = WIDTHS;
        (features + 3) * first + (first + 3) * second + (second + 1) * classes
    }

    /// The published head: hidden layers of 512 and 256, two classes.
    pub fn new(features: usize, config: HeadConfig, randomness: &mut Randomness, device: &Device) -> Self {
        Self::with_widths(features, WIDTHS, config, randomness, device)
    }

    /// A head with other widths of the two hidden layers and the output.
    pub fn with_widths(
        features: usize,
        [first, second, classes]: [usize; 3],
        config: HeadConfig,
        randomness: &mut Randomness,
        device: &Device,
    ) -> Self {
        Self {
            dense_1: dense(features, first, randomness, device),
            norm_1: batch_norm(first, config, device),
            dense_2: dense(first, second, randomness, device),
            norm_2: batch_norm(second, config, device),
            output: dense(second, classes, randomness, device),
            dropout: config.dropout,
        }
    }

    /// Class scores before softmax: `[batch, features]` → `[batch, classes]`. `randomness` is given
    /// while training and drives dropout.
    pub fn forward(&self, features: Tensor<2>, mut randomness: Option<&mut Randomness>) -> Tensor<2> {
        let hidden = leaky_relu(self.norm_1.forward(forward(&self.dense_1, features)), LEAK);
        let hidden = self.drop(hidden, randomness.as_deref_mut());
        let hidden = leaky_relu(self.norm_2.forward(forward(&self.dense_2, hidden)), LEAK);
        let hidden = self.drop(hidden, randomness);
        forward(&self.output, hidden)
    }

    fn drop(&self, hidden: Tensor<2>, randomness: Option<&mut Randomness>) -> Tensor<2> {
        match randomness {
            Some(randomness) if self.dropout > 0.0 => {
                let mask = randomness.dropout_mask(hidden.dims(), self.dropout, &hidden.device());
                hidden * mask
            }
            _ => hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_dense_layer_on_the_processor_and_its_gradients_are_those_of_the_tensors(
            rows in 1usize..70, inputs in 1usize..150, outputs in 1usize..70, seed in 0u64..1000,
        ) {
            let device = Device::flex().autodiff();
            let mut randomness = Randomness::new(seed, 0);
            let mut layer = dense(inputs, outputs, &mut randomness, &device);
            let bias = TensorData::new(randomness.normal(outputs, 1.0), [outputs]);
            layer.bias = Some(Param::from_tensor(Tensor::from_data(bias, &device)));
            let x = randomness.normal(rows * inputs, 1.0);
            let towards = randomness.normal(rows * outputs, 1.0);
            let run = |forward: &dyn Fn(Tensor<2>) -> Tensor<2>| {
                let x = Tensor::<2>::from_data(TensorData::new(x.clone(), [rows, inputs]), &device).require_grad();
                let y = forward(x.clone());
                let towards = Tensor::from_data(TensorData::new(towards.clone(), [rows, outputs]), &device);
                let gradients = (y.clone() * towards).sum().backward();
                let bias = layer.bias.as_ref().unwrap().val().grad(&gradients).unwrap();
                [
                    y.into_data(),
                    x.grad(&gradients).unwrap().into_data(),
                    layer.weight.val().grad(&gradients).unwrap().into_data(),
                    bias.into_data(),
                ]
                .map(|data| data.try_to_vec::<f32>().unwrap())
            };
            let found = run(&|x| forward(&layer, x));
            let expected = run(&|x| layer.forward(x));
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((found - expected).abs() < 1e-3, "{found} instead of {expected}");
            }
        }
    }
}
