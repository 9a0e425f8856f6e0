//! The README of an exported PEFT folder.

use super::adapter_config::CLASSIFIER;
use crate::exchange::{module::MODULE_FILE, trained::TrainedNetwork};

/// The card's text. `about` is Markdown: what the network was trained on and how well it does.
pub(super) fn card(network: &TrainedNetwork<'_>, title: &str, about: &str) -> String {
    let size = network.images.size;
    let [negative, positive] = network.images.classes;
    let base = base_weights(network.weights.are_imagenet());
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
means itself. Its two scores are those of {negative} and {positive}; the latter is the positive class.

`{MODULE_FILE}` holds the network: VGG16's convolutions of torchvision (`features`) and the classifier (`{CLASSIFIER}`).
`adapter_model.safetensors` holds the adapters and the classifier, `adapter_config.json` PEFT's settings, and
`ranklab.json` what `ranklab import` needs besides.

{base}
"
    )
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
