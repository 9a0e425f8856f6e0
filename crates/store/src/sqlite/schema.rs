//! The schema's versions, and which of them a database has.

use super::driver::{Connection, Outcome};
use crate::schema_state::State;

/// The migrations in order: version, description, SQL. A released one never changes.
///
/// They run with foreign keys off. A migration that renames a table or a column, or drops a column, drops the view
/// `repeats` first and makes it again: SQLite looks through all views then, and this connection has no `sqrt()`.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("../../migrations/sqlite/0001_tables.sql")),
    (2, "views", include_str!("../../migrations/sqlite/0002_views.sql")),
    (3, "validation predictions", include_str!("../../migrations/sqlite/0003_validation_predictions.sql")),
    (4, "durable", include_str!("../../migrations/sqlite/0004_durable.sql")),
    (5, "faults", include_str!("../../migrations/sqlite/0005_faults.sql")),
    (6, "statuses", include_str!("../../migrations/sqlite/0006_statuses.sql")),
    (7, "analysis plans", include_str!("../../migrations/sqlite/0007_analysis_plans.sql")),
    (8, "summaries", include_str!("../../migrations/sqlite/0008_summaries.sql")),
    (9, "evaluations", include_str!("../../migrations/sqlite/0009_evaluations.sql")),
];

/// The newest schema this code knows.
pub(super) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The state of a database.
pub(super) async fn state(connection: &mut Connection) -> Outcome<State> {
    let (tables, ours): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COALESCE(SUM(name IN ('_sqlx_migrations', 'runs', 'trials')), 0)
         FROM sqlite_master WHERE type = 'table'",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (tables, ours) {
        (0, _) => return Ok(State::Empty),
        (_, 3) => {}
        _ => return Ok(State::Foreign),
    }
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(connection)
            .await?;
    let known = MIGRATIONS.iter().map(|(version, ..)| *version);
    let missing = known.clone().find(|version| !applied.contains(version));
    Ok(match (applied.last(), missing) {
        (Some(newest), _) if *newest > NEWEST => State::Newer(*newest),
        (_, None) => State::Known,
        (_, Some(missing)) => {
            State::Older(known.take_while(|version| *version < missing).last().unwrap_or(0))
        }
    })
}

/// The database's id.
pub(super) async fn identity(connection: &mut Connection) -> Outcome<String> {
    sqlx::query_scalar("SELECT id FROM database_identity").fetch_one(connection).await
}
