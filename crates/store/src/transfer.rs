//! Copying a whole history from one database to another, of either kind: all rows or none, compared by hashes.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::backend::{self, Outcome, Parameter, Row, Statement, Transaction, placeholders};
use crate::catalog::{CatalogColumn, ColumnKind, Relation, RelationKind, relations};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::store::Store;

/// Rows that are read and written at once.
const ROWS: usize = 500;
/// The tables in an order in which no row comes before one that it refers to, each with the columns that order its rows.
const TABLES: [(&str, &[&str]); 14] = [
    ("database_identity", &["position"]),
    ("statuses", &["status"]),
    ("sweeps", &["id"]),
    ("trials", &["sweep_id", "position"]),
    ("plan_changes", &["id"]),
    ("looks", &["id"]),
    ("runs", &["id"]),
    ("step_metrics", &["run_id", "step", "metric"]),
    ("epoch_metrics", &["run_id", "epoch", "metric"]),
    ("predictions", &["run_id", "image"]),
    ("validation_predictions", &["run_id", "image"]),
    ("artifacts", &["run_id", "path"]),
    ("evaluations", &["id"]),
    ("evaluation_predictions", &["evaluation_id", "image"]),
];
/// Tables that hold rows from the start.
const FILLED: [&str; 2] = ["database_identity", "statuses"];

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub table: &'static str,
    /// Its rows, in either database.
    pub rows: u64,
    /// SHA-256 of its rows in the order of their keys, in either database.
    pub sha256: String,
}

/// Copies all tables of the database at `from`, as of one moment, to the empty database at `to`, in one transaction.
/// The rows of both are counted and hashed, and compared before the commit. The copy keeps the database's id, so that
/// the runs folder belongs to it, and goes on with its numbers.
///
/// # Errors
/// When `from` cannot be read, when `to` cannot be written or holds sweeps or runs, and when the rows differ. Nothing
/// is copied then.
pub async fn copy_database(from: &Location, to: &Location) -> Result<Vec<CopiedTable>> {
    let refused = |reason: String| Error::Copy { from: from.clone(), to: to.clone(), reason };
    let source = Store::open_read_only(from).await?;
    let target = Store::open(to).await?;
    let copied = copy(&source, &target, &refused).await;
    source.close().await;
    target.close().await;
    copied
}

async fn copy(source: &Store, target: &Store, refused: &dyn Fn(String) -> Error) -> Result<Vec<CopiedTable>> {
    let of_source = |failure| source.failed(failure);
    let of_target = |failure| target.failed(failure);
    let mut reading = backend::begin_read(&source.pool).await.map_err(of_source)?;
    let mut writing = target.begin(&target.pool).await?;
    if let Some(table) = first_filled(&mut writing).await.map_err(of_target)? {
        return Err(refused(format!("its table {table} holds rows already; give an empty database")));
    }
    for table in FILLED {
        let delete = Statement::new(format!("DELETE FROM {table}"));
        delete.execute(&mut writing).await.map_err(of_target)?;
    }
    let mut copied = Vec::new();
    for table in tables() {
        let mut hash = Hash::default();
        let mut after = None;
        loop {
            let rows = table.read(&mut reading, after.as_deref()).await.map_err(of_source)?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key(last));
            hash.add(&rows);
            table.write(&mut writing, &rows).await.map_err(of_target)?;
        }
        copied.push(CopiedTable { table: table.relation.name, rows: hash.rows, sha256: hash.finish() });
        if table.has_numbers() {
            let last = backend::last_number(&mut reading, table.relation.name).await.map_err(of_source)?;
            backend::start_above(&mut writing, table.relation.name, last).await.map_err(of_target)?;
        }
    }
    for (table, expected) in tables().zip(&copied) {
        let found = table.hash(&mut writing).await.map_err(of_target)?;
        if found != (expected.rows, expected.sha256.clone()) {
            let table = expected.table;
            let (rows, of) = (found.0, expected.rows);
            return Err(refused(format!(
                "its table {table} would differ ({rows} rows for {of}); nothing was copied"
            )));
        }
    }
    reading.rollback().await.map_err(of_source)?;
    writing.commit().await.map_err(of_target)?;
    Ok(copied)
}

