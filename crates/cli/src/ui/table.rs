//! Query results as an aligned table, written block by block, so that any number of rows fits in memory.

use std::io::{self, Write};

use ranklab_store::{QueryResult, Value};

use super::{
    fitting::Fitting,
    table_layout::Layout,
    value_text::{VALUE_CHARACTERS, first},
};

/// Rows that are aligned together. Widths of earlier blocks hold for later ones.
const BLOCK_ROWS: usize = 1000;
/// Bytes of text and blobs that make a block shorter.
const BLOCK_BYTES: usize = 4 << 20;

/// Writes rows as an aligned table.
pub(crate) struct TableWriter<W> {
    output: W,
    /// Rows that are not written yet.
    block: QueryResult,
    bytes: usize,
    rows: usize,
    layout: Layout,
}

impl<W: Write> TableWriter<W> {
    /// A table of these columns on `output`.
    pub(crate) fn new(output: W, columns: Vec<String>, fitting: Fitting) -> Self {
        let layout = Layout::new(&columns, fitting);
        Self { output, block: QueryResult { columns, rows: Vec::new() }, bytes: 0, rows: 0, layout }
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

    /// Writes the last block, the number of rows and what is not shown.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if !self.layout.has_begun() || !self.block.rows.is_empty() {
            self.write()?;
        }
        writeln!(self.output, "{}", count(self.rows))?;
        self.output.write_all(self.layout.notes(&self.block.columns).as_bytes())?;
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
        let text = self.layout.aligned(&self.block);
        self.bytes = 0;
        self.block.rows.clear();
        self.output.write_all(text.as_bytes())
    }
}

/// A result as an aligned table without the number of its rows, and what is not shown of it.
pub(crate) fn table(result: &QueryResult, fitting: Fitting) -> String {
    let mut layout = Layout::new(&result.columns, fitting);
    layout.aligned(result) + &layout.notes(&result.columns)
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

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn later_blocks_are_aligned_with_earlier_ones_under_one_header() {
        let mut text = Vec::new();
        let mut blocks = TableWriter::new(&mut text, vec!["name".into(), "number".into()], Fitting::none());
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

    /// What a writer makes of rows of a number, a text and a real number at a width.
    fn fitted(width: usize, rows: &[(i64, &str, f64)]) -> String {
        let mut text = Vec::new();
        let fitting = Fitting { width: Some(width), advice: "--wide shows everything", ..Fitting::none() };
        let columns = ["run", "a text", "a rather long name"].map(str::to_owned).into();
        let mut writer = TableWriter::new(&mut text, columns, fitting);
        for (number, words, real) in rows {
            writer
                .row(vec![Value::Integer(*number), Value::Text((*words).into()), Value::Real(*real)])
                .unwrap();
        }
        writer.finish().unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_table_keeps_to_its_width_and_says_what_it_does_not_show() {
        let rows = [(1, "short", 0.25), (20, "a text that is longer than the others", 12.5)];
        for width in [120, 60, 45, 38, 30, 20] {
            let text = fitted(width, &rows);
            assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
            assert_eq!(text.contains('…'), width < 70, "{width}: {text}");
            let note = text.replace('\n', " ");
            assert_eq!(note.contains("left out: a rather long name"), width < 35, "{width}: {text}");
            assert_eq!(text.contains("--wide"), width < 70, "{width}: {text}");
        }
    }

    /// A table of a run, its split, its failure and its name at a width.
    fn of_runs(width: usize, rows: impl IntoIterator<Item = (i64, &'static str)>) -> String {
        let mut text = Vec::new();
        let fitting = Fitting { width: Some(width), advice: "--wide shows all", ..Fitting::none() };
        let columns = ["failure", "run", "split", "name"].map(str::to_owned).into();
        let mut writer = TableWriter::new(&mut text, columns, fitting);
        for (run, split) in rows {
            let name = format!("model_5 · block5 · rank {run}");
            let row = [Value::Null, Value::Integer(run), Value::Text(split.into()), Value::Text(name)];
            writer.row(row.into()).unwrap();
        }
        writer.finish().unwrap();
        String::from_utf8(text).unwrap().replace('\n', " ")
    }

    #[test]
    fn texts_are_shortened_before_columns_that_say_nothing_are_left_out_and_named() {
        let rows = || [(16, "patient"), (20, "patient")];
        let shown = |width| of_runs(width, rows());
        assert!(!shown(70).contains("--wide"), "{}", shown(70));
        let narrower = shown(40);
        assert!(narrower.contains("failure   run   split     name"), "{narrower}");
        assert!(narrower.ends_with("2 rows texts with … are shortened; --wide shows all "), "{narrower}");
        let narrow = shown(30);
        assert!(narrow.contains("mod… rank 16") && narrow.contains("mod… rank 20"), "{narrow}");
        assert!(narrow.contains(" 2 rows without a value: failure; texts with"), "{narrow}");
        let narrowest = shown(20);
        let note = "the same in all rows: split patient; without a value: failure; texts with";
        assert!(narrowest.contains(note) && narrowest.contains("rank 16"), "{narrowest}");
    }

    #[test]
    fn a_later_block_ends_what_was_the_same_in_all_rows() {
        let rows = (0..BLOCK_ROWS as i64).map(|run| (run, "patient")).chain([(1000, "random")]);
        let text = of_runs(20, rows);
        assert!(text.contains(" 1001 rows left out: split; without a value: failure; texts with"), "{text}");
    }

    #[test]
    fn wider_numbers_of_later_blocks_are_shown_whole() {
        let mut rows = vec![(1, "a text that is longer than the others", 0.5); BLOCK_ROWS];
        rows.push((1_000_000_000, "a text that is longer than the others", 0.5));
        let text = fitted(50, &rows);
        assert!(text.contains("1000000000") && text.lines().all(|line| line.width() <= 50));
    }
}
