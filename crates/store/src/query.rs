//! Free queries for people: any statement that reads, answered as columns and rows of values.

use sqlx::{AssertSqlSafe, Column as _, Executor as _, Row as _, SqlSafeStr as _, Statement as _};

use crate::error::{Error, Result};
use crate::sqlite::{self, Row};
use crate::store::Store;

/// A value of an answer, by what it is rather than by what its column was declared as.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryResult {
    /// Column names, also when there are no rows.
    pub columns: Vec<String>,
    /// Rows, each with one value per column.
    pub rows: Vec<Vec<Value>>,
}

impl Store {
    /// Runs one statement as it is typed. On a handle from [`Store::open_read_only`] nothing can be
    /// changed by it.
    ///
    /// # Errors
    /// When the statement is faulty, when it would write to a database opened for reading only, and
    /// when it is more than one statement with different columns.
    pub async fn query(&self, sql: &str) -> Result<QueryResult> {
        // A copy leaves the database as it is, and writes another file.
        if self.read_only && copies(sql) {
            return Err(Error::ReadOnly { path: self.path().to_owned() });
        }
        let failed = |error| match sqlite::faulty_statement(&error) {
            Some(reason) => Error::Query { reason },
            None => self.failed(error),
        };
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        // Audited: the user's own statement is the point, and a read-only connection guards the data.
        let statement = AssertSqlSafe(sql.to_owned()).into_sql_str();
        let prepared = (&mut *connection).prepare(statement).await.map_err(failed)?;
        let rows = prepared.query().persistent(false).fetch_all(&mut *connection).await.map_err(failed)?;
        let columns: Vec<String> = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        if rows.iter().any(|row| !row.columns().iter().map(|column| column.name()).eq(&columns)) {
            return Err(Error::Query { reason: "only one statement at a time can be answered".to_owned() });
        }
        let rows = rows.iter().map(values).collect::<sqlx::Result<_>>().map_err(failed)?;
        Ok(QueryResult { columns, rows })
    }
}

/// Whether one of these statements is a VACUUM, which on a read-only database can only be one INTO a file.
fn copies(sql: &str) -> bool {
    let (mut rest, mut starts) = (sql, true);
    while let Some(first) = rest.chars().next() {
        // What is passed over at once: a comment, something quoted, a word or one character.
        let after =
            |start: usize, end: &str| rest[start..].find(end).map_or(rest.len(), |at| start + at + end.len());
        let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        let length = match first {
            '-' if rest.starts_with("--") => after(2, "\n"),
            '/' if rest.starts_with("/*") => after(2, "*/"),
            '\'' | '"' | '`' => after(1, first.encode_utf8(&mut [0; 4])),
            '[' => after(1, "]"),
            letter if is_letter(letter) => rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let passed = &rest[..length];
        if starts && passed.eq_ignore_ascii_case("vacuum") {
            return true;
        }
        let is_nothing = passed.trim().is_empty() || passed.starts_with("--") || passed.starts_with("/*");
        starts = passed == ";" || (starts && is_nothing);
        rest = &rest[length..];
    }
    false
}

fn values(row: &Row) -> sqlx::Result<Vec<Value>> {
    (0..row.columns().len()).map(|column| sqlite::value(row, column)).collect()
}
