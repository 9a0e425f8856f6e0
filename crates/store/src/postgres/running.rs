//! Statements of the crate as the driver's.

use std::time::Duration;

use sqlx::{AssertSqlSafe, SqlSafeStr as _};

use super::driver::{Connection, Database, Failure, Outcome, Pool, Row};
use super::failure::is_away;
use crate::statement::{Parameter, Statement};
use crate::waiting::Wait;

type Query = sqlx::query::Query<'static, Database, <Database as sqlx::Database>::Arguments>;

/// The time between two attempts to reach a server that is away.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// All rows of a statement's answer.
pub(crate) async fn all(statement: Statement, on: &mut Connection) -> Outcome<Vec<Row>> {
    let rows = query(statement).fetch_all(on).await?;
    Ok(rows.into_iter().map(Row).collect())
}

/// The first row of a statement's answer, if there is one.
pub(crate) async fn optional(statement: Statement, on: &mut Connection) -> Outcome<Option<Row>> {
    Ok(query(statement).fetch_optional(on).await?.map(Row))
}

/// Runs a statement; how many rows it changed.
pub(crate) async fn execute(statement: Statement, on: &mut Connection) -> Outcome<u64> {
    Ok(query(statement).execute(on).await?.rows_affected())
}

/// All rows of the answer of a statement that reads, on whichever connection is free. Where the server is away it is
/// asked again: reading twice changes nothing.
pub(crate) async fn read(statement: Statement, pool: &Pool) -> Outcome<Vec<Row>> {
    let mut wait = Wait::new(&pool.location, pool.longest, |_| None);
    loop {
        match read_once(statement.clone(), pool).await {
            Err(failure) if is_away(&failure) && wait.goes_on_without_server() => {
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

async fn read_once(statement: Statement, pool: &Pool) -> Outcome<Vec<Row>> {
    let mut connection = acquire(pool).await?;
    all(statement, &mut connection).await
}

/// A connection of the pool that answers.
pub(super) async fn acquire(pool: &Pool) -> Outcome<sqlx::pool::PoolConnection<Database>> {
    match pool.pool.acquire().await {
        // The pool does not say what kept it from connecting.
        Err(Failure::PoolTimedOut) => match super::driver::connect(&pool.location).await {
            Ok(_) => Err(Failure::PoolTimedOut),
            Err(failure) => Err(failure),
        },
        outcome => outcome,
    }
}

fn query(statement: Statement) -> Query {
    let Statement { sql, parameters, is_kept } = statement;
    // Audited: text that is put together holds names of tables and columns, and placeholders for values.
    let sql = AssertSqlSafe(sql).into_sql_str();
    parameters.into_iter().fold(sqlx::query(sql).persistent(is_kept), |query, parameter| match parameter {
        Parameter::Boolean(value) => query.bind(value),
        Parameter::Integer(value) => query.bind(value),
        Parameter::Real(value) => query.bind(value),
        // The server's text holds no zero byte.
        Parameter::Text(value) => query.bind(value.map(|text| text.replace('\0', "\u{fffd}"))),
    })
}
