//! Which of VGG16's convolutions the name of an adapted module means.

use ranklab_settings::Layer;

use crate::VGG16;

/// The convolution that a module's name means: `features.24` of torchvision with any modules before it, `24` of
/// its `features` alone, or Keras' `block5_conv1`.
pub(super) fn layer_of(module: &str) -> Option<Layer> {
    let last_two = module.rsplit_once('.').map(|(before, last)| (before.rsplit('.').next(), last));
    let number = match last_two {
        Some((Some("features"), number)) => number,
        Some(_) => return keras_name(module.rsplit('.').next()?),
        None => module,
    };
    VGG16
        .layers()
        .find(|layer| VGG16.torchvision_index(*layer).to_string() == number)
        .or_else(|| keras_name(number))
}

fn keras_name(name: &str) -> Option<Layer> {
    VGG16.layers().find(|layer| layer.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torchvisions_and_keras_names_are_known_and_others_are_not() {
        let of = |name: &str| layer_of(name).map(|layer| layer.to_string());
        for name in ["features.24", "backbone.features.24", "24", "block5_conv1", "vgg.block5_conv1"] {
            assert_eq!(of(name).as_deref(), Some("block5_conv1"), "{name}");
        }
        for name in ["features.25", "classifier.0", "layer4.24", "features.24.conv", "features.024", "", "."]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
