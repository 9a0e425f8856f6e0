//! Whether a trial's settings agree with what the folder of its `start=` says of its network.

use std::path::Path;

use ranklab_settings::{AdaptedActivation, AdapterConfig, DataConfig, SYNTHETIC};
use ranklab_zoo::exchange::{Description, ImportedAdapter};

use crate::Error;

/// Refuses settings that contradict the description of an adapter that training starts from: its two classes exchanged,
/// another activation after adapted convolutions, or another trunk. A folder without a description says none of them.
///
/// # Errors
/// With the first contradiction, in one line that says what to give.
pub(crate) fn check_start(
    folder: &Path,
    start: &ImportedAdapter,
    data: &DataConfig,
    adapter: &AdapterConfig,
    trunk_hash: Option<&str>,
) -> Result<(), Error> {
    let Some(description) = &start.description else { return Ok(()) };
    let is_headed = start.head.is_some();
    let problem = is_headed
        .then(|| reversed(description, data))
        .flatten()
        .or_else(|| other_activation(description, adapter))
        .or_else(|| other_trunk(description, trunk_hash));
    problem.map_or(Ok(()), |problem| Err(Error::Adapter { path: folder.to_owned(), problem }))
}

/// That the classifier's two classes are exchanged.
fn reversed(description: &Description, data: &DataConfig) -> Option<String> {
    let [negative, positive] = &description.classes;
    let is_reversed = data.positive == *negative && data.negative == *positive;
    let advice = match data.dataset.as_str() {
        SYNTHETIC => "train without start=".to_owned(),
        _ => format!("give positive={positive} negative={negative}, or train without start="),
    };
    is_reversed.then(|| {
        format!(
            "positive={negative} negative={positive} are the classes of its ranklab.json the wrong way round; {advice}"
        )
    })
}

/// That the adapter was trained with another activation after adapted convolutions.
fn other_activation(description: &Description, adapter: &AdapterConfig) -> Option<String> {
    let name = |activation: AdaptedActivation| -> &'static str { activation.into() };
    let (was, is) = (description.activation, adapter.activation);
    (was != is).then(|| {
        format!(
            "its ranklab.json says that it was trained with activation={}, and the settings have activation={}; give \
             activation={}",
            name(was),
            name(is),
            name(was)
        )
    })
}

/// That the adapter was trained on another trunk.
fn other_trunk(description: &Description, hash: Option<&str>) -> Option<String> {
    let hash = hash.filter(|hash| *hash != description.trunk_sha256)?;
    Some(format!(
        "it was trained on the trunk with hash {:.16}, and these weights have {hash:.16}; give its own with weights=PATH, or \
         train without start=",
        description.trunk_sha256
    ))
}

#[cfg(test)]
mod tests {
    use ranklab_settings::{AdapterSettings, Preset};

    use super::*;

    /// A start of classes `well` and `ill` with a ReLU on the trunk `abc`.
    fn start() -> ImportedAdapter {
        let description = serde_json::json!({
            "version": 1, "image_size": 64, "resize": "opencv", "classes": ["well", "ill"],
            "activation": "relu", "trunk_sha256": "abc",
        });
        ImportedAdapter {
            config: adapter(Preset::Peft),
            factors: Vec::new(),
            head: None,
            description: serde_json::from_value(description).unwrap(),
            left_out: Vec::new(),
        }
    }

    fn adapter(preset: Preset) -> AdapterConfig {
        AdapterSettings { preset, ..AdapterSettings::default() }.resolve().unwrap()
    }

    fn check(start: &ImportedAdapter, preset: Preset, trunk: Option<&str>) -> Result<(), String> {
        let data = DataConfig::default();
        check_start(Path::new("a"), start, &data, &adapter(preset), trunk)
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn another_activation_and_another_trunk_are_refused_and_the_same_go_on() {
        let described = start();
        assert_eq!(check(&described, Preset::Peft, Some("abc")), Ok(()));
        assert_eq!(check(&described, Preset::Peft, None), Ok(()));
        let refused = check(&described, Preset::Published, None).unwrap_err();
        assert!(
            refused.contains("activation=none; give activation=relu")
                && refused.starts_with("the adapter in a")
        );
        let refused = check(&described, Preset::Peft, Some("def")).unwrap_err();
        assert!(refused.contains("the trunk with hash abc, and these weights have def"), "{refused}");
        // PEFT's own folders say none of this.
        let plain = ImportedAdapter { description: None, ..described };
        assert_eq!(check(&plain, Preset::Published, Some("def")), Ok(()));
    }

    #[test]
    fn exchanged_classes_are_found_and_other_classes_are_not_compared() {
        let Some(description) = start().description else { panic!("it has a description") };
        let data = |positive: &str, negative: &str| DataConfig {
            positive: positive.to_owned(),
            negative: negative.to_owned(),
            ..DataConfig::default()
        };
        let refused = reversed(&description, &data("well", "ill")).unwrap();
        assert!(refused.contains("the wrong way round; give positive=ill negative=well"), "{refused}");
        for (positive, negative) in [("ill", "well"), ("malignant", "benign"), ("well", "benign")] {
            assert_eq!(reversed(&description, &data(positive, negative)), None);
        }
    }
}
