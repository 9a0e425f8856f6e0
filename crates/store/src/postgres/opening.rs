//! Opening a database of a server, for reading and writing or for reading alone, and bringing its schema up to date.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::driver::{Connection, Outcome, Pool, connect, options};
use super::failure::{classify, is_locked};
use super::schema::{MIGRATIONS, NEWEST, identity, state};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::schema_state::State;
use crate::waiting::Wait;

/// Transactions that make or change tables take this lock, one after another.
const MIGRATING: i64 = 0x7261_6e6b_0000_0001;
/// How long the pool looks for a connection, before it is asked again.
const ACQUIRING: Duration = Duration::from_secs(5);
/// Connections of one handle. A server has a hundred by default, for all handles together.
const CONNECTIONS: u32 = 4;

/// Opens for reading and writing, and migrates the database. Waits for others as long as `longest`. Also gives the
/// database's id.
pub(crate) async fn open(location: &Location, longest: Duration) -> Result<(Pool, String)> {
    let mut wait = Wait::new(location, longest, |_| None);
    let id = loop {
        match migrate(location).await {
            Ok(id) => break id,
            Err(Error::Locked { .. }) if wait.goes_on() => {}
            Err(Error::Locked { .. }) => return Err(wait.error()),
            Err(error) => return Err(error),
        }
    };
    let pool = pool(location, longest, "").map_err(|failure| classify(failure, location))?;
    Ok((pool, id))
}

/// Opens for reading only; nothing is ever made or changed. Also gives the database's id.
pub(crate) async fn open_read_only(location: &Location, longest: Duration) -> Result<(Pool, String)> {
    let failed = |failure| classify(failure, location);
    let mut connection = connect(location).await.map_err(failed)?;
    let id = match state(&mut connection).await.map_err(failed)? {
        State::Known => identity(&mut connection).await.map_err(failed)?,
        state => return Err(state.refusal(location, NEWEST)),
    };
    let _ = connection.close().await;
    let pool = pool(location, longest, "SET default_transaction_read_only = on").map_err(failed)?;
    Ok((pool, id))
}

/// Connections that begin with a statement, made when they are needed.
fn pool(location: &Location, longest: Duration, first: &'static str) -> Outcome<Pool> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRING).after_connect(
        move |connection, _| Box::pin(async move { connection.execute(first).await.map(|_| ()) }),
    );
    Ok(Pool { pool: pool.connect_lazy_with(options(location)?), location: location.clone(), longest })
}

/// Brings the schema up to date, one process at a time: all missing migrations in one transaction, or none.
async fn migrate(location: &Location) -> Result<String> {
    let failed = |failure| classify(failure, location);
    let mut connection = connect(location).await.map_err(failed)?;
    let known = match state(&mut connection).await.map_err(failed)? {
        State::Known => identity(&mut connection).await.map_err(failed).map(Some)?,
        State::Empty | State::Older(_) => None,
        refused => return Err(refused.refusal(location, NEWEST)),
    };
    let id = match known {
        Some(id) => id,
        None => migrate_within(&mut connection, location).await?,
    };
    let _ = connection.close().await;
    Ok(id)
}

async fn migrate_within(connection: &mut Connection, location: &Location) -> Result<String> {
    let failed = |failure| classify(failure, location);
    let mut transaction = connection.begin().await.map_err(failed)?;
    let lock = format!("SET LOCAL lock_timeout = '1s'; SELECT pg_advisory_xact_lock({MIGRATING})");
    match transaction.execute(AssertSqlSafe(lock)).await {
        Err(failure) if is_locked(&failure) => {
            return Err(Error::Locked { location: location.clone(), holder: None, waited: None });
        }
        outcome => outcome.map_err(failed)?,
    };
    // Another process may have done it meanwhile.
    let applied = match state(&mut transaction).await.map_err(failed)? {
        State::Empty => 0,
        State::Older(version) => version,
        State::Known => i64::MAX,
        refused => return Err(refused.refusal(location, NEWEST)),
    };
    for (version, description, sql) in MIGRATIONS.iter().filter(|(version, ..)| *version > applied) {
        transaction.execute(*sql).await.map_err(failed)?;
        sqlx::query("INSERT INTO _ranklab_schema (version, description) VALUES ($1, $2)")
            .bind(version)
            .bind(description)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    let id = identity(&mut transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(id)
}
