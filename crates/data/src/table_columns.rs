//! Reads the columns that matter of a table of images: path, label, group and split, from CSV or parquet.

use std::{
    io::{Cursor, ErrorKind},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use polars::prelude::*;
use ranklab_files::read_file_at_most;

use crate::Error;

/// Largest table in bytes.
const LARGEST_TABLE: u64 = 256 << 20;
/// Names of each column in order of precedence, in lower case.
const PATH: &[&str] = &["path", "file", "image"];
const LABEL: &[&str] = &["label", "class"];
const GROUP: &[&str] = &["group", "patient"];
const SPLIT: &[&str] = &["split"];
/// First bytes of a parquet file.
const PARQUET: &[u8] = b"PAR1";
/// Bytes that some programs write before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Largest number of columns that an error names.
const NAMED: usize = 12;

/// The columns of a table as text without spaces around it; an empty cell is an empty text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TableColumns {
    /// Paths of image files.
    pub(crate) paths: Vec<String>,
    /// Names of classes.
    pub(crate) labels: Vec<String>,
    /// Groups, if there is such a column.
    pub(crate) groups: Option<Vec<String>>,
    /// Words for parts of a split, if there is such a column.
    pub(crate) splits: Option<Vec<String>>,
    /// Where each row stands, for messages: `line 3` of a CSV file, `row 2` of a parquet file.
    word: &'static str,
    numbers: Vec<u64>,
}

impl TableColumns {
    /// Reads the table at `path`.
    ///
    /// # Errors
    /// When it is absent, cannot be read, is too large, or has no column of paths or labels.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let unusable = |problem: String| Error::Table { path: path.to_owned(), problem };
        let bytes = read_file_at_most(path, LARGEST_TABLE).map_err(|problem| match problem.kind() {
            ErrorKind::NotFound => Error::Missing(path.to_owned()),
            _ => Error::io("reading", path)(problem),
        })?;
        let bytes =
            bytes.ok_or_else(|| unusable(format!("it is larger than {} MiB", LARGEST_TABLE >> 20)))?;
        let read = if bytes.starts_with(PARQUET) { from_parquet(bytes) } else { from_csv(&bytes) };
        read.map_err(unusable)
    }

    /// Where a row stands, for messages.
    pub(crate) fn place(&self, row: usize) -> String {
        format!("{} {}", self.word, self.numbers.get(row).copied().unwrap_or_default())
    }
}

/// The places of the columns among `names`: path, label, group and split.
fn places(names: &[String]) -> Result<(usize, usize, Option<usize>, Option<usize>), String> {
    let plain: Vec<String> = names.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    let find = |wanted: &[&str]| wanted.iter().find_map(|name| plain.iter().position(|found| found == name));
    for name in [PATH, LABEL, GROUP, SPLIT].into_iter().flatten() {
        let count = plain.iter().filter(|found| found == name).count();
        if count > 1 {
            return Err(format!(
                "it has {count} columns `{name}`, in letters of either case; leave one of them"
            ));
        }
    }
    let required = |wanted: &[&str]| find(wanted).ok_or_else(|| missing(wanted, names));
    Ok((required(PATH)?, required(LABEL)?, find(GROUP), find(SPLIT)))
}

fn missing(wanted: &[&str], names: &[String]) -> String {
    if names.is_empty() {
        return "it is empty".to_owned();
    }
    let (first, others) = wanted.split_first().unwrap_or((&"", &[]));
    let mut found =
        names.iter().take(NAMED).map(|name| format!("`{}`", name.trim())).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        found += &format!(" and {} more", names.len() - NAMED);
    }
    format!("it has no column `{first}` (or `{}`); its columns are {found}", others.join("`, `"))
}

fn from_csv(bytes: &[u8]) -> Result<TableColumns, String> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|problem| problem.to_string())?;
    let names: Vec<String> = header.iter().map(str::to_owned).collect();
    let (path, label, group, split) = places(&names)?;
    let mut columns = TableColumns {
        word: "line",
        groups: group.map(|_| Vec::new()),
        splits: split.map(|_| Vec::new()),
        ..TableColumns::default()
    };
    let mut lines = Lines { bytes, at: 0, line: 1 };
    for record in reader.records() {
        let record = record.map_err(|problem| problem.to_string())?;
        let cell = |place: usize| record.get(place).unwrap_or_default().to_owned();
        columns.paths.push(cell(path));
        columns.labels.push(cell(label));
        for (column, place) in [(&mut columns.groups, group), (&mut columns.splits, split)] {
            if let (Some(column), Some(place)) = (column, place) {
                column.push(cell(place));
            }
        }
        columns.numbers.push(lines.line_at(record.position().map_or(0, csv::Position::byte)));
    }
    Ok(columns)
}

/// Counts lines up to positions that only grow. The lines that the CSV reader counts are those before empty ones.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first byte from `position` on that ends no line.
    fn line_at(&mut self, position: u64) -> u64 {
        let position = usize::try_from(position).unwrap_or(usize::MAX).clamp(self.at, self.bytes.len());
        let ends = self.bytes[position..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
        let passed = &self.bytes[self.at..position + ends];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = position + ends;
        self.line
    }
}

