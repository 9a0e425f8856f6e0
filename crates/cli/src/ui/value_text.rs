//! Values of a query as texts of a table: real numbers to six digits, bytes in hexadecimal, long values cut.

use ranklab_store::{QueryResult, Value};

use super::printable::printable;

/// Characters of one value that a table shows at most.
pub(super) const VALUE_CHARACTERS: usize = 10_000;

/// Whether a value is aligned and never shortened.
pub(super) fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Real(_))
}

/// A value as a table shows it where there is room.
pub(super) fn value_text(value: &Value, decimals: usize) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => real(*number, decimals),
        Value::Text(text) => cut_text(&printable(first(text))),
        Value::Blob(bytes) => cut_text(&hexadecimal(&bytes[..bytes.len().min(VALUE_CHARACTERS)])),
    }
}

/// A little more of a text than a table shows.
pub(super) fn first(text: &str) -> &str {
    text.char_indices().nth(VALUE_CHARACTERS + 1).map_or(text, |(end, _)| &text[..end])
}

/// A text that no table shows whole is cut, with a note.
pub(super) fn cut_text(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{} … (cut; --format csv shows all)", &text[..end]),
        None => text.to_owned(),
    }
}

/// Decimals that show the real numbers of a column to six digits, without trailing zeros that all of them share.
pub(super) fn decimals_of(result: &QueryResult, column: usize) -> usize {
    let of_one = |value: &Value| match value {
        Value::Real(number) if is_plain(*number) => {
            let magnitude = if *number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
            let text = format!("{number:.*}", usize::try_from(5 - magnitude).unwrap_or(0).min(6));
            text.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len())
        }
        _ => 0,
    };
    result.rows.iter().filter_map(|row| row.get(column)).map(of_one).max().unwrap_or(0)
}

/// Whether a number reads well without an exponent.
fn is_plain(number: f64) -> bool {
    number == 0.0 || (1e-4..1e15).contains(&number.abs())
}

fn real(number: f64, decimals: usize) -> String {
    if is_plain(number) {
        format!("{number:.decimals$}")
    } else if number.is_finite() {
        format!("{number:.3e}")
    } else {
        number.to_string()
    }
}

/// Bytes in hexadecimal, two digits each.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: Vec<Value>) -> QueryResult {
        QueryResult { columns: vec!["x".into()], rows: values.into_iter().map(|value| vec![value]).collect() }
    }

    #[test]
    fn whole_reals_lose_their_zeros_and_zero_stays_zero() {
        let reals = |numbers: &[f64]| column(numbers.iter().map(|number| Value::Real(*number)).collect());
        assert_eq!(decimals_of(&reals(&[0.0, 2.0, 1e15]), 0), 0);
        assert_eq!(decimals_of(&reals(&[0.005, 12.5]), 0), 3);
        assert_eq!(decimals_of(&reals(&[1_234.567_89]), 0), 2);
        assert_eq!(real(-0.25, 2), "-0.25");
        assert_eq!(real(f64::NAN, 2), "NaN");
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        for value in [
            Value::Text("é".repeat(VALUE_CHARACTERS + 1)),
            Value::Text("\u{1}".repeat(VALUE_CHARACTERS)),
            Value::Blob(vec![7; VALUE_CHARACTERS]),
        ] {
            let text = value_text(&value, 0);
            assert!(text.contains(" … (cut; --format csv shows all)"));
            assert!(text.chars().count() < VALUE_CHARACTERS + 100);
        }
        assert!(!value_text(&Value::Text("é".repeat(VALUE_CHARACTERS)), 0).contains("cut"));
    }
}
