//! Statements of the crate as the driver's.

use sqlx::{AssertSqlSafe, Executor, SqlSafeStr as _};

use super::driver::{Database, Outcome, Row};
use crate::statement::{Parameter, Statement};

type Query = sqlx::query::Query<'static, Database, <Database as sqlx::Database>::Arguments>;

/// All rows of a statement's answer.
pub(crate) async fn all<'c>(
    statement: Statement,
    on: impl Executor<'c, Database = Database>,
) -> Outcome<Vec<Row>> {
    let rows = query(statement).fetch_all(on).await?;
    Ok(rows.into_iter().map(Row).collect())
}

/// The first row of a statement's answer, if there is one.
pub(crate) async fn optional<'c>(
    statement: Statement,
    on: impl Executor<'c, Database = Database>,
) -> Outcome<Option<Row>> {
    Ok(query(statement).fetch_optional(on).await?.map(Row))
}

/// Runs a statement; how many rows it changed.
pub(crate) async fn execute<'c>(
    statement: Statement,
    on: impl Executor<'c, Database = Database>,
) -> Outcome<u64> {
    Ok(query(statement).execute(on).await?.rows_affected())
}

fn query(statement: Statement) -> Query {
    let Statement { sql, parameters, is_kept } = statement;
    // Audited: text that is put together holds names of tables and columns, and placeholders for values.
    let sql = AssertSqlSafe(sql).into_sql_str();
    parameters.into_iter().fold(sqlx::query(sql).persistent(is_kept), |query, parameter| match parameter {
        Parameter::Boolean(value) => query.bind(value),
        Parameter::Integer(value) => query.bind(value),
        Parameter::Real(value) => query.bind(value),
        Parameter::Text(value) => query.bind(value),
    })
}
