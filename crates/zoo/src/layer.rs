//! Layers of VGG16 and the ranks given to them.

pub use ranklab_settings::{Layer, LayerList, LayerSet, Ranks};
