//! The baseline of a comparison: the configuration that others are compared with.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use strum::VariantNames as _;

use crate::{Architecture, Error, key::Key};

/// What selects a baseline among configurations: settings that it has, such as `model_4` or
/// `model_5 rank=4 layers=block5`. A word without `=` is the model.
///
/// Where several configurations have these settings, the one with the best validation figures is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Baseline {
    /// As it was written, with single spaces.
    text: String,
    /// Paths of settings and their values.
    settings: Vec<(String, String)>,
}

impl Baseline {
    /// Whether a configuration, given by its settings under their paths (`adapter.rank`), has these settings.
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

impl FromStr for Baseline {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let setting = |word: &&str| match word.split_once('=') {
            Some((key, value)) => Ok((Key::find(key, "")?.path.to_owned(), value.to_owned())),
            None if Architecture::VARIANTS.contains(word) => Ok((MODEL.to_owned(), (*word).to_owned())),
            None => Err(Error::Baseline { text: text.to_owned() }),
        };
        if words.is_empty() {
            return Err(Error::Baseline { text: text.to_owned() });
        }
        Ok(Self { settings: words.iter().map(setting).collect::<Result<_, _>>()?, text: words.join(" ") })
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
    fn what_selects_nothing_is_refused_in_one_line() {
        for (text, start) in [("", "baseline ``"), ("model_6", "baseline `model_6`"), ("rnak=4", "unknown")] {
            let error = text.parse::<Baseline>().unwrap_err().to_string();
            assert!(error.starts_with(start) && !error.contains('\n'), "{error}");
        }
    }
}
