//! The frozen pretrained network below every trained part.

mod description;
pub(crate) mod vgg16;

pub use description::{Backbone, ConvolutionShape};
