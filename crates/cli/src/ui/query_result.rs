//! Query results on standard output as a table, CSV or JSON, written row by row as they arrive.

use std::{
    io::{self, BufWriter, IsTerminal as _, StdoutLock, Write},
    ops::ControlFlow,
};

use clap::ValueEnum;
use ranklab_store::{Answer, QueryResult, Store, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{
    chosen_columns::ChosenColumns,
    fitting::Fitting,
    output::unless_closed,
    printable::{printable, printable_json},
    table::TableWriter,
    value_text::hexadecimal,
};

/// Format of a query result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned table: real numbers to six digits, at most 10,000 characters of a value.
    #[default]
    Table,
    /// Comma-separated values with a header: all digits and bytes; control characters are escaped on a terminal.
    Csv,
    /// List of objects with all digits.
    Json,
}

/// Runs a statement that reads and prints its result, or the columns that are chosen of it; a table is fitted.
///
/// # Errors
/// Those of [`Store::stream`], after the rows that came before, when a chosen column is not in the result, and when
/// standard output cannot be written.
pub(crate) fn print_query(
    store: &Store,
    sql: &str,
    columns: &[String],
    format: Format,
    fitting: Fitting,
) -> anyhow::Result<()> {
    let mut writer = on_output(format, fitting);
    let queried = match columns {
        [] => store.stream(sql, &mut writer),
        names => {
            let mut chosen = ChosenColumns::new(&mut writer, names);
            let queried = store.stream(sql, &mut chosen);
            if let Some(problem) = chosen.problem() {
                return Err(problem);
            }
            queried
        }
    };
    // Rows that came before an error are printed as well, and the error after them.
    let written = writer.finish(queried.is_ok()).or_else(unless_closed);
    queried?;
    written
}

/// Prints a result; a table is fitted.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn print_result(result: QueryResult, format: Format, fitting: Fitting) -> anyhow::Result<()> {
    let mut writer = on_output(format, fitting);
    let mut flow = writer.columns(result.columns);
    for row in result.rows {
        if flow.is_continue() {
            flow = writer.row(row);
        }
    }
    writer.finish(true).or_else(unless_closed)
}

/// A writer on standard output.
fn on_output(format: Format, fitting: Fitting) -> ResultWriter<BufWriter<StdoutLock<'static>>> {
    let output = io::stdout().lock();
    let on_terminal = output.is_terminal();
    ResultWriter::new(BufWriter::new(output), format, on_terminal, fitting)
}

/// Writes a query result as it arrives, and keeps the first failure.
struct ResultWriter<W: Write> {
    output: Option<W>,
    format: Format,
    /// Whether CSV goes to a terminal, which control characters would confuse.
    on_terminal: bool,
    /// How a table is fitted.
    fitting: Fitting,
    /// The format's writer, once the columns are known.
    rows: Option<RowWriter<W>>,
    failure: Option<io::Error>,
}

/// The writer of rows in one format.
enum RowWriter<W: Write> {
    Table(Box<TableWriter<W>>),
    Csv(Box<csv::Writer<W>>),
    Json { output: W, names: Vec<String>, count: usize },
}

impl<W: Write> ResultWriter<W> {
    fn new(output: W, format: Format, on_terminal: bool, fitting: Fitting) -> Self {
        Self { output: Some(output), format, on_terminal, fitting, rows: None, failure: None }
    }

    /// Ends the result: `whole`, or incomplete after an error.
    fn finish(mut self, whole: bool) -> io::Result<()> {
        match (self.failure, self.rows.take()) {
            (Some(failure), _) => Err(failure),
            (None, None) => Ok(()),
            (None, Some(RowWriter::Table(table))) if whole => table.finish(),
            (None, Some(RowWriter::Table(table))) => table.break_off(),
            (None, Some(RowWriter::Csv(mut writer))) => writer.flush(),
            (None, Some(RowWriter::Json { mut output, count, .. })) => {
                if whole {
                    output.write_all(if count == 0 { b"[]\n" } else { b"\n]\n" })?;
                }
                output.flush()
            }
        }
    }

    fn begin(&mut self, names: Vec<String>) -> io::Result<()> {
        let Some(output) = self.output.take() else { return Ok(()) };
        self.rows = Some(match self.format {
            Format::Table => {
                RowWriter::Table(Box::new(TableWriter::new(output, names, self.fitting.clone())))
            }
            Format::Json => RowWriter::Json { output, names: unique(&names), count: 0 },
            Format::Csv => {
                let mut writer = Box::new(csv::Writer::from_writer(output));
                if !names.is_empty() {
                    let names = names.iter().map(|name| field(name, self.on_terminal));
                    writer.write_record(names).map_err(output_error)?;
                }
                RowWriter::Csv(writer)
            }
        });
        Ok(())
    }

