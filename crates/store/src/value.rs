//! Answers to queries that people type: columns, and rows of values.

use std::ops::ControlFlow;

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

/// Receives an answer while it is computed: the columns' names once, then each row. Either call may end it.
pub trait Answer {
    /// Receives the columns' names, also when there are no rows.
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()>;
    /// Receives one row, with a value per column.
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
