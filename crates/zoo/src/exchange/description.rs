//! What PEFT's files do not say of a network: its input, its classes and calls, and the trunk that its adapter was trained on.

use ranklab_settings::{AdaptedActivation, GroupRule, ImportedThreshold, Network, Noun, Resize};
use serde::{Deserialize, Serialize};

use super::trained::TrainedNetwork;
use crate::Error;

/// Bumped when the meaning of a field changes.
const VERSION: u32 = 1;

/// The file `ranklab.json` of an exported PEFT folder, by which an import restores the network. Files of earlier versions
/// lack the threshold, the rule for groups and the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Version of this file's layout.
    version: u32,
    /// Side of the square images in pixels.
    pub image_size: usize,
    /// How images are resized to it.
    pub resize: Resize,
    /// Names of class 0 and class 1, the positive one.
    pub classes: [String; 2],
    /// Activation after an adapted convolution.
    pub activation: AdaptedActivation,
    /// Hash of the trunk's weights: [`crate::weights::TrunkWeights::hash`].
    pub trunk_sha256: String,
    /// Threshold that was chosen on the run's validation images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ImportedThreshold>,
    /// Rule that finds the group of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRule>,
    /// Word for a group, where the run has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_word: Option<Noun>,
    /// Word for an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_word: Option<Noun>,
}

/// Whether a network can take images of this side; the setting `image_size` has the same limits.
fn is_image_size(size: usize) -> bool {
    (32..=512).contains(&size) && size.is_multiple_of(32)
}

impl Description {
    /// Of a network with adapters; `None` of one without.
    pub(super) fn of(network: &TrainedNetwork<'_>) -> Option<Self> {
        let Network::Model5(adapter) = network.network else { return None };
        let images = network.images;
        Some(Self {
            version: VERSION,
            image_size: images.size,
            resize: images.resize,
            classes: images.classes.map(str::to_owned),
            activation: adapter.activation,
            trunk_sha256: network.weights.hash.clone(),
            threshold: images.threshold,
            group: images.group.cloned(),
            group_word: images.group_word.cloned(),
            image_word: images.image_word.cloned(),
        })
    }

    /// The bytes of the file.
    pub(super) fn encode(&self) -> Result<Vec<u8>, Error> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|problem| Error::Setting(format!("ranklab.json cannot be written: {problem}")))?;
        Ok(format!("{text}\n").into_bytes())
    }

    /// Reads the file, in words that follow "the PEFT adapter cannot be imported: ".
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let description: Self =
            serde_json::from_slice(bytes).map_err(|problem| format!("ranklab.json: {problem}"))?;
        match description.version {
            VERSION if !is_image_size(description.image_size) => Err(format!(
                "ranklab.json: image_size is {}: put a multiple of 32 from 32 to 512 there, the size that it was trained on",
                description.image_size
            )),
            VERSION => Ok(description),
            other => {
                Err(format!("ranklab.json is of version {other}; this version of ranklab reads {VERSION}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_size_that_no_network_has_is_refused_in_one_line() {
        let decode = |size: usize| {
            Description::decode(
                format!(
                    r#"{{"version": 1, "image_size": {size}, "resize": "opencv", "classes": ["a", "b"],
                        "activation": "relu", "trunk_sha256": ""}}"#
                )
                .as_bytes(),
            )
        };
        assert_eq!(decode(512).unwrap().image_size, 512);
        for size in [0, 33, 544, 4096, 1_000_000_000] {
            let refused = decode(size).unwrap_err();
            assert!(refused.contains(&format!("image_size is {size}: put")), "{refused}");
        }
    }

    #[test]
    fn threshold_and_groups_come_back_and_a_file_of_an_earlier_version_has_none() {
        let earlier = r#"{"version": 1, "image_size": 64, "resize": "opencv", "classes": ["a", "b"],
            "activation": "relu", "trunk_sha256": ""#
            .to_owned();
        let decode = |more: &str| Description::decode(format!("{earlier}\"{more}}}").as_bytes());
        let old = decode("").unwrap();
        assert_eq!((&old.threshold, &old.group, &old.group_word), (&None, &None, &None));
        let more = r#", "threshold": {"probability": "0.12345678901234567", "images": 40}, "group": "(p[0-9]+)",
            "group_word": "mouse/mice", "image_word": "scan""#;
        let new = decode(more).unwrap();
        assert_eq!(Description::decode(&new.encode().unwrap()).unwrap(), new);
        assert_eq!(new.threshold.unwrap().probability.value(), 0.123_456_789_012_345_66);
        assert_eq!(
            (new.group.unwrap().to_string(), new.group_word.unwrap().many),
            ("(p[0-9]+)".into(), "mice".into())
        );
        for (wrong, reason) in [
            (r#", "threshold": {"probability": 1.5, "images": 4}"#, "1.5 is no probability"),
            (r#", "threshold": {"probability": 0.5}"#, "missing field `images`"),
            (r#", "group": "p[0-9]+""#, "has no bracket"),
            (r#", "group_word": "<b>""#, "is no word"),
        ] {
            let refused = decode(wrong).unwrap_err();
            assert!(refused.starts_with("ranklab.json: ") && refused.contains(reason), "{refused}");
        }
    }
}
