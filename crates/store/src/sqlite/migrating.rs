//! Bringing the schema of a database up to date: all missing migrations in one transaction, or none.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqlSafeStr as _};

use super::driver::{Connection, Outcome, Pool};
use super::failure::classify;
use super::header::{Header, count};
use super::schema::{MIGRATIONS, NEWEST, identity, state};
use super::writing::fold_log_quietly;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::schema_state::State;

/// Brings the schema up to date, one process at a time. Taking the write lock also shows at once when
/// the file cannot be written. Returns the database's id and its header.
pub(super) async fn migrate(pool: &Pool, location: &Location) -> Result<(String, Header)> {
    let failed = |failure| classify(failure, location);
    // Foreign keys are switched off, which is possible outside a transaction only, so that a table can be written
    // anew without the rows that refer to it.
    let options = pool.connect_options().as_ref().clone().create_if_missing(false).foreign_keys(false);
    let mut connection = options.connect().await.map_err(failed)?;
    let migrated = migrate_within(&mut connection, location).await;
    let _ = connection.close().await;
    let migrated = migrated?;
    // The counter is to be seen in the file. Where readers hold an old state, it comes later.
    fold_log_quietly(pool).await.map_err(failed)?;
    Ok(migrated)
}

/// All that is missing in one transaction: after a failure or a kill the database is as it was.
async fn migrate_within(connection: &mut Connection, location: &Location) -> Result<(String, Header)> {
    let failed = |failure| classify(failure, location);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let added = match state(&mut transaction).await.map_err(failed)? {
        State::Foreign => return Err(Error::NotRanklab { location: location.clone() }),
        State::Older(_) => additions(&mut transaction).await.map_err(failed)?,
        State::Empty | State::Known | State::Newer(_) => Vec::new(),
    };
    migrator()
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| unmigrated(error, location))?;
    for addition in added {
        addition.restore(&mut transaction).await.map_err(failed)?;
    }
    count(&mut transaction).await.map_err(failed)?;
    let id = identity(&mut transaction).await.map_err(failed)?;
    let header = Header::read(&mut transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok((id, header))
}

/// An index or a trigger that no migration made: it would go with a table that is written anew.
struct Addition {
    name: String,
    sql: String,
}

/// What users added to the tables.
async fn additions(connection: &mut Connection) -> Outcome<Vec<Addition>> {
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid",
    )
    .fetch_all(connection)
    .await?;
    let is_ours = |name: &str| MIGRATIONS.iter().any(|(.., sql)| sql.contains(&format!(" {name} ON ")));
    let added = found.into_iter().filter(|(name, _)| !is_ours(name));
    Ok(added.map(|(name, sql)| Addition { name, sql }).collect())
}

impl Addition {
    /// Makes it again if it is gone.
    async fn restore(self, connection: &mut Connection) -> Outcome<()> {
        let is_there: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1)")
                .bind(self.name)
                .fetch_one(&mut *connection)
                .await?;
        if !is_there {
            sqlx::raw_sql(AssertSqlSafe(self.sql)).execute(connection).await?;
        }
        Ok(())
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn unmigrated(error: MigrateError, location: &Location) -> Error {
    let of = || location.clone();
    match error {
        MigrateError::VersionMissing(found) => Error::NewerSchema { location: of(), found, known: NEWEST },
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            Error::AlteredSchema { location: of(), version }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => classify(error, location),
        other => {
            Error::Database { location: of(), reason: sqlx::Error::Migrate(Box::new(other)).to_string() }
        }
    }
}
