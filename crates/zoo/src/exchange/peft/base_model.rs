//! Whether the name of a base model is clearly that of another network than VGG16.

/// Names of networks, or beginnings of them, as model hubs write them.
const OTHERS: [&str; 22] = [
    "vgg11",
    "vgg13",
    "vgg19",
    "resnet",
    "resnext",
    "resnest",
    "densenet",
    "mobilenet",
    "efficientnet",
    "convnext",
    "inception",
    "googlenet",
    "xception",
    "alexnet",
    "squeezenet",
    "shufflenet",
    "regnet",
    "mnasnet",
    "vit",
    "deit",
    "swin",
    "dinov2",
];
/// VGG16's name without separators; with batch norm it is another network.
const VGG16: &str = "vgg16";
const VGG16_NORMALISED: &str = "vgg16bn";

/// The network other than VGG16 that `name` clearly names; `None` for VGG16, a path, and any other name.
pub(super) fn other_network(name: &str) -> Option<&'static str> {
    if is_path(name) {
        return None;
    }
    let plain: String = name.to_lowercase().chars().filter(|letter| !"-_ ".contains(*letter)).collect();
    if plain.contains(VGG16_NORMALISED) {
        return Some("vgg16_bn");
    }
    if plain.contains(VGG16) {
        return None;
    }
    let is_word = |other: &&str| {
        // Short names occur within words, as `vit` in `activity`.
        plain.match_indices(other).any(|(place, _)| {
            !plain[..place].ends_with(|letter: char| letter.is_ascii_alphabetic()) || other.len() > 4
        })
    };
    OTHERS.into_iter().find(is_word)
}

/// Whether a name is the path of a file or folder, whose words may mean anything.
fn is_path(name: &str) -> bool {
    name.starts_with(['/', '.', '~']) || name.contains('\\') || name.matches('/').count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_networks_are_known_by_their_names_and_vgg16_and_paths_pass() {
        for (name, other) in [
            ("vgg19", "vgg19"),
            ("timm/vgg19_bn.tv_in1k", "vgg19"),
            ("VGG-13", "vgg13"),
            ("microsoft/resnet-50", "resnet"),
            ("timm/wide_resnet50_2", "resnet"),
            ("google/vit-base-patch16-224", "vit"),
            ("facebook/dinov2-small", "dinov2"),
            ("timm/vgg16_bn.tv_in1k", "vgg16_bn"),
        ] {
            assert_eq!(other_network(name), Some(other), "{name}");
        }
        for name in [
            "",
            "vgg16",
            "timm/vgg16.tv_in1k",
            "VGG-16",
            "vgg_16 after resnet",
            "my_model",
            "activity",
            "/models/resnet50/base",
            "./vgg19",
            "~/vit",
            "C:\\models\\vgg19",
            "a/b/vgg19",
        ] {
            assert_eq!(other_network(name), None, "{name}");
        }
    }
}
