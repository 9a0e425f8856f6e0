//! VGG16's trunk weights: where they come from, how they are checked and stored.
//!
//! The convention is Keras': kernels for BGR input of scale 0 to 255 with ImageNet's channel means
//! subtracted. These are the weights of Simonyan & Zisserman's release, which Keras and many others
//! redistribute.

mod fetch;
mod file;
mod import;
mod onnx;
mod safetensors_file;
mod trunk_weights;

pub use fetch::{FetchOptions, fetch};
pub use import::import;
pub use trunk_weights::{IMAGENET_HASH, LayerWeights, TrunkWeights};
