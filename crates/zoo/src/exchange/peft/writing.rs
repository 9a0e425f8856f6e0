//! The files of a PEFT folder.

use super::{adapter_config, card::card, tensors};
use crate::{
    Error,
    exchange::{
        description::Description,
        merged::trunk_tensors,
        module::{MODULE_FILE, module},
        tensor::safetensors_file,
        trained::{Trained, TrainedNetwork},
    },
};

/// PEFT's settings.
pub const ADAPTER_CONFIG_FILE: &str = "adapter_config.json";
/// Adapters and classifier.
pub const ADAPTER_FILE: &str = "adapter_model.safetensors";
/// The frozen trunk under torchvision's names (59 MB).
pub const BASE_MODEL_FILE: &str = "base_model.safetensors";
/// What the network is and how to load it.
pub const CARD_FILE: &str = "README.md";
/// What [`super::read_peft`] needs besides PEFT's files.
pub const DESCRIPTION_FILE: &str = "ranklab.json";

/// The files of a PEFT folder, by name: PEFT's own, the trunk, the Python module that rebuilds the network, the
/// description for an import, and a card with `title` and, in Markdown, `about`: what the network was trained on and how
/// well it does.
///
/// # Errors
/// When the network has no adapters, or the model is not one of its settings.
pub fn peft_files(
    network: &TrainedNetwork<'_>,
    title: &str,
    about: &str,
) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let (Trained::Model5(model, config), Some(description)) = (network.trained()?, Description::of(network))
    else {
        return Err(Error::Setting(
            "model_4 has no adapters for PEFT: export it as safetensors or onnx".to_owned(),
        ));
    };
    Ok(vec![
        (ADAPTER_CONFIG_FILE, adapter_config::write(config)?),
        (ADAPTER_FILE, tensors::write(model, config)?),
        (BASE_MODEL_FILE, safetensors_file(&trunk_tensors(network.weights), &[])?),
        (MODULE_FILE, module(network)?.into_bytes()),
        (DESCRIPTION_FILE, description.encode()?),
        (CARD_FILE, card(network, title, about).into_bytes()),
    ])
}
