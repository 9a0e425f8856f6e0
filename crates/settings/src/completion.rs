//! Suggestions for a `key=value` word that is still being typed: keys, and values of one key.

use serde_json::Value;

use crate::{
    key::{ANALYSIS_KEYS, AUTO, DEFAULT_JOBS, JOBS, KEYS, Key, Kind, SLURM_KEYS},
    layer::{BLOCKS, Layer},
    model::Architecture,
    trial::default_settings,
};

/// A suggested word and its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The whole word, such as `rank=` or `model=model_4`.
    pub word: String,
    /// The valid values of a key; empty for a value.
    pub meaning: String,
}

/// Suggestions for the word `typed`: keys that begin with it or, after a key and `=`, values. In a list the last value
/// is completed. A key with a dot is completed by its path in an experiment file.
pub fn suggestions(typed: &str) -> Vec<Suggestion> {
    match typed.split_once('=') {
        None => keys(typed),
        Some((name, list)) => values(name, list),
    }
}

/// The part of `typed` that is a path in the making, after `key=`; `None` where the key takes no path.
pub fn path_in_setting(typed: &str) -> Option<&str> {
    let (name, path) = typed.split_once('=')?;
    let key = Key::find(name, "").ok()?;
    matches!(key.kind, Kind::Path(_)).then_some(path)
}

fn keys(typed: &str) -> Vec<Suggestion> {
    let name = |key: &Key| if typed.contains('.') { key.path } else { key.short };
    let all = KEYS.iter().chain(ANALYSIS_KEYS).map(|key| (name(key), key.describe()));
    let jobs = (JOBS, format!("how many trials train together, usually {DEFAULT_JOBS}"));
    let slurm = SLURM_KEYS.iter().map(|key| {
        let name = key.name;
        (name, format!("{}, with --on slurm", key.fitting))
    });
    all.chain([jobs])
        .chain(slurm)
        .filter(|(name, _)| name.starts_with(typed))
        .map(|(name, meaning)| Suggestion { word: format!("{name}="), meaning })
        .collect()
}

fn values(name: &str, list: &str) -> Vec<Suggestion> {
    if name == JOBS {
        return words(name, "", list, vec![DEFAULT_JOBS.to_string()]);
    }
    let Some(key) = Key::find_analysis(name).or_else(|| Key::find(name, "").ok()) else { return Vec::new() };
    let is_separator = |letter: char| match key.kind {
        _ if key.is_verbatim() => false,
        Kind::Layers => letter == ',' || letter == '+',
        _ => letter == ',',
    };
    let start = list.rfind(is_separator).map_or(0, |at| at + 1);
    let (before, last) = list.split_at(start);
    let given: Vec<&str> = before.split(is_separator).collect();
    let mut values = key.suggested_values(last);
    values.retain(|value| !given.contains(&value.as_str()));
    words(name, before, last, values)
}

/// The words that `values` make after `name=` and earlier values, where they begin with `last`.
fn words(name: &str, before: &str, last: &str, values: Vec<String>) -> Vec<Suggestion> {
    let fitting = values.into_iter().filter(|value| value.starts_with(last));
    let word = |value| Suggestion { word: format!("{name}={before}{value}"), meaning: String::new() };
    fitting.map(word).collect()
}

impl Key {
    /// Values to suggest after `last`: all that a choice has, else the default.
    fn suggested_values(&self, last: &str) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self.kind {
            Kind::Choice(choices) => owned(choices),
            Kind::Truth => owned(&["true", "false"]),
            Kind::Path(names) => owned(names),
            Kind::Layers => layers(last),
            Kind::Baseline => owned(<Architecture as strum::VariantNames>::VARIANTS),
            Kind::Settings => {
                let tuned = KEYS.iter().filter(|key| ["training", "adapter"].contains(&key.table()));
                tuned.map(|key| key.short.to_owned()).collect()
            }
            _ => {
                let ladder = self.has_ladder().then(|| AUTO.to_owned());
                self.default_value().into_iter().chain(ladder).collect()
            }
        }
    }

    /// Its value in a trial without settings.
    fn default_value(&self) -> Option<String> {
        let defaults = default_settings();
        let pointer = format!("/{}", self.path.replace('.', "/"));
        match defaults.pointer(&pointer)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }
}

/// Blocks and `all`; also the convolutions of a block whose name is typed.
fn layers(last: &str) -> Vec<String> {
    let blocks = (1..=BLOCKS.len()).map(|block| format!("block{block}"));
    let convolutions = Layer::all().map(|layer| layer.to_string());
    let typed = convolutions.filter(|name| last.len() >= "block5".len() && name.starts_with(last));
    blocks.chain(["all".to_owned()]).chain(typed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(typed: &str) -> Vec<String> {
        suggestions(typed).into_iter().map(|suggestion| suggestion.word).collect()
    }

    #[test]
    fn keys_are_completed_by_short_name_or_by_path() {
        assert_eq!(suggested("ra"), ["rank="]);
        assert_eq!(suggested("epo"), ["epochs="]);
        assert_eq!(suggested("training.ep"), ["training.epochs="]);
        assert!(suggested("").len() > 40 && suggested("zebra").is_empty());
        assert_eq!(suggestions("ran")[0].meaning, "a whole number from 1 to 512, or one per layer: 4+8+16");
    }

    #[test]
    fn values_are_those_of_the_key_and_a_list_goes_on_with_others() {
        assert_eq!(suggested("model="), ["model=model_4", "model=model_5"]);
        assert_eq!(suggested("model=model_4,"), ["model=model_4,model_5"]);
        assert_eq!(suggested("split=p"), ["split=patient"]);
        assert_eq!(suggested("preset="), ["preset=published", "preset=peft"]);
        assert_eq!(suggested("dora=t"), ["dora=true"]);
        assert_eq!(suggested("device=f"), ["device=flex"]);
        assert_eq!(suggested("layers=block4+b").len(), 4);
        assert_eq!(
            suggested("layers=block5_"),
            ["layers=block5_conv1", "layers=block5_conv2", "layers=block5_conv3"]
        );
        assert_eq!(suggested("lr="), ["lr=0.005", "lr=auto"]);
        assert_eq!(suggested("epochs="), ["epochs=10"]);
        assert_eq!(suggested("rank="), ["rank=5"]);
        assert_eq!(suggested("jobs="), ["jobs=4"]);
        assert_eq!(suggested("tune=lr,weight_d"), ["tune=lr,weight_decay"]);
        assert!(suggested("rnak=").is_empty());
    }

    #[test]
    fn paths_are_named_for_those_who_can_list_them() {
        assert_eq!(path_in_setting("dataset=da"), Some("da"));
        assert_eq!(path_in_setting("dataset"), None);
        assert_eq!(path_in_setting("rank=5"), None);
    }
}
