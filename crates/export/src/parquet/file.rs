//! One Parquet file, written row group by row group.

use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use polars::prelude::{BatchedWriter, DataFrame, ParquetWriter, PolarsError, Schema};
use ranklab_files::PartFile;
use ranklab_store::catalog::{CatalogColumn, Relation};
use ranklab_store::{Answer, Snapshot, Value};

use crate::error::{Error, Result};

use super::column::{Gathered, data_type, in_words};

/// The largest row group: so many rows or bytes are held in memory.
const ROWS: usize = 1 << 16;
const BYTES: usize = 16 << 20;

/// A Parquet file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParquetFile {
    /// The file.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
}

/// A complete Parquet file under the name of a part file.
pub(super) struct WholePart {
    part: PartFile,
    target: PathBuf,
    rows: u64,
}

impl WholePart {
    /// Gives the file its name.
    pub(super) fn persist(self) -> Result<ParquetFile> {
        self.part.persist(&self.target).map_err(Error::unwritten(&self.target))?;
        Ok(ParquetFile { path: self.target, rows: self.rows })
    }
}

/// Writes all rows of a table or view to a part file in `folder`, to be renamed to `target`.
pub(super) fn write_aside(
    snapshot: &Snapshot,
    relation: &'static Relation,
    target: &Path,
    folder: &Path,
) -> Result<WholePart> {
    let part = PartFile::create(folder).map_err(Error::unwritten(target))?;
    let mut rows = RowGroups::new(relation, target, part.file())?;
    let columns: Vec<&str> = relation.column_names().collect();
    snapshot.stream(&format!("SELECT {} FROM {}", columns.join(", "), relation.name), &mut rows)?;
    let rows = rows.finish()?;
    Ok(WholePart { part, target: target.to_owned(), rows })
}

/// Gathers rows and writes them in groups.
struct RowGroups<'a> {
    table: &'static str,
    target: &'a Path,
    columns: Vec<CatalogColumn>,
    gathered: Vec<Gathered>,
    writer: BatchedWriter<BufWriter<&'a File>>,
    /// Rows and bytes that are gathered.
    held: (usize, usize),
    written: u64,
    /// What ended the answer early.
    problem: Option<Error>,
}

impl<'a> RowGroups<'a> {
    fn new(relation: &'static Relation, target: &'a Path, file: &'a File) -> Result<Self> {
        let columns: Vec<CatalogColumn> = relation.columns().collect();
        let schema: Schema = columns.iter().map(|column| (column.name.into(), data_type(column))).collect();
        let writer = ParquetWriter::new(BufWriter::new(file)).batched(&schema).map_err(failed(target))?;
        let gathered = columns.iter().map(|column| Gathered::new(column.kind)).collect();
        let (table, held) = (relation.name, (0, 0));
        Ok(Self { table, target, columns, gathered, writer, held, written: 0, problem: None })
    }

    fn push(&mut self, row: Vec<Value>) -> Result<()> {
        for ((value, gathered), column) in row.into_iter().zip(&mut self.gathered).zip(&self.columns) {
            let (table, expected) = (self.table, in_words(column.kind));
            let wrong = Error::Type { table, column: column.name, expected };
            self.held.1 += gathered.push(value).ok_or(wrong)?;
        }
        self.held.0 += 1;
        if self.held.0 >= ROWS || self.held.1 >= BYTES { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<()> {
        let (rows, _) = std::mem::take(&mut self.held);
        if rows == 0 {
            return Ok(());
        }
        let columns =
            self.gathered.iter_mut().zip(&self.columns).map(|(values, column)| values.take(column.name));
        let written =
            DataFrame::new(rows, columns.collect()).and_then(|frame| self.writer.write_batch(&frame));
        self.written += rows as u64;
        written.map_err(failed(self.target))
    }

    /// Writes what is left and the end of the file; the number of rows.
    fn finish(mut self) -> Result<u64> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        self.write_group()?;
        self.writer.finish().map_err(failed(self.target))?;
        Ok(self.written)
    }
}

impl Answer for RowGroups<'_> {
    fn columns(&mut self, _names: Vec<String>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        match self.push(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => {
                self.problem = Some(problem);
                ControlFlow::Break(())
            }
        }
    }
}

/// The error of a file that polars cannot write: the system's, where there is one.
fn failed(path: &Path) -> impl FnOnce(PolarsError) -> Error {
    let path = path.to_owned();
    |problem| match problem {
        PolarsError::IO { error, .. } => {
            Error::Unwritten { path, reason: std::io::Error::new(error.kind(), error.to_string()) }
        }
        other => Error::Parquet { path, reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{ParquetReader, SerReader as _};
    use ranklab_store::catalog::relations;

    use super::*;

    /// Writes rows of predictions with texts of this length; the numbers of row groups and rows.
    fn written(count: usize, length: usize) -> (usize, usize) {
        let relation = relations().find(|relation| relation.name == "predictions").unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut rows = RowGroups::new(relation, file.path(), file.as_file()).unwrap();
        let padding = "x".repeat(length);
        for index in 0..count {
            let image = Value::Text(format!("{padding}{index}"));
            let row = vec![Value::Integer(1), image, Value::Null, Value::Integer(1), Value::Real(0.5)];
            rows.push(row).unwrap();
            assert!(rows.held.0 < ROWS && rows.held.1 < BYTES, "{:?}", rows.held);
        }
        assert_eq!(rows.finish().unwrap(), count as u64);
        let mut reader = ParquetReader::new(File::open(file.path()).unwrap());
        let groups = reader.get_metadata().unwrap().row_groups.len();
        let frame = reader.finish().unwrap();
        let last = frame.column("image").unwrap().str().unwrap().get(frame.height() - 1).unwrap();
        assert_eq!(last, format!("{padding}{}", count - 1));
        assert_eq!(frame.column("patient").unwrap().null_count(), count);
        (groups, frame.height())
    }

    #[test]
    fn many_rows_and_long_texts_are_written_in_groups_and_no_more_are_held() {
        assert_eq!(written(2 * ROWS + 1, 8), (3, 2 * ROWS + 1));
        assert_eq!(written(5, BYTES / 2), (3, 5));
    }

    #[test]
    fn a_value_of_another_type_ends_the_answer_and_is_named() {
        let relation = relations().find(|relation| relation.name == "statuses").unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut rows = RowGroups::new(relation, file.path(), file.as_file()).unwrap();
        assert!(rows.row(vec![Value::Integer(1), Value::Null]).is_break());
        let error = rows.finish().unwrap_err().to_string();
        assert_eq!(error, "statuses.status holds a value of another type than a text; report this as a bug");
    }
}
