//! The networks: VGG16 as the frozen backbone, LoRA, head, model_4, model_5, Grad-CAM and pretrained weights.

mod adapter;
mod backbone;
mod error;
pub mod exchange;
mod grad_cam;
mod head;
mod network;

pub use adapter::Adapter;
pub use backbone::{
    Backbone, ConvolutionShape,
    vgg16::{Cut, ProcessorTrunk, Trunk, TrunkLayer, VGG16, preprocess, weights},
};
pub use error::Error;
pub use grad_cam::Explanation;
pub use head::{Head, HeadConfig};
pub use network::{
    MemoryEstimate, Model, Model4, Model5, OperationCount, ParameterCounts, SameConvolution2x2, StateTensor,
    UpperInput, UpperLayer, UpperTrunk, frozen_image_bytes, stored_calibration, trunk_bytes,
    trunk_operation_count,
};
