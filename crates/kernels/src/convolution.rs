//! A frozen 3×3 convolution, its kernel transformed once.

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};

use crate::{
    differentiable::{FrozenTerms, convolve},
    feature_map::FeatureMap,
    frozen_kernel::FrozenKernel,
    kernel_layout::taps_first,
    processor::Products,
    tile_transform::TileTransform,
};

/// What a frozen convolution is used for besides its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConvolutionUse {
    /// Its input's gradient, because something below it is trained.
    pub input_gradient: bool,
    /// The kernel itself, for DoRA's norm.
    pub kernel: bool,
    /// How it multiplies on the processor.
    pub products: Products,
}

/// A 3×3, stride-1, pad-1 convolution whose kernel and bias never change.
#[derive(Module, Debug)]
pub struct FrozenConvolution {
    /// The transformed kernel `U`, `[36, C_in, C_out]`.
    pub transformed: FrozenKernel,
    /// `[C_out]`.
    pub bias: Tensor<1>,
    /// The kernel itself, `[9 · C_in, C_out]`: only DoRA's norm needs it.
    pub kernel: Option<Tensor<2>>,
}

impl FrozenConvolution {
    /// From a kernel in PyTorch's order `[C_out, C_in, 3, 3]` and a bias `[C_out]`.
    pub fn new(
        kernel: &[f32],
        bias: &[f32],
        [channels_in, channels_out]: [usize; 2],
        usage: ConvolutionUse,
        device: &Device,
    ) -> Self {
        let taps_first = taps_first(kernel, channels_in, channels_out);
        let channels = [channels_in, channels_out];
        Self {
            transformed: FrozenKernel::new(
                &taps_first,
                bias,
                channels,
                (usage.input_gradient, usage.products),
                device,
            ),
            bias: Tensor::from_data(TensorData::new(bias.to_vec(), [channels_out]), device),
            kernel: usage.kernel.then(|| {
                Tensor::from_data(TensorData::new(taps_first, [9 * channels_in, channels_out]), device)
            }),
        }
    }

    /// `x∗W + b` for a map that `tiles` was made for.
    pub fn forward(&self, map: FeatureMap, tiles: &TileTransform) -> FeatureMap {
        let images = map.batch();
        match &self.transformed {
            FrozenKernel::Packed(kernel) => {
                convolve(kernel, map, None, images, FrozenTerms::Computed { bias: true })
            }
            FrozenKernel::Plain(kernel) => {
                let products = tiles.input(map).matmul(kernel.clone());
                tiles.output(products, images).map(|values| values + self.bias_row())
            }
        }
    }

    /// The bias as `[1, 1, C_out]`.
    pub fn bias_row(&self) -> Tensor<3> {
        self.bias.clone().unsqueeze()
    }

    /// This convolution with tensors alone and an unrounded kernel `[C_out, C_in, 3, 3]`, whatever the device: to
    /// compare with.
    pub fn with_tensors(mut self, kernel: &[f32], device: &Device) -> Self {
        let [channels_in, channels_out] = self.transformed.channels();
        let taps_first = taps_first(kernel, channels_in, channels_out);
        self.transformed = FrozenKernel::plain(&taps_first, [channels_in, channels_out], device);
        self
    }

    /// This convolution with tensors alone and the kernel that `processor` has, rounded to 16 bits as there: between
    /// the two only arithmetic is left to differ. Unchanged where `processor` is not on the processor.
    pub fn with_rounded_kernel_of(mut self, processor: &Self, device: &Device) -> Self {
        if let Some(rounded) = processor.transformed.rounded(device) {
            self.transformed = rounded;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::randomness::Randomness;

    /// The convolution by its definition, on `[positions, batch, channels]`.
    fn direct(
        values: &[f32],
        kernel: &[f32],
        bias: &[f32],
        [height, width, batch, channels_in, channels_out]: [usize; 5],
    ) -> Vec<f32> {
        let mut result = vec![0.0f64; height * width * batch * channels_out];
        for y in 0..height {
            for x in 0..width {
                for image in 0..batch {
                    for output in 0..channels_out {
                        let mut sum = f64::from(bias[output]);
                        for (ky, kx) in (0..3).flat_map(|ky| (0..3).map(move |kx| (ky, kx))) {
                            let (sy, sx) = (y + ky, x + kx);
                            if sy == 0 || sx == 0 || sy > height || sx > width {
                                continue;
                            }
                            for input in 0..channels_in {
                                let place =
                                    (((sy - 1) * width + sx - 1) * batch + image) * channels_in + input;
                                let tap = ((output * channels_in + input) * 3 + ky) * 3 + kx;
                                sum += f64::from(values[place]) * f64::from(kernel[tap]);
                            }
                        }
                        result[((y * width + x) * batch + image) * channels_out + output] = sum;
                    }
                }
            }
        }
        result.into_iter().map(|value| value as f32).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_map_size_gives_the_convolution_of_the_definition(
            height in 1usize..11, width in 1usize..11, batch in 1usize..4,
            channels_in in 1usize..5, channels_out in 1usize..5, seed in 0u64..1000,
        ) {
            let mut randomness = Randomness::new(seed, 0);
            let values = randomness.normal(height * width * batch * channels_in, 1.0);
            let kernel = randomness.normal(channels_out * channels_in * 9, 1.0);
            let bias = randomness.normal(channels_out, 1.0);
            let device = Device::flex();
            let convolution = FrozenConvolution::new(&kernel, &bias, [channels_in, channels_out], ConvolutionUse::default(), &device);
            let tensor = Tensor::from_data(TensorData::new(values.clone(), [height * width, batch, channels_in]), &device);
            let map = FeatureMap::new(tensor, height, width);
            let expected = direct(&values, &kernel, &bias, [height, width, batch, channels_in, channels_out]);
            let tiles = TileTransform::new(height, width, &device);
            let exact = convolution.clone().with_tensors(&kernel, &device);
            // The processor's kernel is rounded to 16 bits, and Winograd's transform of the output adds up
            // what that makes of large terms that cancel.
            let largest = expected.iter().fold(1.0f32, |most, value| most.max(value.abs()));
            for (convolution, allowed) in [(exact, 2e-4), (convolution, 3e-3 * largest)] {
                let found: Vec<f32> =
                    convolution.forward(map.clone(), &tiles).values.into_data().try_to_vec().unwrap();
                for (found, expected) in found.iter().zip(&expected) {
                    prop_assert!((found - expected).abs() < allowed, "{found} instead of {expected}");
                }
            }
        }
    }
}
