//! A network with the settings that only it has.

use crate::{Error, adapter::AdapterConfig, model::Architecture};

/// A network with the settings that only it has. Only model_5 has adapters.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// Classical fine-tuning: two trainable 2×2 convolutions on block3_pool.
    Model4,
    /// LoRA in VGG16's convolutions.
    Model5(AdapterConfig),
}

impl Network {
    /// Joins an architecture and adapters to a network; model_4 ignores adapters.
    ///
    /// # Errors
    /// When model_5 has no adapters.
    pub fn of(architecture: Architecture, adapter: Option<AdapterConfig>) -> Result<Self, Error> {
        match (architecture, adapter) {
            (Architecture::Model4, _) => Ok(Self::Model4),
            (Architecture::Model5, Some(adapter)) => Ok(Self::Model5(adapter)),
            (Architecture::Model5, None) => {
                Err(Error::Setting("model_5 needs adapter settings: give rank and layers".to_owned()))
            }
        }
    }

    /// The architecture of the network.
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::Model4 => Architecture::Model4,
            Self::Model5(_) => Architecture::Model5,
        }
    }

    /// The adapters; `None` for model_4.
    pub fn adapter(&self) -> Option<&AdapterConfig> {
        match self {
            Self::Model4 => None,
            Self::Model5(adapter) => Some(adapter),
        }
    }
}