/// The first table that holds rows, of those that are empty in a new database.
async fn first_filled(on: &mut Transaction) -> Outcome<Option<&'static str>> {
    for (table, _) in TABLES.into_iter().filter(|(table, _)| !FILLED.contains(table)) {
        if Statement::new(format!("SELECT * FROM {table} LIMIT 1")).optional(&mut *on).await?.is_some() {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// A table with the columns that order its rows.
struct Table {
    relation: &'static Relation,
    columns: Vec<CatalogColumn>,
    keys: &'static [&'static str],
}

fn tables() -> impl Iterator<Item = Table> {
    TABLES.into_iter().filter_map(|(name, keys)| {
        let relation =
            relations().find(|relation| relation.name == name && relation.kind == RelationKind::Table)?;
        Some(Table { relation, columns: relation.columns().collect(), keys })
    })
}

impl Table {
    /// Whether the database numbers its rows.
    fn has_numbers(&self) -> bool {
        self.keys == ["id"]
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// The next rows behind a key.
    async fn read(&self, on: &mut Transaction, after: Option<&[Parameter]>) -> Outcome<Vec<Vec<Parameter>>> {
        let (names, table, keys) = (self.names(), self.relation.name, self.keys.join(", "));
        let behind = match after {
            Some(_) => format!("WHERE ({keys}) > ({})", placeholders(1, self.keys.len())),
            None => String::new(),
        };
        let sql = format!("SELECT {names} FROM {table} {behind} ORDER BY {keys} LIMIT {ROWS}");
        let statement = Statement::new(sql).bind_all(after.unwrap_or_default().iter().cloned());
        statement.all(on).await?.iter().map(|row| self.values(row)).collect()
    }

    fn values(&self, row: &Row) -> Outcome<Vec<Parameter>> {
        let value = |column: &CatalogColumn| {
            Ok(match column.kind {
                ColumnKind::Integer => Parameter::Integer(row.get(column.name)?),
                ColumnKind::Real => Parameter::Real(row.get(column.name)?),
                ColumnKind::Text => Parameter::Text(row.get(column.name)?),
                ColumnKind::Boolean => Parameter::Boolean(row.get(column.name)?),
            })
        };
        self.columns.iter().map(value).collect()
    }

    /// The values that order a row.
    fn key(&self, row: &[Parameter]) -> Vec<Parameter> {
        let of = |key: &&str| self.columns.iter().zip(row).find(|(column, _)| column.name == *key);
        self.keys.iter().filter_map(of).map(|(_, value)| value.clone()).collect()
    }

    async fn write(&self, on: &mut Transaction, rows: &[Vec<Parameter>]) -> Outcome<()> {
        // Rows of 80 columns would need more placeholders than a statement may have.
        for rows in rows.chunks(if self.columns.len() > 20 { ROWS / 10 } else { ROWS }) {
            let width = self.columns.len();
            let tuples: Vec<String> =
                (0..rows.len()).map(|row| format!("({})", placeholders(1 + row * width, width))).collect();
            let (table, names) = (self.relation.name, self.names());
            let sql = format!("INSERT INTO {table} ({names}) VALUES {}", tuples.join(", "));
            let values = rows.iter().flatten().cloned();
            Statement::new(sql).once().bind_all(values).execute(&mut *on).await?;
        }
        Ok(())
    }

    /// The number and the hash of all rows.
    async fn hash(&self, on: &mut Transaction) -> Outcome<(u64, String)> {
        let mut hash = Hash::default();
        let mut after = None;
        loop {
            let rows = self.read(&mut *on, after.as_deref()).await?;
            let Some(last) = rows.last() else { return Ok((hash.rows, hash.finish())) };
            after = Some(self.key(last));
            hash.add(&rows);
        }
    }
}

/// A count and a hash over rows: each value by its kind, with its bits or its length and bytes.
#[derive(Default)]
struct Hash {
    rows: u64,
    sha256: Sha256,
}

impl Hash {
    fn add(&mut self, rows: &[Vec<Parameter>]) {
        self.rows += rows.len() as u64;
        for value in rows.iter().flatten() {
            match value {
                Parameter::Boolean(Some(value)) => self.part(b'b', &[u8::from(*value)]),
                Parameter::Integer(Some(value)) => self.part(b'i', &value.to_le_bytes()),
                Parameter::Real(Some(value)) => self.part(b'r', &value.to_bits().to_le_bytes()),
                Parameter::Text(Some(value)) => {
                    self.part(b't', &(value.len() as u64).to_le_bytes());
                    self.sha256.update(value.as_bytes());
                }
                Parameter::Boolean(None)
                | Parameter::Integer(None)
                | Parameter::Real(None)
                | Parameter::Text(None) => self.part(b'n', &[]),
            }
        }
    }

    fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.sha256.update([kind]);
        self.sha256.update(bytes);
    }

    fn finish(self) -> String {
        self.sha256.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_is_copied_once() {
        let copied: BTreeSet<&str> = TABLES.iter().map(|(table, _)| *table).collect();
        let known: BTreeSet<&str> = relations()
            .filter(|relation| relation.kind == RelationKind::Table)
            .map(|relation| relation.name)
            .collect();
        assert_eq!(copied, known);
        assert_eq!(tables().count(), TABLES.len());
        for table in tables() {
            assert!(table.keys.iter().all(|key| table.columns.iter().any(|column| column.name == *key)));
        }
    }

    #[test]
    fn rows_that_differ_have_other_hashes() {
        let of = |rows: Vec<Vec<Parameter>>| {
            let mut hash = Hash::default();
            hash.add(&rows);
            hash.finish()
        };
        let text = |text: &str| Parameter::from(text);
        let hashes: BTreeSet<String> = [
            vec![vec![text("ab"), text("c")]],
            vec![vec![text("a"), text("bc")]],
            vec![vec![text("a"), Parameter::Text(None)]],
            vec![vec![Parameter::Real(Some(0.0))]],
            vec![vec![Parameter::Real(Some(-0.0))]],
            vec![vec![Parameter::Integer(Some(0))]],
        ]
        .map(of)
        .into();
        assert_eq!(hashes.len(), 6);
    }
}
