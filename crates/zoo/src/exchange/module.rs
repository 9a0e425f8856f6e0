//! The text of a Python module that rebuilds a network in PyTorch.

use ranklab_settings::{AdaptedActivation, AdapterConfig, Network, Resize};

use super::{
    classifier::positions,
    trained::{Trained, TrainedNetwork},
};
use crate::{
    Error, VGG16,
    head::{EPSILON, LEAK},
};

/// Name of the module's file in a PEFT folder.
pub const MODULE_FILE: &str = "modeling.py";

/// What both networks share: input, trunk and classifier.
const SHARED: &str = include_str!("module/shared.py");
const MODEL_4: &str = include_str!("module/model_4.py");
const MODEL_5: &str = include_str!("module/model_5.py");
/// Reads a merged file.
const LOAD: &str = include_str!("module/load.py");

/// A Python module that rebuilds the network in PyTorch: the class `Network`, which takes uint8 RGB images and gives
/// class scores; `read_image`, which resizes an image file as in training; `load`, which reads a merged safetensors
/// file; and the constants of this network.
///
/// # Errors
/// When the model is not one of its settings.
pub fn module(network: &TrainedNetwork<'_>) -> Result<String, Error> {
    let (class, without_relu) = match network.trained()? {
        Trained::Model4(_) => (MODEL_4, None),
        Trained::Model5(_, config) => (MODEL_5, Some(config)),
    };
    let constants = constants(network, without_relu);
    Ok(format!("{}{constants}\n\n{SHARED}{class}{LOAD}", heading(network.network)))
}

fn heading(network: &Network) -> String {
    format!(
        "\"\"\"{} of a ranklab run in PyTorch, on torchvision's VGG16.\"\"\"\n\n\
         import numpy\nimport torch\nfrom PIL import Image, ImageOps\nfrom safetensors.torch import load_file\n\
         from torch import nn\nfrom torch.nn import functional\nfrom torchvision.models import vgg16\n\n",
        network.architecture().name()
    )
}

fn constants(network: &TrainedNetwork<'_>, adapter: Option<&AdapterConfig>) -> String {
    let images = network.images;
    let [negative, positive] = images.classes.map(python_text);
    let [blue, green, red] = VGG16.channel_means;
    let antialias = if images.resize == Resize::Antialias { "True" } else { "False" };
    let mut text = format!(
        "# The second one is the positive class.\nCLASSES = ({negative}, {positive})\n\
         IMAGE_SIZE = {}\nANTIALIAS = {antialias}\n\
         # ImageNet's means of red, green and blue.\nMEANS = ({red}, {green}, {blue})\n\
         # Positions of the map that the classifier sees.\nPOSITIONS = {}\n\
         LEAK = {LEAK}\nDROPOUT = {}\n\
         # Keras' batch norm.\nEPSILON = {EPSILON}\nBATCH_NORM_MOMENTUM = {}\n",
        images.size,
        positions(network.classifier()),
        network.head.dropout,
        rounded(1.0 - network.head.batch_norm_momentum),
    );
    if let Some(adapter) = adapter {
        let places: String = without_relu(adapter).iter().map(|place| format!("{place}, ")).collect();
        let places = places.trim_end();
        let meaning = "Places in `features` where the network has no ReLU: after adapted convolutions.";
        text.push_str(&format!("# {meaning}\nWITHOUT_RELU = ({places})\n"));
    }
    text
}

/// Places in torchvision's `features` of the ReLUs that the network does without.
pub(super) fn without_relu(adapter: &AdapterConfig) -> Vec<usize> {
    match adapter.activation {
        AdaptedActivation::Relu => Vec::new(),
        AdaptedActivation::None => {
            adapter.layers.layers().iter().map(|layer| VGG16.torchvision_index(*layer) + 1).collect()
        }
    }
}

/// A text as a literal of Python, which reads JSON's escapes.
fn python_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A share without the digits that subtraction adds to it: 0.01 for 0.010000000000000009.
fn rounded(share: f64) -> f64 {
    (share * 1e12).round() / 1e12
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AdapterSettings;

    use super::*;

    #[test]
    fn the_published_form_does_without_the_relu_after_each_adapted_convolution() {
        let published = AdapterSettings::default().resolve().unwrap();
        assert_eq!(without_relu(&published), [25, 27, 29]);
        let relu = AdapterSettings { activation: Some(AdaptedActivation::Relu), ..Default::default() };
        assert!(without_relu(&relu.resolve().unwrap()).is_empty());
    }

    #[test]
    fn class_names_are_quoted_for_python() {
        assert_eq!(python_text("a \"b\"\\\n"), r#""a \"b\"\\\n""#);
        assert_eq!(rounded(1.0 - 0.99), 0.01);
    }
}
