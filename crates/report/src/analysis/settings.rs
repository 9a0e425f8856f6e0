//! Settings of a run: which make runs repeats of one another, and in which configurations differ.

use std::collections::{BTreeMap, BTreeSet};

use ranklab_settings::LEFT_OUT;
use ranklab_store::NewRun;
use serde_json::Value;

use super::configuration::SettingValue;

/// Digits of the image set's hash among the settings.
const HASH_DIGITS: usize = 12;

/// Keys in which repeats differ, at any depth of a configuration. The database's views leave them out as well.
const REPEAT_KEYS: [&str; 3] = ["seed", "split_seed", "fold"];

/// Keys that change nothing that is computed: words of reports.
const WORD_KEYS: [&str; 2] = ["group_word", "image_word"];

/// A configuration without its seeds and its fold, as dotted paths and values. Text that is no JSON
/// object has no settings of its own.
pub(crate) fn settings(run: &NewRun) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    if let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(&run.config) {
        flatten(&value, String::new(), &mut settings);
        for (path, default) in LEFT_OUT {
            settings.entry(path.to_owned()).or_insert_with(|| default.to_owned());
        }
    } else {
        settings.insert("config".to_owned(), run.config.clone());
    }
    // Not part of a configuration, but runs on other images are no repeats either.
    settings.insert("images".to_owned(), run.image_set_hash.chars().take(HASH_DIGITS).collect());
    settings
}

/// The settings that no configuration's name holds by itself, without those that its split does not use.
pub(crate) fn unnamed(settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const NAMED: [&str; 4] = ["architecture", "layers", "rank", "preset"];
    let named = |path: &str| path.rsplit('.').next().is_some_and(|last| NAMED.contains(&last));
    let idle: &[&str] = match settings.get("data.split.kind").map(String::as_str) {
        Some("random") => &["data.split.folds"],
        Some("patient") => &["data.split.test_fraction"],
        Some("given") => &["data.split.folds", "data.split.test_fraction"],
        _ => &[],
    };
    let kept = settings.iter().filter(|(path, _)| !named(path) && !idle.contains(&path.as_str()));
    kept.map(|(path, value)| (path.clone(), value.clone())).collect()
}

fn flatten(value: &Value, path: String, settings: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            let is_left_out = |key: &str| REPEAT_KEYS.contains(&key) || WORD_KEYS.contains(&key);
            for (key, value) in fields.iter().filter(|(key, _)| !is_left_out(key)) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, path, settings);
            }
        }
        Value::String(text) => {
            settings.insert(path, text.clone());
        }
        other => {
            settings.insert(path, other.to_string());
        }
    }
}

/// The settings of each configuration in which it differs from those with the same base, none where nothing else has
/// its base. Each configuration is its base (model, preset) and its other settings.
pub(crate) fn differences<B: Ord>(
    configurations: &[(B, BTreeMap<String, String>)],
) -> Vec<Vec<SettingValue>> {
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    // Settings that are equal in all that have the same base and have them at all do not differ among these.
    let mut first_of: BTreeMap<(&B, &str), &str> = BTreeMap::new();
    for (base, settings) in configurations {
        for (path, value) in settings {
            if *first_of.entry((base, path)).or_insert(value) != value {
                paths.insert(path);
            }
        }
    }
    let differing = |settings: &BTreeMap<String, String>| {
        let known = paths.iter().filter_map(|path| Some((path, settings.get(*path)?)));
        let named = known.map(|(path, value)| SettingValue {
            name: short_name(path, &paths).to_owned(),
            value: value.clone(),
        });
        named.collect()
    };
    configurations.iter().map(|(_, settings)| differing(settings)).collect()
}

/// Settings as people write them: `epochs=20 learning_rate=0.01`.
pub(crate) fn written<'a>(settings: impl IntoIterator<Item = &'a SettingValue>) -> String {
    let pairs = settings.into_iter().map(|SettingValue { name, value }| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

/// The last part of a path where no other path ends in it.
fn short_name<'a>(path: &'a str, paths: &BTreeSet<&str>) -> &'a str {
    // Its last part, `kind`, says nothing.
    if path == "data.split.kind" {
        return "split";
    }
    let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
    let name = last(path);
    let shared = paths.iter().filter(|other| other.rsplit('.').next() == Some(name)).count() > 1;
    if shared { path } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &str) -> NewRun {
        NewRun { config: config.into(), image_set_hash: "images".into(), ..NewRun::default() }
    }

    #[test]
    fn seeds_and_folds_are_repeats_and_anything_else_is_not() {
        let one = run(
            r#"{"training":{"seed":1,"epochs":2},"data":{"split":{"kind":"patient","fold":0,"seed":3}}}"#,
        );
        let two = run(
            r#"{"data":{"split":{"seed":4,"kind":"patient","fold":2}},"training":{"epochs":2,"seed":9}}"#,
        );
        assert_eq!(settings(&one), settings(&two));
        let longer = run(r#"{"data":{"split":{"kind":"patient"}},"training":{"epochs":3}}"#);
        assert_ne!(settings(&one), settings(&longer));
        assert_ne!(settings(&one), settings(&NewRun { image_set_hash: "others".into(), ..one.clone() }));
    }

    fn differences<B: Ord>(configurations: &[(B, BTreeMap<String, String>)]) -> Vec<String> {
        super::differences(configurations).iter().map(written).collect()
    }

    #[test]
    fn a_difference_is_named_only_where_the_rest_is_equal() {
        let of = |config: &str| settings(&run(config));
        let configurations = [
            ("model_5 rank 5", of(r#"{"training":{"learning_rate":0.005},"rank":5}"#)),
            ("model_5 rank 5", of(r#"{"training":{"learning_rate":0.01},"rank":5}"#)),
            ("model_5 rank 9", of(r#"{"training":{"learning_rate":0.005},"rank":9}"#)),
        ];
        let expected = ["learning_rate=0.005", "learning_rate=0.01", "learning_rate=0.005"];
        assert_eq!(differences(&configurations), expected);
        assert_eq!(differences(&configurations[1..]), ["", ""]);
        let of_split =
            |kind: &str| ("model_4", of(&format!(r#"{{"data":{{"split":{{"kind":"{kind}"}}}}}}"#)));
        assert_eq!(
            differences(&[of_split("random"), of_split("patient")]),
            ["split=random", "split=patient"]
        );
        let random = of(r#"{"data":{"split":{"kind":"random","folds":5,"test_fraction":0.1}}}"#);
        let patient = of(r#"{"data":{"split":{"kind":"patient","folds":3,"test_fraction":0.1}}}"#);
        let used = [("model_4", unnamed(&random)), ("model_4", unnamed(&patient))];
        assert_eq!(differences(&used), ["split=random", "split=patient"]);
        // A given split uses neither.
        let given = of(r#"{"data":{"split":{"kind":"given","folds":5,"test_fraction":0.3}}}"#);
        assert_eq!(unnamed(&given).keys().collect::<Vec<_>>(), ["data.split.kind", "images", "precision"]);
        let rounded = [of("{}"), of(r#"{"precision":"int8"}"#)].map(|settings| ("model_4", settings));
        assert_eq!(differences(&rounded), ["precision=f32", "precision=int8"]);
    }
}