    fn write(&mut self, row: Vec<Value>) -> io::Result<()> {
        match &mut self.rows {
            None => Ok(()),
            Some(RowWriter::Table(table)) => table.row(row),
            Some(RowWriter::Csv(writer)) => {
                let fields = row.iter().map(|value| match value {
                    Value::Null => String::new(),
                    Value::Integer(number) => number.to_string(),
                    Value::Real(number) => format!("{number:?}"),
                    Value::Text(text) => field(text, self.on_terminal),
                    Value::Blob(bytes) => hexadecimal(bytes),
                });
                writer.write_record(fields).map_err(output_error)
            }
            Some(RowWriter::Json { output, names, count }) => {
                let object = serde_json::to_string_pretty(&Object { names, row: &row })?;
                let object = printable_json(&object).replace('\n', "\n  ");
                write!(output, "{}{object}", if *count == 0 { "[\n  " } else { ",\n  " })?;
                *count += 1;
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

impl<W: Write> Answer for ResultWriter<W> {
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()> {
        let outcome = self.begin(names);
        self.note(outcome)
    }

    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        let outcome = self.write(row);
        self.note(outcome)
    }
}

/// The error that kept CSV from being written: that of the output, where there is one.
fn output_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A text as a field of CSV.
fn field(text: &str, on_terminal: bool) -> String {
    if on_terminal { printable(text) } else { text.to_owned() }
}

/// Column names without repeats: a repeated name gets a number, as in `image` and `image_2`.
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

/// A row as a JSON object, its columns in order.
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

    /// The result as text that ends with a line break.
    fn render(result: &QueryResult, format: Format, on_terminal: bool) -> String {
        let mut text = Vec::new();
        let mut writer = ResultWriter::new(&mut text, format, on_terminal, Fitting::none());
        assert!(writer.columns(result.columns.clone()).is_continue());
        assert!(result.rows.iter().all(|row| writer.row(row.clone()).is_continue()));
        writer.finish(true).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn result() -> QueryResult {
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
    fn a_table_aligns_numbers_and_escapes_control_characters() {
        let text = render(&result(), Format::Table, false);
        let lines: Vec<&str> = text.lines().collect();
        let row = |start: &str| *lines.iter().find(|line| line.trim_start().starts_with(start)).unwrap();
        assert!(row("12").contains("0.980385") && row("12").contains("5.000e-6"), "{text}");
        assert!(row("3").contains("0.500000") && row("3").contains("a\\n\\u{1b}[2Jé"), "{text}");
        assert_eq!(row("12").find("12").unwrap() + 1, row("3").find('3').unwrap(), "{text}");
        assert_eq!(lines.last(), Some(&"2 rows"));
    }

    #[test]
    fn csv_keeps_every_digit_and_byte_and_escapes_control_characters_on_a_terminal() {
        let head = "run,layers,accuracy,rate,run\n12,\"block5, all\",0.980384615,5e-6,00ff\n3,,0.5,inf,";
        assert_eq!(render(&result(), Format::Csv, false), format!("{head}\"a\n\u{1b}[2Jé\"\n"));
        assert_eq!(render(&result(), Format::Csv, true), format!("{head}a\\n\\u{{1b}}[2Jé\n"));
    }

    #[test]
    fn json_keeps_the_order_of_columns_and_numbers_repeated_names() {
        let text = render(&result(), Format::Json, false);
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(rows[0]["run"], 12);
        assert_eq!(rows[0]["run_2"], "00ff");
        assert_eq!(rows[0]["accuracy"], 0.980_384_615);
        assert!(rows[1]["layers"].is_null() && rows[1]["rate"].is_null());
        let position = |name: &str| text.find(name).unwrap();
        assert!(position("layers") < position("accuracy") && position("accuracy") < position("rate"));
        assert!(text.starts_with("[\n  {\n    \"run\": 12,\n") && text.ends_with("\n  }\n]\n"), "{text}");
    }

    #[test]
    fn an_empty_result_still_names_its_columns() {
        let empty = QueryResult { rows: Vec::new(), ..result() };
        assert!(render(&empty, Format::Table, false).contains("accuracy"));
        assert!(render(&empty, Format::Table, false).ends_with("no rows\n"));
        assert_eq!(render(&empty, Format::Csv, false), "run,layers,accuracy,rate,run\n");
        assert_eq!(render(&empty, Format::Json, false), "[]\n");
        assert_eq!(render(&QueryResult::default(), Format::Table, false), "no rows\n");
        assert_eq!(render(&QueryResult::default(), Format::Csv, false), "");
    }

    #[test]
    fn a_closed_pipe_ends_the_query() {
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
            let mut writer = ResultWriter::new(Closed, format, false, Fitting::none());
            let mut rows = 0;
            let _ = writer.columns(vec!["x".to_owned()]);
            while writer.row(vec![Value::Text("y".repeat(1000))]).is_continue() {
                rows += 1;
                assert!(rows < 10_000, "{format:?} continues without a reader");
            }
            let failure = writer.finish(true).unwrap_err();
            assert!(unless_closed(failure).is_ok(), "{format:?}");
        }
    }
}
