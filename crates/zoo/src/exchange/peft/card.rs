//! The README of an exported PEFT folder.

use ranklab_settings::ImportedThreshold;

use super::adapter_config::CLASSIFIER;
use crate::exchange::{module::MODULE_FILE, trained::TrainedNetwork};

/// The card's text. `about` is Markdown: what the network was trained on and how well it does.
pub(super) fn card(network: &TrainedNetwork<'_>, title: &str, about: &str) -> String {
    let size = network.images.size;
    let [negative, positive] = network.images.classes.map(code);
    let title = plain(title);
    let base = base_weights(network.weights.are_imagenet());
    let calls = calls(network.images.threshold, &positive);
    format!(
        "---
library_name: peft
tags:
- lora
- vgg16
- image-classification
---

# {title}

{about}

## How to load it

In this folder, with `torch`, `torchvision`, `peft`, `safetensors`, `pillow` and `numpy` installed:

```python
{LOADING}
```

`read_image` resizes to {size} × {size} pixels as in training. The network takes 8-bit RGB and subtracts ImageNet's
means itself. Its two scores are those of {negative} and {positive}; the latter is the positive class.{calls}

`{MODULE_FILE}` holds the network: VGG16's convolutions of torchvision (`features`) and the classifier (`{CLASSIFIER}`).
`adapter_model.safetensors` holds the adapters and the classifier, `adapter_config.json` PEFT's settings, and
`ranklab.json` what `ranklab import` needs besides.

{base}
"
    )
}

/// From which probability on `ranklab predict` calls an image positive; empty where no threshold was chosen.
fn calls(threshold: Option<ImportedThreshold>, positive: &str) -> String {
    let Some(ImportedThreshold { probability, images }) = threshold else { return String::new() };
    format!(
        "\n`ranklab predict` calls an image {positive} from a probability of {} on, a threshold that was chosen on {images} validation images.",
        probability.value()
    )
}

/// A title on one line, in which nothing is markup.
fn plain(title: &str) -> String {
    let mut text = String::new();
    for character in title.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if "\\`*[]<>&#|~$!".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// A name as a span of code, in which nothing is markup, on one line.
fn code(name: &str) -> String {
    let name = name.replace('`', "'");
    format!("`{}`", name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Ten lines that print the probability of each class.
const LOADING: &str = "import torch
from peft import PeftModel
from safetensors.torch import load_file
from modeling import CLASSES, Network, read_image

network = Network()
network.load_state_dict(load_file(\"base_model.safetensors\"), strict=False)
network = PeftModel.from_pretrained(network, \".\").eval()
with torch.inference_mode():
    print(dict(zip(CLASSES, network(read_image(\"image.png\")).softmax(1)[0].tolist())))";

/// Where the frozen weights come from, and under which licence.
fn base_weights(are_imagenet: bool) -> &'static str {
    if are_imagenet {
        "## Base weights and licence

`base_model.safetensors` holds VGG16's convolutions under torchvision's names for RGB input of scale 0 to 255. They
are the ImageNet weights of Simonyan and Zisserman (2015, arXiv:1409.1556), which the Visual Geometry Group of Oxford
released under the Creative Commons Attribution License. `VGG16_Weights.IMAGENET1K_FEATURES` of torchvision has the
same values, and `VGG16_Weights.IMAGENET1K_V1` other ones: the adapters do not fit those. The adapters and the
classifier come from the run above; their licence is for whoever trained them to choose."
    } else {
        "## Base weights and licence

`base_model.safetensors` holds VGG16's convolutions under torchvision's names for RGB input of scale 0 to 255. They are
not the ImageNet weights that Keras and torchvision know, so the adapters fit no other file. Their licence is that of
the file that they came from."
    }
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AdapterSettings;

    use super::*;
    use crate::exchange::fixture::{Fixture, adapter};

    #[test]
    fn the_names_of_the_classes_are_code_in_the_card() {
        let fixture = Fixture::new(Some(adapter("block5_conv3", "1", AdapterSettings::default())));
        let mut network = fixture.trained();
        network.images.classes = ["<b>\n# no", "yes"];
        let card = card(&network, "Run 1: <i>", "about");
        assert!(card.contains("those of `<b> # no` and `yes`; the latter"), "{card}");
        assert!(card.contains("\n# Run 1: \\<i\\>\n"), "{card}");
    }

    #[test]
    fn nothing_in_a_class_name_or_a_title_becomes_markup() {
        assert_eq!(plain("Run 1: model_5 rank=2"), "Run 1: model_5 rank=2");
        assert_eq!(plain("Run 1: <b>\n# *a*"), "Run 1: \\<b\\> \\# \\*a\\*");
        assert_eq!(code("malignant"), "`malignant`");
        assert_eq!(code("<img src=x>`\n\n# a\tb"), "`<img src=x>' # a b`");
    }
}
