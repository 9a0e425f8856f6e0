//! Bringing the schema of a database up to date: all missing migrations in one transaction, or none.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::driver::Pool;
use super::failure::classify;
use super::header::{Header, count};
use super::schema::{MIGRATIONS, NEWEST, State, identity, state};
use super::writing::fold_log_quietly;
use crate::error::{Error, Result};
use crate::location::Location;

/// Brings the schema up to date, one process at a time. Taking the write lock also shows at once when
/// the file cannot be written.
/// Returns the database's id and its header.
pub(super) async fn migrate(pool: &Pool, location: &Location) -> Result<(String, Header)> {
    let failed = |failure| classify(failure, location);
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    if matches!(state(&mut transaction).await.map_err(failed)?, State::Foreign) {
        return Err(Error::NotRanklab { location: location.clone() });
    }
    migrator()
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| unmigrated(error, location))?;
    count(&mut transaction).await.map_err(failed)?;
    let id = identity(&mut transaction).await.map_err(failed)?;
    let header = Header::read(&mut transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    // The counter is to be seen in the file. Where readers hold an old state, it comes later.
    fold_log_quietly(pool).await.map_err(failed)?;
    Ok((id, header))
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
