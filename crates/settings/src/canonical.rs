//! Canonical JSON with sorted keys and no spaces: equal values have equal texts and equal hashes.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Canonical JSON of `value`.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_sorted(value, &mut text);
    text
}

/// SHA-256 of a text, in hexadecimal digits.
pub(crate) fn sha256(text: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(text))
}

/// Writes JSON with sorted keys and no spaces, whatever order serde_json keeps.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                *text += &format!("{}:", Value::String(name.clone()));
                write_sorted(value, text);
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_sorted(value, text);
            }
            text.push(']');
        }
        plain => *text += &plain.to_string(),
    }
}
