//! The frozen convolutions on the processor: Winograd's transforms as passes for its vector units, and
//! products with kernels that are packed once.

pub(crate) mod adapted;
pub(crate) mod packed;
pub(crate) mod tiles;
pub(crate) mod trained;
mod trunk;

pub use trunk::ProcessorTrunk;
