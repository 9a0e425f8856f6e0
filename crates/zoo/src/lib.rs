//! The networks: VGG16 trunk, frozen convolution, LoRA, head, model_4, model_5 and pretrained weights.

mod config;
mod error;
mod layer;

pub use config::{
    AdaptedActivation, AdapterConfig, AdapterSettings, Architecture, DeltaGeometry, Initialisation, ModelConfig,
    Preset, Scaling,
};
pub use error::Error;
pub use layer::{Layer, LayerSet, Ranks};
