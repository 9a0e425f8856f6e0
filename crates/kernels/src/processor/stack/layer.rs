//! One convolution of a stack, at one precision.

use super::{
    calibration::{LayerRanges, Rounding},
    images, rounded,
    scratch::Scratch,
    shape::{IMAGE_CHANNELS, StackedConvolution, Surroundings},
    tiled::TiledKernel,
};
use crate::{
    kernel_layout::taps_first,
    processor::rounded::{Bf16, Int8, Int16, Large, RoundedKernel, Small, bf16_dot_is_fast},
};

/// How far beyond the calibrated magnitudes 16-bit values may reach.
const HEADROOM: f32 = 1.5;

/// One convolution with its kernel in the form that its products take.
#[derive(Debug)]
pub(super) struct StackLayer {
    pub(super) around: Surroundings,
    kernel: Kernel,
}

/// A kernel by the way in which it is multiplied.
#[derive(Debug)]
enum Kernel {
    /// On images.
    Images(Vec<f32>),
    /// On images, by 16-bit integers.
    RoundedImages(RoundedKernel<Int16>),
    /// F(4×4, 3×3) in `f32`.
    Tiled(TiledKernel),
    /// F(4×4, 3×3) with bfloat16 products.
    Bf16(RoundedKernel<Bf16>),
    /// F(4×4, 3×3) with 16-bit products.
    Int16(RoundedKernel<Int16>),
    /// F(2×2, 3×3) with 8-bit products.
    Int8(RoundedKernel<Int8>),
}

impl StackLayer {
    /// With the layer's own calibrated ranges.
    pub(super) fn new(convolution: &StackedConvolution<'_>, rounding: Rounding<&LayerRanges>) -> Self {
        let channels = [convolution.channels_in, convolution.channels_out];
        let values = taps_first(convolution.kernel, channels[0], channels[1]);
        let on_images = channels[0] == IMAGE_CHANNELS;
        let kernel = match rounding {
            Rounding::F32 | Rounding::Bf16 if on_images => {
                Kernel::Images(images::packed(&values, channels[1]))
            }
            Rounding::Int16(ranges) | Rounding::Int8(ranges) if on_images => {
                Kernel::RoundedImages(images::rounded(&values, channels[1], ranges.input))
            }
            Rounding::F32 => Kernel::Tiled(TiledKernel::new(&values, channels, false)),
            Rounding::Bf16 if bf16_dot_is_fast() => {
                let positions = [0.0; crate::winograd::POSITIONS];
                Kernel::Bf16(RoundedKernel::transformed::<Large>(&values, channels, &positions))
            }
            Rounding::Bf16 => Kernel::Tiled(TiledKernel::new(&values, channels, true)),
            Rounding::Int16(ranges) => {
                let ranges: Vec<f32> = ranges.large.iter().map(|range| HEADROOM * range).collect();
                Kernel::Int16(RoundedKernel::transformed::<Large>(&values, channels, &ranges))
            }
            Rounding::Int8(ranges) => {
                Kernel::Int8(RoundedKernel::transformed::<Small>(&values, channels, &ranges.small))
            }
        };
        Self { around: Surroundings::new(convolution), kernel }
    }

    pub(super) fn forward(&self, maps: &[f32], scratch: &mut Scratch, outputs: &mut [f32]) {
        let around = &self.around;
        match &self.kernel {
            Kernel::Images(kernel) => images::forward(kernel, around, maps, scratch, outputs),
            Kernel::RoundedImages(kernel) => images::rounded_forward(kernel, around, maps, scratch, outputs),
            Kernel::Tiled(kernel) => kernel.forward(around, maps, scratch, outputs),
            Kernel::Bf16(kernel) => rounded::forward::<_, Large>(kernel, around, maps, scratch, outputs),
            Kernel::Int16(kernel) => rounded::forward::<_, Large>(kernel, around, maps, scratch, outputs),
            Kernel::Int8(kernel) => rounded::forward::<_, Small>(kernel, around, maps, scratch, outputs),
        }
    }
}
