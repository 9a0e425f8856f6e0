//! Values that the server sent as text, by what they are.

use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use super::driver::{Failure, Outcome};
use crate::value::Value;

/// The values of a row that came as text.
pub(super) fn values(row: &PgRow) -> Outcome<Vec<Value>> {
    (0..row.len()).map(|column| value(row.try_get_raw(column)?)).collect()
}

fn value(raw: PgValueRef<'_>) -> Outcome<Value> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().name().to_owned();
    let text = raw.as_str().map_err(Failure::Decode)?;
    Ok(of_kind(&kind, text).unwrap_or_else(|| Value::Text(text.to_owned())))
}

/// The value of a type that is not shown as the server writes it. Truth is 1 and 0, as in SQLite.
fn of_kind(kind: &str, text: &str) -> Option<Value> {
    match kind {
        "INT2" | "INT4" | "INT8" | "OID" => text.parse().ok().map(Value::Integer),
        "FLOAT4" | "FLOAT8" => text.parse().ok().map(Value::Real),
        // A sum of whole numbers is one; others are shown with the digits of a real number.
        "NUMERIC" if !text.contains('.') && text.parse::<i64>().is_ok() => {
            text.parse().ok().map(Value::Integer)
        }
        "NUMERIC" => text.parse().ok().map(Value::Real),
        "BOOL" => Some(Value::Integer(i64::from(text == "t"))),
        "BYTEA" => bytes(text).map(Value::Blob),
        _ => None,
    }
}

/// Bytes in hexadecimal digits, as the server writes them.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?;
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_common_types_are_read_and_others_stay_text() {
        for (kind, text, expected) in [
            ("INT8", "-9223372036854775808", Some(Value::Integer(i64::MIN))),
            ("FLOAT8", "0.1", Some(Value::Real(0.1))),
            ("FLOAT8", "-Infinity", Some(Value::Real(f64::NEG_INFINITY))),
            ("NUMERIC", "12", Some(Value::Integer(12))),
            ("NUMERIC", "2.0000000000000000", Some(Value::Real(2.0))),
            ("NUMERIC", "18446744073709551616", Some(Value::Real(18_446_744_073_709_551_616.0))),
            ("BOOL", "t", Some(Value::Integer(1))),
            ("BOOL", "f", Some(Value::Integer(0))),
            ("BYTEA", "\\x00ff", Some(Value::Blob(vec![0, 255]))),
            ("TIMESTAMPTZ", "2026-01-01 00:00:00+00", None),
        ] {
            assert_eq!(of_kind(kind, text), expected, "{kind} {text}");
        }
    }
}
