//! The schema's versions, and which of them a database has. They are SQLite's: a version has the same tables, columns
//! and views by either.

use super::driver::{Connection, Outcome};
use crate::schema_state::State;

/// The migrations in order: version, description, SQL. A released one never changes. The first makes a whole schema 9.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] =
    &[(9, "tables and views", include_str!("../../migrations/postgres/0009_tables_and_views.sql"))];

/// The newest schema this code knows.
pub(super) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The state of a database: of the schema that names without one are looked up in.
pub(super) async fn state(connection: &mut Connection) -> Outcome<State> {
    let (tables, ours): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE c.relname IN ('_ranklab_schema', 'runs', 'trials'))
         FROM pg_catalog.pg_class c
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (tables, ours) {
        (0, _) => return Ok(State::Empty),
        (_, 3) => {}
        _ => return Ok(State::Foreign),
    }
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT MAX(version) FROM _ranklab_schema").fetch_one(connection).await?;
    Ok(match newest.unwrap_or(0) {
        NEWEST => State::Known,
        newer if newer > NEWEST => State::Newer(newer),
        older => State::Older(older),
    })
}

/// The database's id.
pub(super) async fn identity(connection: &mut Connection) -> Outcome<String> {
    sqlx::query_scalar("SELECT id FROM database_identity").fetch_one(connection).await
}
