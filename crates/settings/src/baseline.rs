//! The baseline of a comparison: the configuration that others are compared with.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use strum::VariantNames as _;
use toml::Value;

use crate::{
    Architecture, Error,
    key::{KEYS, Key},
    nested::nested,
    trial::{LEFT_OUT, TrialConfig},
};

/// What selects a baseline among configurations: settings that it has, such as `model_4` or
/// `model_5 rank=4 layers=block5`. A word without `=` is the model.
///
/// Equal selections are equal and have one text, however they are written. Where several configurations have these
/// settings, the one with the best validation figures is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Baseline {
    /// The model, then other settings in the order of the keys.
    text: String,
    /// Paths of settings and their values, as a configuration holds them.
    settings: Vec<(String, String)>,
}

impl Baseline {
    /// Whether a configuration, given by its settings under their paths (`adapter.rank`) with those of [`LEFT_OUT`], has
    /// these settings.
    pub fn selects(&self, settings: &BTreeMap<String, String>) -> bool {
        self.settings.iter().all(|(path, value)| settings.get(path) == Some(value))
    }
}

impl Default for Baseline {
    fn default() -> Self {
        let model = Architecture::Model4.name().to_owned();
        Self { settings: vec![(MODEL.to_owned(), model.clone())], text: model }
    }
}

/// The key of a word without `=`.
const MODEL: &str = "model.architecture";
/// Keys whose values make repeats of a configuration.
pub(crate) const REPEATS: [&str; 3] = ["training.seed", "data.split.seed", "data.split.fold"];

impl FromStr for Baseline {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Baseline { text: text.to_owned() };
        let mut given: Vec<(Key, Value)> = Vec::new();
        for word in text.split_whitespace() {
            let (key, value) = match word.split_once('=') {
                Some((name, value)) => (Key::find(name, "")?, value),
                None if Architecture::VARIANTS.contains(&word) => (Key::find(MODEL, "")?, word),
                None => return Err(wrong()),
            };
            let is_repeated = given.iter().any(|(known, _)| *known == key);
            if is_repeated || key.is_verbatim() || REPEATS.contains(&key.path) {
                return Err(wrong());
            }
            given.push((key, key.parse(value)?));
        }
        if given.is_empty() {
            return Err(wrong());
        }
        given.sort_by_key(|(key, _)| KEYS.iter().position(|known| known == key));
        // Values are compared as a resolved configuration holds them: layers by their blocks, numbers rounded.
        let config = TrialConfig::resolve(nested(&given))?;
        let config = serde_json::to_value(&config).unwrap_or(Json::Null);
        let mut baseline = Self { text: String::new(), settings: Vec::new() };
        for (key, _) in given {
            let left_out = LEFT_OUT.iter().find(|(path, _)| *path == key.path);
            let value = match config.pointer(&format!("/{}", key.path.replace('.', "/"))) {
                Some(Json::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                // What model_4 lacks, it cannot be selected by.
                None => left_out.map(|(_, default)| (*default).to_owned()).ok_or_else(wrong)?,
            };
            let space = if baseline.text.is_empty() { "" } else { " " };
            match key.path {
                MODEL => baseline.text += &value,
                _ => baseline.text += &format!("{space}{}={value}", key.short),
            }
            baseline.settings.push((key.path.to_owned(), value));
        }
        Ok(baseline)
    }
}

impl TryFrom<String> for Baseline {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Baseline> for String {
    fn from(baseline: Baseline) -> Self {
        baseline.text
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_baseline_is_a_model_or_any_settings() {
        let classical = settings(&[("model.architecture", "model_4"), ("training.learning_rate", "0.005")]);
        let adapted = settings(&[("model.architecture", "model_5"), ("adapter.rank", "4")]);
        assert!(Baseline::default().selects(&classical) && !Baseline::default().selects(&adapted));
        let chosen: Baseline = " model_5  rank=4".parse().unwrap();
        assert!(chosen.selects(&adapted) && !chosen.selects(&classical));
        assert_eq!(chosen.to_string(), "model_5 rank=4");
    }

    #[test]
    fn values_match_a_configuration_however_they_are_written() {
        let config = TrialConfig::resolve(toml::Table::new()).unwrap();
        let json = serde_json::to_value(&config).unwrap();
        let stored = |path: &str| match json.pointer(path).unwrap() {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let config = settings(&[
            ("adapter.layers", &stored("/adapter/layers")),
            ("training.learning_rate", &stored("/training/learning_rate")),
        ]);
        for text in [
            "layers=block5",
            "layers=block5_conv1+block5_conv2+block5_conv3",
            "lr=5e-3",
            "lr=0.00500000000001 layers=block5",
        ] {
            let baseline: Baseline = text.parse().unwrap();
            assert!(baseline.selects(&config), "{text}");
            assert_eq!(baseline.to_string().parse::<Baseline>().unwrap(), baseline);
        }
        let exact: Baseline = "precision=f32".parse().unwrap();
        assert!(exact.selects(&settings(&LEFT_OUT)) && !exact.selects(&settings(&[("precision", "int8")])));
        let [one, other] = ["model_5 rank=4 lr=0.01", "learning_rate=1e-2 rank=4 model=model_5"];
        assert_eq!(one.parse::<Baseline>().unwrap(), other.parse::<Baseline>().unwrap());
    }

    #[test]
    fn what_selects_nothing_is_refused_in_one_line() {
        for (text, start) in [
            ("", "baseline ``"),
            ("model_6", "baseline `model_6`"),
            ("rnak=4", "unknown"),
            ("model_4 rank=4", "baseline `model_4 rank=4`"),
            ("model_4 model_5", "baseline"),
            ("seed=1", "baseline `seed=1`"),
            ("rank=0", "rank: `0`"),
        ] {
            let error = text.parse::<Baseline>().unwrap_err().to_string();
            assert!(error.starts_with(start) && !error.contains('\n'), "{error}");
        }
    }
}
