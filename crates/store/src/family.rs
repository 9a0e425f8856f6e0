//! Families of runs, which are repeats of one another: a configuration without its seeds and its fold.

use serde_json::Value;

use crate::record::NewRun;

/// Keys in which repeats differ, at any depth of a configuration.
const REPEAT_KEYS: [&str; 3] = ["seed", "split_seed", "fold"];

/// The run with a family: the one that it has, or else one from its configuration.
pub(crate) fn with_family(run: &NewRun) -> NewRun {
    let mut run = run.clone();
    if run.family.is_empty() {
        run.family = family(&run.config);
    }
    run
}

/// The configuration as canonical JSON without its seeds and its fold. Runs of the same family on the
/// same images are repeats of each other. Text that is no JSON is a family as it is.
fn family(config: &str) -> String {
    serde_json::from_str(config).map_or_else(|_| config.to_owned(), |value| canonical(&value).to_string())
}

/// The value without the keys above and with sorted keys, whatever order serde_json keeps.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().filter(|(key, _)| !REPEAT_KEYS.contains(&key.as_str())).collect();
            fields.sort_by_key(|(key, _)| *key);
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_folds_do_not_part_a_family() {
        let one =
            r#"{"training":{"seed":1,"epochs":2},"data":{"split":{"kind":"patient","fold":0,"seed":3}}}"#;
        let two =
            r#"{"data":{"split":{"seed":4,"kind":"patient","fold":2}},"training":{"epochs":2,"seed":9}}"#;
        assert_eq!(family(one), family(two));
        assert_eq!(family(one), r#"{"data":{"split":{"kind":"patient"}},"training":{"epochs":2}}"#);
    }

    #[test]
    fn any_other_key_parts_a_family() {
        assert_ne!(family(r#"{"alpha":8,"seed":1}"#), family(r#"{"alpha":16,"seed":1}"#));
        assert_eq!(family("no json"), "no json");
    }
}
