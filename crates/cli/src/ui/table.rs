//! Query results as an aligned table, written block by block, so that any number of rows fits in memory.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ColumnConstraint, LineStyle, Table, TableStyle, Width};
use ranklab_store::{QueryResult, Value};

use super::printable::printable;

/// Rows that are aligned together. Widths of earlier blocks hold for later ones.
const BLOCK_ROWS: usize = 1000;
/// Bytes of text and blobs that make a block shorter.
const BLOCK_BYTES: usize = 4 << 20;
/// Characters of one value that a table shows at most.
const VALUE_CHARACTERS: usize = 10_000;

/// Writes rows as an aligned table.
pub(crate) struct TableWriter<W> {
    output: W,
    /// Rows that are not written yet.
    block: QueryResult,
    bytes: usize,
    rows: usize,
    /// Characters of each column.
    widths: Vec<u16>,
    /// Decimals of the real numbers of each column.
    decimals: Vec<usize>,
    begun: bool,
}

impl<W: Write> TableWriter<W> {
    /// A table of these columns on `output`.
    pub(crate) fn new(output: W, columns: Vec<String>) -> Self {
        let (widths, decimals) = (vec![0; columns.len()], vec![0; columns.len()]);
        let block = QueryResult { columns, rows: Vec::new() };
        Self { output, block, bytes: 0, rows: 0, widths, decimals, begun: false }
    }

    /// Adds a row, and writes the block once it is full.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn row(&mut self, mut row: Vec<Value>) -> io::Result<()> {
        row.iter_mut().for_each(cut);
        self.bytes += row.iter().map(bytes).sum::<usize>();
        self.block.rows.push(row);
        self.rows += 1;
        if self.block.rows.len() == BLOCK_ROWS || self.bytes > BLOCK_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Writes the last block and the number of rows.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if !self.begun || !self.block.rows.is_empty() {
            self.write()?;
        }
        writeln!(self.output, "{}", count(self.rows))?;
        self.output.flush()
    }

    /// Writes the last block of a table that ends early.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn break_off(mut self) -> io::Result<()> {
        if !self.block.rows.is_empty() {
            self.write()?;
        }
        self.output.flush()
    }

    fn write(&mut self) -> io::Result<()> {
        for (column, decimals) in self.decimals.iter_mut().enumerate() {
            *decimals = (*decimals).max(self::decimals(&self.block, column));
        }
        let text = aligned(&self.block, &self.decimals, &mut self.widths, !self.begun);
        self.begun = true;
        self.bytes = 0;
        self.block.rows.clear();
        self.output.write_all(text.as_bytes())
    }
}

/// Drops most of the part of a value that a table does not show.
fn cut(value: &mut Value) {
    match value {
        Value::Text(text) if text.len() > VALUE_CHARACTERS => *text = first(text).to_owned(),
        Value::Blob(bytes) if bytes.len() > VALUE_CHARACTERS => *bytes = bytes[..VALUE_CHARACTERS].to_owned(),
        _ => {}
    }
}

/// The memory that a value takes in a block.
fn bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => 2 * bytes.len(),
        _ => 8,
    }
}

fn count(rows: usize) -> String {
    match rows {
        0 => "no rows".to_owned(),
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    }
}

/// A query result as an aligned table without the number of its rows; empty where a statement has no columns.
pub(crate) fn table(result: &QueryResult) -> String {
    let columns = result.columns.len();
    let decimals: Vec<usize> = (0..columns).map(|column| decimals(result, column)).collect();
    aligned(result, &decimals, &mut vec![0; columns], true)
}

/// A block of aligned rows, with a header where it is asked for. No column gets narrower than `widths`.
fn aligned(result: &QueryResult, decimals: &[usize], widths: &mut [u16], header: bool) -> String {
    if result.columns.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    if header {
        table.set_header(result.columns.iter().enumerate().map(|(column, name)| {
            let numeric = result
                .rows
                .iter()
                .any(|row| matches!(row.get(column), Some(Value::Integer(_) | Value::Real(_))));
            let alignment = if numeric { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(shortened(&printable(name))).set_alignment(alignment)
        }));
    }
    for row in &result.rows {
        table.add_row(row.iter().zip(decimals).map(|(value, decimals)| cell(value, *decimals)));
    }
    let needed = table.column_max_content_widths();
    for ((column, width), needed) in table.column_iter_mut().zip(widths).zip(needed) {
        *width = (*width).max(needed);
        // Of the cell with a space on either side.
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width.saturating_add(2))));
    }
    format!("{}\n", table.trim_fmt())
}

fn cell(value: &Value, decimals: usize) -> Cell {
    match value {
        Value::Null => Cell::new(""),
        Value::Integer(number) => Cell::new(number).set_alignment(CellAlignment::Right),
        Value::Real(number) => Cell::new(real(*number, decimals)).set_alignment(CellAlignment::Right),
        Value::Text(text) => Cell::new(shortened(&printable(first(text)))),
        Value::Blob(bytes) => Cell::new(shortened(&hexadecimal(&bytes[..bytes.len().min(VALUE_CHARACTERS)]))),
    }
}

/// A little more of a text than a table shows.
fn first(text: &str) -> &str {
    text.char_indices().nth(VALUE_CHARACTERS + 1).map_or(text, |(end, _)| &text[..end])
}

/// A text as a table shows it: cut where it is too long, with a note.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{} … (cut; --format csv shows all)", &text[..end]),
        None => text.to_owned(),
    }
}

/// Decimals that show the real numbers of a column to six digits, without trailing zeros that all of them share.
fn decimals(result: &QueryResult, column: usize) -> usize {
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
        assert_eq!(decimals(&reals(&[0.0, 2.0, 1e15]), 0), 0);
        assert_eq!(decimals(&reals(&[0.005, 12.5]), 0), 3);
        assert_eq!(decimals(&reals(&[1_234.567_89]), 0), 2);
        assert_eq!(real(-0.25, 2), "-0.25");
        assert_eq!(real(f64::NAN, 2), "NaN");
    }

    #[test]
    fn later_blocks_are_aligned_with_earlier_ones_under_one_header() {
        let mut text = Vec::new();
        let mut blocks = TableWriter::new(&mut text, vec!["name".into(), "number".into()]);
        for row in 0..2500 {
            let name = if row == 0 { "a long name" } else { "b" };
            blocks.row(vec![Value::Text(name.into()), Value::Integer(row)]).unwrap();
        }
        blocks.finish().unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + 2500 + 1, "one header, one rule and a count");
        assert_eq!(lines.last(), Some(&"2500 rows"));
        let ends: Vec<usize> = lines[2..2502].iter().map(|line| line.chars().count()).collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "numbers do not end in one column");
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        for value in [
            Value::Text("é".repeat(VALUE_CHARACTERS + 1)),
            Value::Text("\u{1}".repeat(VALUE_CHARACTERS)),
            Value::Blob(vec![7; VALUE_CHARACTERS]),
        ] {
            let text = table(&column(vec![value]));
            assert!(text.contains(" … (cut; --format csv shows all)"));
            assert!(text.chars().count() < 3 * (VALUE_CHARACTERS + 100));
        }
        assert!(!table(&column(vec![Value::Text("é".repeat(VALUE_CHARACTERS))])).contains("cut"));
    }
}
