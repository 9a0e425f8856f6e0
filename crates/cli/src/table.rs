//! Answers of the database as an aligned table, CSV or JSON.

use clap::ValueEnum;
use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use ranklab_store::{QueryResult, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::printable::printable;

/// How an answer is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An aligned table for people; real numbers to six digits.
    #[default]
    Table,
    /// Comma-separated values with a header; every digit.
    Csv,
    /// A list of objects; every digit.
    Json,
}

/// The answer as text that ends with a line break.
pub(crate) fn render(answer: &QueryResult, format: Format) -> anyhow::Result<String> {
    match format {
        Format::Table => Ok(format!("{}{}\n", table(answer), count(answer.rows.len()))),
        Format::Csv => csv(answer),
        Format::Json => json(answer),
    }
}

fn count(rows: usize) -> String {
    match rows {
        0 => "no rows".to_owned(),
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    }
}

/// The answer as an aligned table without a count of its rows; empty where a statement answers nothing.
pub(crate) fn table(answer: &QueryResult) -> String {
    if answer.columns.is_empty() {
        return String::new();
    }
    let decimals: Vec<usize> = (0..answer.columns.len()).map(|column| decimals(answer, column)).collect();
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(answer.columns.iter().enumerate().map(|(column, name)| {
        let numeric =
            answer.rows.iter().any(|row| matches!(row.get(column), Some(Value::Integer(_) | Value::Real(_))));
        let alignment = if numeric { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(printable(name)).set_alignment(alignment)
    }));
    for row in &answer.rows {
        table.add_row(row.iter().zip(&decimals).map(|(value, decimals)| cell(value, *decimals)));
    }
    format!("{}\n", table.trim_fmt())
}

fn cell(value: &Value, decimals: usize) -> Cell {
    match value {
        Value::Null => Cell::new(""),
        Value::Integer(number) => Cell::new(number).set_alignment(CellAlignment::Right),
        Value::Real(number) => Cell::new(real(*number, decimals)).set_alignment(CellAlignment::Right),
        Value::Text(text) => Cell::new(printable(text)),
        Value::Blob(bytes) => Cell::new(hexadecimal(bytes)),
    }
}

/// Decimals that show the real numbers of a column to six digits, without zeros that all of them end with.
fn decimals(answer: &QueryResult, column: usize) -> usize {
    let of_one = |value: &Value| match value {
        Value::Real(number) if is_plain(*number) => {
            let magnitude = if *number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
            let text = format!("{number:.*}", usize::try_from(5 - magnitude).unwrap_or(0).min(6));
            text.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len())
        }
        _ => 0,
    };
    answer.rows.iter().filter_map(|row| row.get(column)).map(of_one).max().unwrap_or(0)
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

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn csv(answer: &QueryResult) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if !answer.columns.is_empty() {
        writer.write_record(&answer.columns)?;
    }
    for row in &answer.rows {
        writer.write_record(row.iter().map(|value| match value {
            Value::Null => String::new(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => text.clone(),
            Value::Blob(bytes) => hexadecimal(bytes),
        }))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn json(answer: &QueryResult) -> anyhow::Result<String> {
    let names = unique(&answer.columns);
    let rows: Vec<_> = answer.rows.iter().map(|row| Object { names: &names, row }).collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&rows)?))
}

/// Names with a number behind those that came before: `image`, `image_2`.
fn unique(columns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{column}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// A row as a JSON object in the order of its columns.
struct Object<'a> {
    names: &'a [String],
    row: &'a [Value],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.row.len()))?;
        for (name, value) in self.names.iter().zip(self.row) {
            match value {
                Value::Null => map.serialize_entry(name, &())?,
                Value::Integer(number) => map.serialize_entry(name, number)?,
                Value::Real(number) => map.serialize_entry(name, number)?,
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Blob(bytes) => map.serialize_entry(name, &hexadecimal(bytes))?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> QueryResult {
        QueryResult {
            columns: ["run", "layers", "accuracy", "rate", "run"].map(str::to_owned).into(),
            rows: vec![
                vec![
                    Value::Integer(12),
                    Value::Text("block5, all".into()),
                    Value::Real(0.980_384_615),
                    Value::Real(5e-6),
                    Value::Blob(vec![0, 255]),
                ],
                vec![
                    Value::Integer(3),
                    Value::Null,
                    Value::Real(0.5),
                    Value::Real(f64::INFINITY),
                    Value::Text("a\n\u{1b}[2Jé".into()),
                ],
            ],
        }
    }

    #[test]
    fn a_table_aligns_numbers_and_escapes_what_would_break_it() {
        let text = render(&answer(), Format::Table).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let row = |start: &str| *lines.iter().find(|line| line.trim_start().starts_with(start)).unwrap();
        assert!(row("12").contains("0.980385") && row("12").contains("5.000e-6"), "{text}");
        assert!(row("3").contains("0.500000") && row("3").contains("a\\n\\u{1b}[2Jé"), "{text}");
        assert_eq!(row("12").find("12").unwrap() + 1, row("3").find('3').unwrap(), "{text}");
        assert_eq!(lines.last(), Some(&"2 rows"));
    }

    #[test]
    fn csv_keeps_every_digit_and_quotes_commas() {
        let text = render(&answer(), Format::Csv).unwrap();
        assert_eq!(
            text,
            "run,layers,accuracy,rate,run\n12,\"block5, all\",0.980384615,5e-6,00ff\n3,,0.5,inf,\"a\n\u{1b}[2Jé\"\n"
        );
    }

    #[test]
    fn json_keeps_the_columns_order_and_names_doubles_apart() {
        let text = render(&answer(), Format::Json).unwrap();
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(rows[0]["run"], 12);
        assert_eq!(rows[0]["run_2"], "00ff");
        assert_eq!(rows[0]["accuracy"], 0.980_384_615);
        assert!(rows[1]["layers"].is_null() && rows[1]["rate"].is_null());
        let place = |name: &str| text.find(name).unwrap();
        assert!(place("layers") < place("accuracy") && place("accuracy") < place("rate"));
    }

    #[test]
    fn an_empty_answer_still_names_its_columns() {
        let empty = QueryResult { rows: Vec::new(), ..answer() };
        assert!(render(&empty, Format::Table).unwrap().contains("accuracy"));
        assert!(render(&empty, Format::Table).unwrap().ends_with("no rows\n"));
        assert_eq!(render(&empty, Format::Csv).unwrap(), "run,layers,accuracy,rate,run\n");
        assert_eq!(render(&empty, Format::Json).unwrap(), "[]\n");
        assert_eq!(render(&QueryResult::default(), Format::Table).unwrap(), "no rows\n");
    }

    #[test]
    fn whole_reals_lose_their_zeros_and_zero_stays_zero() {
        let column = |numbers: &[f64]| QueryResult {
            columns: vec!["x".into()],
            rows: numbers.iter().map(|number| vec![Value::Real(*number)]).collect(),
        };
        assert_eq!(decimals(&column(&[0.0, 2.0, 1e15]), 0), 0);
        assert_eq!(decimals(&column(&[0.005, 12.5]), 0), 3);
        assert_eq!(decimals(&column(&[1_234.567_89]), 0), 2);
        assert_eq!(real(-0.25, 2), "-0.25");
        assert_eq!(real(f64::NAN, 2), "NaN");
    }
}
