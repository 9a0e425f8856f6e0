//! VGG16's convolutional part (Simonyan & Zisserman 2015, arXiv:1409.1556): its cuts, its trunk and its weights.

mod cut;
mod preprocessing;
mod processor_trunk;
mod shape;
mod trunk;
pub mod weights;

pub use cut::Cut;
pub use preprocessing::preprocess;
pub use processor_trunk::ProcessorTrunk;
pub use shape::VGG16;
pub use trunk::{Trunk, TrunkLayer};
