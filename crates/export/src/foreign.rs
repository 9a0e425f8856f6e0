//! Whether a file that an export would replace was written by an export.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

use ranklab_store::catalog::Relation;

use crate::error::{Error, Result};

/// The mark at both ends of a Parquet file.
const PARQUET: &[u8; 4] = b"PAR1";
/// The library that writes our Parquet files, as their footer names it.
const WRITER: &[u8] = b"Polars";
/// Columns that are compared: later versions add theirs at the end.
const COMPARED: usize = 3;
/// Largest footer that is read, in bytes.
const LARGEST_FOOTER: u64 = 16 << 20;

/// Refuses a Parquet file that is none of an export of this table or view. An absent or empty file passes.
///
/// # Errors
/// When the file holds something else, or cannot be read.
pub(crate) fn check_parquet(path: &Path, relation: &Relation) -> Result<()> {
    let names: Vec<&str> = relation.column_names().take(COMPARED).collect();
    check(path, |file, size| {
        let footer = footer(file, size)?;
        let has = |part: &[u8]| footer.windows(part.len()).any(|bytes| bytes == part);
        Ok(has(WRITER) && names.iter().all(|name| has(name.as_bytes())))
    })
}

/// Refuses a text file that does not begin with `line`. An absent or empty file passes.
///
/// # Errors
/// When the file holds something else, or cannot be read.
pub(crate) fn check_text(path: &Path, line: &str) -> Result<()> {
    check(path, |file, _| {
        let mut start = Vec::new();
        file.take(line.len() as u64).read_to_end(&mut start)?;
        Ok(start == line.as_bytes())
    })
}

fn check(path: &Path, is_ours: impl FnOnce(&mut File, u64) -> std::io::Result<bool>) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let found = File::open(path).and_then(|mut file| {
        let size = file.metadata()?.len();
        Ok(size == 0 || is_ours(&mut file, size)?)
    });
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Foreign { path: path.to_owned() }),
        Err(reason) => Err(Error::Unwritten { path: path.to_owned(), reason }),
    }
}

/// The footer of a Parquet file; empty for another file.
fn footer(file: &mut File, size: u64) -> std::io::Result<Vec<u8>> {
    let mut end = [0; 8];
    if size < 12 {
        return Ok(Vec::new());
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, mark @ ..] = end;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if mark != *PARQUET || length > LARGEST_FOOTER || length + 12 > size {
        return Ok(Vec::new());
    }
    file.seek(SeekFrom::Start(size - 8 - length))?;
    let mut footer = Vec::new();
    file.take(length).read_to_end(&mut footer)?;
    Ok(footer)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polars::prelude::{Column, DataFrame, ParquetWriter};
    use ranklab_store::catalog::relations;

    use super::*;

    #[test]
    fn a_table_of_somebody_is_refused_and_an_earlier_export_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statuses.parquet");
        let relation = relations().find(|relation| relation.name == "statuses").unwrap();
        assert!(check_parquet(&path, relation).is_ok());
        fs::write(&path, "").unwrap();
        assert!(check_parquet(&path, relation).is_ok());
        let write = |names: &[&str]| {
            let columns = names.iter().map(|&name| Column::new(name.into(), [1, 2])).collect();
            let mut frame = DataFrame::new(2, columns).unwrap();
            ParquetWriter::new(fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
        };
        write(&["mine"]);
        let refused = check_parquet(&path, relation).unwrap_err().to_string();
        assert!(refused.contains("statuses.parquet, which no export wrote; "), "{refused}");
        write(&relation.column_names().collect::<Vec<_>>());
        assert!(check_parquet(&path, relation).is_ok());
        for other in [&b"mine"[..], b"PAR1\xff\xff\xff\xffPAR1", b"PAR1 a long text PAR1"] {
            fs::write(&path, other).unwrap();
            assert!(check_parquet(&path, relation).is_err());
        }
    }
}
