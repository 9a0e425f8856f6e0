//! Arithmetic that knows no network: frozen and adapted convolutions, pooling and dense layers with their gradients,
//! and a step of Adamax, by this processor's vector units where a device is the processor and by burn's tensors elsewhere.

mod adamax_step;
mod convolution;
mod dense;
mod device;
mod differentiable;
mod feature_map;
mod frozen_kernel;
mod kernel_layout;
mod pooling;
mod precision;
mod processor;
mod randomness;
mod same_convolution;
mod tile_transform;
mod winograd;

pub use adamax_step::{AdamaxConstants, adamax_step};
pub use convolution::{ConvolutionUse, FrozenConvolution};
pub use dense::dense;
pub use device::on_processor;
pub use differentiable::{FrozenTerms, StackedFactors, convolve};
pub use feature_map::FeatureMap;
pub use frozen_kernel::{FrozenKernel, PackedKernel};
pub use precision::{Precision, UnknownPrecision};
pub use processor::{
    Calibration, ConvolutionStack, MissingLayers, Products, RANK_STEP, Rounding, StackedConvolution,
    product_peak, product_peak_at, sums_at_once, vector_bits,
};
pub use randomness::Randomness;
pub use same_convolution::{convolve_same, convolve_same_and_pool};
pub use tile_transform::{TileTransform, kernel_transform, transform_kernel};
pub use winograd::{POSITIONS, TILE};