fn from_parquet(bytes: Vec<u8>) -> Result<TableColumns, String> {
    // The parquet reader panics on some damaged files.
    match catch_unwind(AssertUnwindSafe(|| parquet_columns(bytes))) {
        Ok(read) => read,
        Err(_) => Err("it is a damaged parquet file".to_owned()),
    }
}

fn parquet_columns(bytes: Vec<u8>) -> Result<TableColumns, String> {
    let failed = |problem: PolarsError| {
        let problem = problem.to_string();
        problem.lines().next().unwrap_or_default().to_owned()
    };
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let names: Vec<String> =
        reader.schema().map_err(failed)?.iter_names().map(|name| name.to_string()).collect();
    let (path, label, group, split) = places(&names)?;
    // Columns of other types may be unreadable, and are not needed.
    let needed = [Some(path), Some(label), group, split].into_iter().flatten();
    let needed = needed.map(|place| names[place].clone()).collect();
    let frame = reader.with_columns(Some(needed)).finish().map_err(failed)?;
    let column = |place: usize| text_of(&frame, &names[place]).map_err(failed);
    Ok(TableColumns {
        paths: column(path)?,
        labels: column(label)?,
        groups: group.map(column).transpose()?,
        splits: split.map(column).transpose()?,
        word: "row",
        numbers: (1..=frame.height() as u64).collect(),
    })
}

/// A column as text; `null` is an empty text.
fn text_of(frame: &DataFrame, name: &str) -> PolarsResult<Vec<String>> {
    let column = frame.column(name)?.cast(&DataType::String)?;
    let text = column.str()?;
    Ok((0..text.len()).map(|row| text.get(row).unwrap_or_default().trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(name: &str, bytes: impl AsRef<[u8]>) -> Result<TableColumns, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        TableColumns::read(&path).map_err(|problem| {
            let problem = problem.to_string();
            assert!(!problem.contains('\n'), "{problem}");
            problem.replace(&path.display().to_string(), name)
        })
    }

    fn parquet(mut frame: DataFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
        bytes
    }

    #[test]
    fn a_csv_file_and_a_parquet_file_give_the_same_columns() {
        let csv = read(
            "a.csv",
            "\u{feff}Patient,Path , class,age,split\np1,\"a, b.png\",1,40,train\n\n,c.png, 0 ,,\n",
        )
        .unwrap();
        assert_eq!((csv.place(0), csv.place(1)), ("line 2".to_owned(), "line 4".to_owned()));
        let frame = df!(
            "Patient" => [Some("p1"), None],
            "Path" => ["a, b.png", "c.png"],
            "class" => [1i64, 0],
            "split" => [Some("train"), None],
        );
        let parquet = read("a.parquet", parquet(frame.unwrap())).unwrap();
        assert_eq!(parquet.place(1), "row 2");
        for columns in [csv, parquet] {
            assert_eq!(columns.paths, ["a, b.png", "c.png"]);
            assert_eq!(columns.labels, ["1", "0"]);
            assert_eq!(columns.groups.unwrap(), ["p1", ""]);
            assert_eq!(columns.splits.unwrap(), ["train", ""]);
        }
    }

    #[test]
    fn rows_are_counted_by_their_lines_whatever_ends_them() {
        let table = read("a.csv", "path,label\r\na,\"two\r\nlines\"\r\nb,x\r\n\r\nc,x\r\n").unwrap();
        assert_eq!([0, 1, 2].map(|row| table.place(row)), ["line 2", "line 4", "line 6"]);
    }

    #[test]
    fn a_table_without_its_columns_or_with_damaged_rows_is_one_clear_line() {
        assert_eq!(
            read("a.csv", "name,label\nx,y\n").unwrap_err(),
            "a.csv is no usable table: it has no column `path` (or `file`, `image`); its columns are `name`, `label`"
        );
        let two = read("a.csv", "path,label,Label\na.png,x,y\n").unwrap_err();
        assert!(two.contains("it has 2 columns `label`"), "{two}");
        let no_label = read("a.parquet", parquet(df!("path" => ["a"]).unwrap())).unwrap_err();
        assert!(no_label.contains("no column `label` (or `class`); its columns are `path`"), "{no_label}");
        let short = read("a.csv", "path,label\na.png,x\nb.png\n").unwrap_err();
        assert!(short.contains("line: 3"), "{short}");
        let no_text = read("a.csv", b"path,label\n\xff.png,x\n").unwrap_err();
        assert!(no_text.contains("UTF-8") || no_text.contains("utf-8"), "{no_text}");
        let whole = parquet(df!("path" => ["a"], "label" => ["b"]).unwrap());
        read("a.parquet", &whole[..whole.len() / 2]).unwrap_err();
        assert!(read("a.csv", "").unwrap_err().contains("it is empty"));
    }
}
