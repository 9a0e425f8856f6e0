//! Free queries for people: any statement that reads, answered as columns and rows of values.

use std::ops::ControlFlow;

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

/// Takes an answer in while it is computed: the columns' names once, then each row. Either may end it.
pub trait Answer {
    /// Takes the columns' names, also when there are no rows.
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()>;
    /// Takes one row, with a value per column.
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()>;
}

impl Answer for QueryResult {
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()> {
        self.columns = names;
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        self.rows.push(row);
        ControlFlow::Continue(())
    }
}

impl Store {
    /// Runs one statement that reads, as it is typed, and hands its rows on one by one, so that no more than one is
    /// held in memory. It changes nothing and writes no file, whatever this handle may do: SQLite's authorizer
    /// decides.
    ///
    /// # Errors
    /// When the statement is faulty, when it would do anything but read, when it is more than one statement, and when
    /// it needs too much memory. Rows may have been handed on by then.
    pub fn stream(&self, sql: &str, answer: &mut dyn Answer) -> Result<()> {
        sqlite::reading::stream(self.path(), sql, answer)
    }

    /// Runs one statement as it is typed. On a handle from [`Store::open_read_only`] it is that of
    /// [`Store::stream`]: nothing can be changed by it.
    ///
    /// # Errors
    /// When the statement is faulty, when it would do anything but read on a handle for reading, and when it is more
    /// than one statement.
    pub async fn query(&self, sql: &str) -> Result<QueryResult> {
        if self.read_only {
            let mut answer = QueryResult::default();
            self.stream(sql, &mut answer)?;
            return Ok(answer);
        }
        let failed = |error| match sqlite::faulty_statement(&error) {
            Some(reason) => Error::Query { reason },
            None => self.failed(error),
        };
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        // Audited: whoever holds a handle that writes may write anything.
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

fn values(row: &Row) -> sqlx::Result<Vec<Value>> {
    (0..row.columns().len()).map(|column| sqlite::value(row, column)).collect()
}
