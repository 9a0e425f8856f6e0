//! Answers of the database in the format that was asked for, written while they arrive.

use std::{
    io::{self, BufWriter, IsTerminal as _, Write},
    ops::ControlFlow,
};

use clap::ValueEnum;
use ranklab_store::{Answer, Store, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::{
    output::unless_read_enough,
    printable::{printable, printable_json},
    table::{Blocks, hexadecimal},
};

/// How an answer is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An aligned table for people: real numbers to six digits, the first 10,000 characters of a value.
    #[default]
    Table,
    /// Comma-separated values with a header: every digit and every byte; on a terminal, what would steer it is escaped.
    Csv,
    /// A list of objects; every digit.
    Json,
}

/// Runs a statement that reads and writes its answer to standard output, row by row.
///
/// # Errors
/// Those of [`Store::stream`], after the rows that came before, and when standard output cannot be written.
pub(crate) fn answer(store: &Store, sql: &str, format: Format) -> anyhow::Result<()> {
    answer_changed(store, sql, format, &|_| ())
}

/// Runs a statement that reads and writes its answer to standard output, each row as `change` leaves it.
///
/// # Errors
/// Those of [`Store::stream`], after the rows that came before, and when standard output cannot be written.
pub(crate) fn answer_changed(
    store: &Store,
    sql: &str,
    format: Format,
    change: &dyn Fn(&mut [Value]),
) -> anyhow::Result<()> {
    let output = io::stdout().lock();
    let escaped = output.is_terminal();
    let mut printer = Printer::new(BufWriter::new(output), format, escaped);
    let asked = store.stream(sql, &mut Changed { printer: &mut printer, change });
    // What came before an error is shown as well, and the error after it.
    let written = printer.finish(asked.is_ok()).or_else(unless_read_enough);
    asked?;
    written
}

/// Rows that are changed before they are written.
struct Changed<'a, W: Write> {
    printer: &'a mut Printer<W>,
    change: &'a dyn Fn(&mut [Value]),
}

impl<W: Write> Answer for Changed<'_, W> {
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()> {
        self.printer.columns(names)
    }

    fn row(&mut self, mut row: Vec<Value>) -> ControlFlow<()> {
        (self.change)(&mut row);
        self.printer.row(row)
    }
}

/// Writes an answer in a format while it arrives, and remembers the first failure.
struct Printer<W: Write> {
    output: Option<W>,
    format: Format,
    /// Whether CSV is read on a terminal.
    escaped: bool,
    sheet: Option<Sheet<W>>,
    failure: Option<io::Error>,
}

/// What has begun.
enum Sheet<W: Write> {
    Table(Blocks<W>),
    Csv(Box<csv::Writer<W>>),
    Json { output: W, names: Vec<String>, rows: usize },
}

impl<W: Write> Printer<W> {
    fn new(output: W, format: Format, escaped: bool) -> Self {
        Self { output: Some(output), format, escaped, sheet: None, failure: None }
    }

    /// Ends the answer: whole, or after an error as it stands.
    fn finish(mut self, whole: bool) -> io::Result<()> {
        match (self.failure, self.sheet.take()) {
            (Some(failure), _) => Err(failure),
            (None, None) => Ok(()),
            (None, Some(Sheet::Table(blocks))) if whole => blocks.finish(),
            (None, Some(Sheet::Table(blocks))) => blocks.break_off(),
            (None, Some(Sheet::Csv(mut writer))) => writer.flush(),
            (None, Some(Sheet::Json { mut output, rows, .. })) => {
                if whole {
                    output.write_all(if rows == 0 { b"[]\n" } else { b"\n]\n" })?;
                }
                output.flush()
            }
        }
    }

    fn begin(&mut self, names: Vec<String>) -> io::Result<()> {
        let Some(output) = self.output.take() else { return Ok(()) };
        self.sheet = Some(match self.format {
            Format::Table => Sheet::Table(Blocks::new(output, names)),
            Format::Json => Sheet::Json { output, names: unique(&names), rows: 0 },
            Format::Csv => {
                let mut writer = Box::new(csv::Writer::from_writer(output));
                if !names.is_empty() {
                    let names = names.iter().map(|name| field(name, self.escaped));
                    writer.write_record(names).map_err(cause)?;
                }
                Sheet::Csv(writer)
            }
        });
        Ok(())
    }

