//! The frozen convolutions on the processor: Winograd's transforms as passes for its vector units, and
//! products with kernels that are packed once.

pub(crate) mod adapted;
mod compact;
pub(crate) mod dense;
pub(crate) mod held_kernel;
mod integer_kernel;
pub(crate) mod memory;
pub(crate) mod packed;
mod passes;
mod peak;
pub(crate) mod pooling;
mod prefetch;
mod rounded;
pub(crate) mod stack;
mod tasks;
pub(crate) mod tiles;
pub(crate) mod trained;
mod vectors;

pub use adapted::{RANK_STEP, sums_at_once};
pub use held_kernel::Products;
pub use peak::{product_peak, product_peak_at};
pub use stack::{Calibration, ConvolutionStack, MissingLayers, Rounding, StackedConvolution};
pub use vectors::vector_bits;
