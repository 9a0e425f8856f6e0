//! PEFT folders (version 0.21): adapters of VGG16's convolutions with their classifier, written and read.

mod adapter_config;
mod base_model;
mod card;
mod config_reading;
mod head_reading;
mod imported;
mod layer_name;
mod pattern;
mod placing;
mod reading;
mod scales;
mod stored;
mod tensors;
mod writing;

pub use imported::{Factors, ImportedAdapter, ImportedHead};
pub use reading::{PeftFolder, read_peft};
pub use writing::{
    ADAPTER_CONFIG_FILE, ADAPTER_FILE, BASE_MODEL_FILE, CARD_FILE, DESCRIPTION_FILE, peft_files,
};