    fn write(&mut self, row: Vec<Value>) -> io::Result<()> {
        match &mut self.sheet {
            None => Ok(()),
            Some(Sheet::Table(blocks)) => blocks.row(row),
            Some(Sheet::Csv(writer)) => {
                let fields = row.iter().map(|value| match value {
                    Value::Null => String::new(),
                    Value::Integer(number) => number.to_string(),
                    Value::Real(number) => format!("{number:?}"),
                    Value::Text(text) => field(text, self.escaped),
                    Value::Blob(bytes) => hexadecimal(bytes),
                });
                writer.write_record(fields).map_err(cause)
            }
            Some(Sheet::Json { output, names, rows }) => {
                let object = serde_json::to_string_pretty(&Object { names, row: &row })?;
                let object = printable_json(&object).replace('\n', "\n  ");
                write!(output, "{}{object}", if *rows == 0 { "[\n  " } else { ",\n  " })?;
                *rows += 1;
                Ok(())
            }
        }
    }

    fn note(&mut self, outcome: io::Result<()>) -> ControlFlow<()> {
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                self.failure = Some(failure);
                ControlFlow::Break(())
            }
        }
    }
}

impl<W: Write> Answer for Printer<W> {
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()> {
        let outcome = self.begin(names);
        self.note(outcome)
    }

    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        let outcome = self.write(row);
        self.note(outcome)
    }
}

/// What kept CSV from being written: the output's own error, where it is one.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A text as a field of CSV.
fn field(text: &str, escaped: bool) -> String {
    if escaped { printable(text) } else { text.to_owned() }
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
    use ranklab_store::QueryResult;

    use super::*;

    /// The answer as text that ends with a line break.
    fn render(answer: &QueryResult, format: Format, escaped: bool) -> String {
        let mut text = Vec::new();
        let mut printer = Printer::new(&mut text, format, escaped);
        assert!(printer.columns(answer.columns.clone()).is_continue());
        assert!(answer.rows.iter().all(|row| printer.row(row.clone()).is_continue()));
        printer.finish(true).unwrap();
        String::from_utf8(text).unwrap()
    }

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
        let text = render(&answer(), Format::Table, false);
        let lines: Vec<&str> = text.lines().collect();
        let row = |start: &str| *lines.iter().find(|line| line.trim_start().starts_with(start)).unwrap();
        assert!(row("12").contains("0.980385") && row("12").contains("5.000e-6"), "{text}");
        assert!(row("3").contains("0.500000") && row("3").contains("a\\n\\u{1b}[2Jé"), "{text}");
        assert_eq!(row("12").find("12").unwrap() + 1, row("3").find('3').unwrap(), "{text}");
        assert_eq!(lines.last(), Some(&"2 rows"));
    }

    #[test]
    fn csv_keeps_every_digit_and_byte_and_on_a_terminal_shows_what_would_steer_it() {
        let head = "run,layers,accuracy,rate,run\n12,\"block5, all\",0.980384615,5e-6,00ff\n3,,0.5,inf,";
        assert_eq!(render(&answer(), Format::Csv, false), format!("{head}\"a\n\u{1b}[2Jé\"\n"));
        assert_eq!(render(&answer(), Format::Csv, true), format!("{head}a\\n\\u{{1b}}[2Jé\n"));
    }

    #[test]
    fn json_keeps_the_columns_order_and_names_doubles_apart() {
        let text = render(&answer(), Format::Json, false);
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(rows[0]["run"], 12);
        assert_eq!(rows[0]["run_2"], "00ff");
        assert_eq!(rows[0]["accuracy"], 0.980_384_615);
        assert!(rows[1]["layers"].is_null() && rows[1]["rate"].is_null());
        let place = |name: &str| text.find(name).unwrap();
        assert!(place("layers") < place("accuracy") && place("accuracy") < place("rate"));
        assert!(text.starts_with("[\n  {\n    \"run\": 12,\n") && text.ends_with("\n  }\n]\n"), "{text}");
    }

    #[test]
    fn an_empty_answer_still_names_its_columns() {
        let empty = QueryResult { rows: Vec::new(), ..answer() };
        assert!(render(&empty, Format::Table, false).contains("accuracy"));
        assert!(render(&empty, Format::Table, false).ends_with("no rows\n"));
        assert_eq!(render(&empty, Format::Csv, false), "run,layers,accuracy,rate,run\n");
        assert_eq!(render(&empty, Format::Json, false), "[]\n");
        assert_eq!(render(&QueryResult::default(), Format::Table, false), "no rows\n");
        assert_eq!(render(&QueryResult::default(), Format::Csv, false), "");
    }

    #[test]
    fn a_reader_that_has_read_enough_ends_the_query() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        for format in [Format::Table, Format::Csv, Format::Json] {
            let mut printer = Printer::new(Closed, format, false);
            let mut rows = 0;
            let _ = printer.columns(vec!["x".to_owned()]);
            while printer.row(vec![Value::Text("y".repeat(1000))]).is_continue() {
                rows += 1;
                assert!(rows < 10_000, "{format:?} goes on without a reader");
            }
            let failure = printer.finish(true).unwrap_err();
            assert!(unless_read_enough(failure).is_ok(), "{format:?}");
        }
    }
}
