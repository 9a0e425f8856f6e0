//! The networks: VGG16 trunk, frozen convolution, LoRA, head, model_4, model_5 and pretrained weights.

mod adapter;
mod config;
mod convolution;
mod cut;
mod error;
mod feature_map;
mod frozen_kernel;
mod grad_cam;
mod head;
mod layer;
mod memory;
mod model;
mod model_4;
mod model_5;
mod operation;
mod operations;
mod processor;
mod randomness;
mod state;
mod trunk;
mod upper;
pub mod weights;
mod winograd;

pub use adapter::Adapter;
pub use config::{
    AdaptedActivation, AdapterConfig, AdapterSettings, Architecture, DeltaGeometry, HeadConfig,
    Initialisation, ModelConfig, Preset, Scaling,
};
pub use convolution::{ConvolutionUse, FrozenConvolution};
pub use cut::Cut;
pub use error::Error;
pub use feature_map::FeatureMap;
pub use frozen_kernel::{FrozenKernel, PackedKernel};
pub use grad_cam::Explanation;
pub use head::Head;
pub use layer::{Layer, LayerSet, Ranks};
pub use memory::{MemoryEstimate, frozen_image_bytes, trunk_bytes};
pub use model::{Model, ParameterCounts, StateTensor};
pub use model_4::{Model4, SameConvolution2x2};
pub use model_5::Model5;
pub use operations::{Operations, trunk_operations};
pub use processor::{ProcessorTrunk, product_peak};
pub use randomness::Randomness;
pub use trunk::{CHANNEL_MEANS, Trunk, TrunkLayer, preprocess};
pub use upper::{Features, UpperLayer, UpperTrunk};
pub use winograd::TileTransform;
