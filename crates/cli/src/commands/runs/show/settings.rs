//! The settings of a run that differ from the published protocol.

use std::collections::BTreeMap;

use ranklab_settings::{default_settings, short_name};
use serde_json::Value;

/// Settings that other lines of the text show.
const SHOWN: [&str; 6] =
    ["data.dataset", "data.split.seed", "model.weights", "training.seed", "device", "data.split.fold"];

/// The settings of the configuration `config`, JSON, that are not at their defaults, by their short names:
/// `epochs=5 …`.
pub(super) fn changed_settings(config: &str) -> String {
    let Ok(config) = serde_json::from_str::<Value>(config) else { return String::new() };
    let defaults = flat(&default_settings());
    let changed = flat(&config)
        .into_iter()
        .filter(|(path, value)| defaults.get(path) != Some(value) && !SHOWN.contains(&path.as_str()));
    let name = |path: &str| short_name(path).map_or_else(|| path.to_owned(), str::to_owned);
    let changed: Vec<String> = changed.map(|(path, value)| format!("{}={value}", name(&path))).collect();
    changed.join(" ")
}

/// The values of a nested object by their paths.
fn flat(value: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect("", value, &mut found);
    found
}

fn collect(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, value, found);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            found.insert(path.to_owned(), text.clone());
        }
        other => {
            found.insert(path.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_the_protocol_is_named() {
        let mut config = default_settings();
        assert_eq!(changed_settings(&config.to_string()), "");
        config["training"]["epochs"] = 5.into();
        config["training"]["seed"] = 7.into();
        config["adapter"]["dora"] = true.into();
        assert_eq!(changed_settings(&config.to_string()), "dora=true epochs=5");
        assert_eq!(changed_settings("no JSON"), "");
    }
}
