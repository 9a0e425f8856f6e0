//! The frozen trunk up to a cut on the processor, forward only: faster there than [`crate::Trunk`], which computes the
//! same with tensors on any device.

use std::time::Duration;

use ranklab_kernels::{Calibration, ConvolutionStack, MissingLayers, Rounding, StackedConvolution};

use super::{cut::Cut, preprocessing::preprocess_in_place, shape::VGG16, weights::TrunkWeights};

/// The frozen convolutions from the image up to a cut.
#[derive(Debug)]
pub struct ProcessorTrunk(ConvolutionStack);

impl ProcessorTrunk {
    /// The trunk below `cut` for square images of `image_size` pixels.
    pub fn new(weights: &TrunkWeights, cut: Cut, image_size: usize) -> Self {
        Self(ConvolutionStack::new(&convolutions(weights, cut, image_size), image_size))
    }

    /// [`Self::new`] at any precision. A calibration comes from [`Self::calibrate`] at this cut or a higher one and at the
    /// same image size.
    pub fn rounded(
        weights: &TrunkWeights,
        cut: Cut,
        image_size: usize,
        rounding: Rounding<&Calibration>,
    ) -> Result<Self, MissingLayers> {
        ConvolutionStack::rounded(&convolutions(weights, cut, image_size), image_size, rounding).map(Self)
    }

    /// The magnitudes that RGB bytes `[images, size, size, 3]` reach in each layer of this trunk, which should be one
    /// of [`Self::new`].
    pub fn calibrate(&self, rgb: &[u8]) -> Calibration {
        self.0.calibrate(rgb, &preprocess_in_place)
    }

    /// How long each layer takes for RGB bytes `[images, size, size, 3]` on one core.
    pub fn layer_times(&self, rgb: &[u8]) -> Vec<Duration> {
        self.0.layer_times(rgb, &preprocess_in_place)
    }

    /// Frees the working memory of all threads; who computes again gets it again.
    pub fn release_memory() {
        ConvolutionStack::release_memory();
    }

    /// Images that keep every core busy.
    pub fn images_at_once() -> usize {
        ConvolutionStack::images_at_once()
    }

    /// Features of RGB bytes `[images, size, size, 3]`: `[images, height, width, channels]`.
    ///
    /// An image's features are the same with any other images beside it and on any number of cores.
    pub fn forward(&self, rgb: &[u8]) -> Vec<f32> {
        self.0.forward(rgb, &preprocess_in_place)
    }
}

/// The convolutions below `cut`, from the image on.
fn convolutions(weights: &TrunkWeights, cut: Cut, image_size: usize) -> Vec<StackedConvolution<'_>> {
    cut.below()
        .map(|layer| {
            let pretrained = &weights.layers[layer.index()];
            let shape = VGG16.convolution(layer, image_size);
            StackedConvolution {
                kernel: &pretrained.kernel,
                bias: &pretrained.bias,
                side: shape.side,
                channels_in: shape.channels_in,
                channels_out: shape.channels_out,
                pools: shape.pools,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use ranklab_kernels::Randomness;

    use super::*;
    use crate::backbone::vgg16::{preprocessing::preprocess, trunk::Trunk};

    /// Features by burn's tensors, image by image.
    fn with_tensors(weights: &TrunkWeights, cut: Cut, rgb: &[u8], images: usize, size: usize) -> Vec<f32> {
        let device = Device::flex();
        let map = Trunk::new(weights, cut, size, &device).forward(preprocess(rgb, images, size, &device));
        map.values.swap_dims(0, 1).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn features_agree_with_the_tensor_path_at_every_cut_and_for_odd_sizes() {
        let weights = TrunkWeights::random(0);
        // 50 halves to 25, 12 and 6: odd maps, whose last row and column pooling drops.
        for (size, images, above) in [(50, 3, 13), (64, 2, 10), (64, 5, 1), (32, 1, 12), (36, 2, 6)] {
            let cut = Cut::above(above);
            let mut randomness = Randomness::new(size as u64, 0);
            let rgb: Vec<u8> = randomness
                .uniform(images * size * size * 3, 1.0)
                .into_iter()
                .map(|value| ((value + 1.0) * 127.0) as u8)
                .collect();
            let found = ProcessorTrunk::new(&weights, cut, size).forward(&rgb);
            let expected = with_tensors(&weights, cut, &rgb, images, size);
            assert_eq!(found.len(), expected.len());
            let scale = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                let difference = (found - expected).abs();
                assert!(
                    difference < 2e-5 * scale,
                    "{size} pixels, cut {above}: {found} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn an_image_has_the_same_features_among_any_others() {
        let weights = TrunkWeights::random(0);
        let trunk = ProcessorTrunk::new(&weights, Cut::above(13), 32);
        let count = ConvolutionStack::images_per_thread() + 3;
        let rgb: Vec<u8> = (0..count * 32 * 32 * 3).map(|place| (place * 7919 % 253) as u8).collect();
        let together = trunk.forward(&rgb);
        let alone: Vec<f32> = rgb.chunks(32 * 32 * 3).flat_map(|image| trunk.forward(image)).collect();
        assert!(together == alone);
    }

    #[test]
    fn rounded_features_stay_near_the_exact_ones() {
        let (weights, cut) = (TrunkWeights::random(0), Cut::above(10));
        let rgb: Vec<u8> = (0..4 * 32 * 32 * 3).map(|place| (place * 7919 % 253) as u8).collect();
        let exact = ProcessorTrunk::new(&weights, cut, 32);
        let calibration = exact.calibrate(&rgb);
        let expected = exact.forward(&rgb);
        let size = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>().sqrt();
        for (rounding, most) in [
            (Rounding::F32, 0.0),
            (Rounding::Bf16, 0.05),
            (Rounding::Int16(&calibration), 0.02),
            (Rounding::Int8(&calibration), 0.15),
        ] {
            let found = ProcessorTrunk::rounded(&weights, cut, 32, rounding).unwrap().forward(&rgb);
            let difference: Vec<f32> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
            let error = size(&difference) / size(&expected);
            assert!(error <= most, "{}: {error}", rounding.precision());
        }
    }
}
