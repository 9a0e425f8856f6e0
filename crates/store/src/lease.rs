//! Who writes a run, and until when that is believed without a further sign of life.
//!
//! A run belongs to the handle that started or continued it. Its lease is renewed by heartbeats; whoever
//! lost it, say in a machine that slept, has its records refused.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::Column as _;
use crate::error::{Error, Result};
use crate::record::RunStatus;
use crate::sqlite::{self, Connection, Query, Row};
use crate::store::Store;

/// How long a run's process is taken to be alive after its last heartbeat.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// The same for runs of versions that sent a heartbeat once per epoch.
const OLD_LEASE: SignedDuration = SignedDuration::from_hours(24);

/// A run that is marked as running, and the process that should be training it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningProcess {
    /// The run.
    pub run: i64,
    /// Host name.
    pub host: String,
    /// Process id there.
    pub process: i64,
    /// When that process started, as it was told at the start.
    pub process_started: Option<String>,
    /// Whether its last heartbeat is too old.
    pub lapsed: bool,
    heartbeat_at: String,
}

/// What is known of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It runs.
    Alive,
    /// It does not run any more.
    Gone,
    /// It cannot be asked, for it runs elsewhere: its heartbeat decides.
    Unknown,
}

impl Store {
    /// Notes that the run is alive, also one that was taken for interrupted, and looks whether the database's file
    /// still is at its path.
    ///
    /// # Errors
    /// When the run does not exist, ended or was taken over, and when the database cannot be written.
    pub async fn heartbeat(&self, run: i64) -> Result<()> {
        let columns = ["status", "heartbeat_at", "lease_expires_at", "ended_at"];
        let record = "its heartbeat";
        let refused = |error| self.refused(error, run, record);
        let mut transaction = self.begin(&self.pool).await?;
        self.change_own(&mut transaction, run, record, &columns, |query| {
            RunStatus::Running.bind(query).bind(now()).bind(lease_end()).bind(None::<String>)
        })
        .await?;
        sqlite::count(&mut transaction).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)
    }

    /// Runs marked as running whose process is gone. `liveness` is asked about each; where it does not
    /// know, the age of the last heartbeat decides.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn abandoned(
        &self,
        liveness: &dyn Fn(&RunningProcess) -> Liveness,
    ) -> Result<Vec<RunningProcess>> {
        let rows = sqlx::query(
            "SELECT id, host, process, process_started, heartbeat_at,
                COALESCE(lease_expires_at < $1 OR lease_expires_at > $2, heartbeat_at < $3) AS lapsed
             FROM runs WHERE status = 'running' ORDER BY id",
        )
        .bind(now())
        // No lease is so long: the clock was set back since, and who is alive renews it by the right time.
        .bind(timestamp(Timestamp::now() + LEASE * 2))
        .bind(timestamp(Timestamp::now() - OLD_LEASE))
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.failed(error))?;
        let running = rows.iter().map(read_process).collect::<sqlx::Result<Vec<_>>>();
        let running = running.map_err(|error| self.failed(error))?;
        let is_gone = |process: &RunningProcess| match liveness(process) {
            Liveness::Alive => false,
            Liveness::Gone => true,
            Liveness::Unknown => process.lapsed,
        };
        Ok(running.into_iter().filter(is_gone).collect())
    }

    /// Marks the runs of [`Store::abandoned`] as interrupted and returns their ids.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_interrupted(&self, liveness: &dyn Fn(&RunningProcess) -> Liveness) -> Result<Vec<i64>> {
        let abandoned = self.abandoned(liveness).await?;
        if abandoned.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error| self.failed(error);
        let mut transaction = self.begin(&self.pool).await?;
        let mut marked = Vec::new();
        for process in abandoned {
            // Unless it was continued or showed itself in the meantime.
            let done = sqlx::query(
                "UPDATE runs SET status = 'interrupted', ended_at = $1
                 WHERE id = $2 AND status = 'running' AND heartbeat_at = $3",
            )
            .bind(now())
            .bind(process.run)
            .bind(&process.heartbeat_at)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            if done.rows_affected() > 0 {
                marked.push(process.run);
            }
        }
        transaction.commit().await.map_err(failed)?;
        Ok(marked)
    }

    /// Gives a run of this handle's up, to be continued by whoever claims it.
    ///
    /// # Errors
    /// When the run does not exist, ended or was taken over, and when the database cannot be written.
    pub async fn interrupt_run(&self, run: i64) -> Result<()> {
        let columns = ["status", "ended_at", "owner", "lease_expires_at"];
        self.change_and_commit(run, "its interruption", &columns, |query| {
            RunStatus::Interrupted.bind(query).bind(now()).bind(None::<String>).bind(None::<String>)
        })
        .await
    }

    async fn change_and_commit(
        &self,
        run: i64,
        record: &str,
        columns: &[&str],
        bind: impl for<'q> FnOnce(Query<'q>) -> Query<'q>,
    ) -> Result<()> {
        let refused = |error| self.refused(error, run, record);
        let mut transaction = self.begin(&self.pool).await?;
        self.change_own(&mut transaction, run, record, columns, bind).await?;
        transaction.commit().await.map_err(refused)
    }

    /// Gives columns of a run that has not ended, and that this handle owns, the values that `bind` appends;
    /// `record` says in an error what was to be written.
    pub(crate) async fn change_own(
        &self,
        connection: &mut Connection,
        run: i64,
        record: &str,
        columns: &[&str],
        bind: impl for<'q> FnOnce(Query<'q>) -> Query<'q>,
    ) -> Result<()> {
        let assignments: Vec<String> =
            columns.iter().zip(3..).map(|(name, index)| format!("{name} = ${index}")).collect();
        let sql = format!(
            "UPDATE runs SET {}
             WHERE id = $1 AND owner = $2 AND status IN ('running', 'interrupted')",
            assignments.join(", "),
        );
        let query = bind(sqlx::query(AssertSqlSafe(sql)).bind(run).bind(&self.owner));
        let done = query.execute(&mut *connection).await.map_err(|error| self.refused(error, run, record))?;
        if done.rows_affected() == 0 { Err(self.not_running(connection, run).await) } else { Ok(()) }
    }

    /// Why a run is not this handle's to write any more.
    async fn not_running(&self, connection: &mut Connection, run: i64) -> Error {
        let row = sqlx::query("SELECT status FROM runs WHERE id = $1")
            .bind(run)
            .fetch_optional(&mut *connection)
            .await;
        match row.and_then(|row| row.map(|row| RunStatus::read(&row, "status")).transpose()) {
            Ok(Some(RunStatus::Running | RunStatus::Interrupted)) => {
                let error = self.check_owner(connection, run).await.err();
                error.unwrap_or(Error::Ended { run, status: RunStatus::Interrupted })
            }
            Ok(Some(status)) => Error::Ended { run, status },
            Ok(None) => Error::UnknownRun { run },
            Err(error) => self.failed(error),
        }
    }

    /// Refuses to write to a run that another handle holds.
    pub(crate) async fn check_owner(&self, connection: &mut Connection, run: i64) -> Result<()> {
        // There the write itself is refused.
        if self.read_only {
            return Ok(());
        }
        let row = sqlx::query("SELECT owner, host, process FROM runs WHERE id = $1")
            .bind(run)
            .fetch_optional(connection)
            .await
            .map_err(|error| self.failed(error))?;
        let Some(row) = row else { return Err(Error::UnknownRun { run }) };
        let read = |row: &Row| -> sqlx::Result<(Option<String>, String, i64)> {
            Ok((row.try_get("owner")?, row.try_get("host")?, row.try_get("process")?))
        };
        let (owner, host, process) = read(&row).map_err(|error| self.failed(error))?;
        if owner.as_deref() == Some(self.owner.as_str()) {
            return Ok(());
        }
        Err(Error::TakenOver { run, host, process })
    }
}

fn read_process(row: &Row) -> sqlx::Result<RunningProcess> {
    Ok(RunningProcess {
        run: row.try_get("id")?,
        host: row.try_get("host")?,
        process: row.try_get("process")?,
        process_started: row.try_get("process_started")?,
        lapsed: row.try_get("lapsed")?,
        heartbeat_at: row.try_get("heartbeat_at")?,
    })
}

/// A name that no other handle has, in this process or another.
pub(crate) fn new_owner() -> String {
    // Each has a key of its own from the system's random numbers.
    let random = |_| RandomState::new().build_hasher().finish();
    let [first, second] = [0, 1].map(random);
    format!("{first:016x}{second:016x}")
}

/// When a lease ends that is renewed now.
pub(crate) fn lease_end() -> String {
    timestamp(Timestamp::now() + LEASE)
}

/// The present moment.
pub(crate) fn now() -> String {
    timestamp(Timestamp::now())
}

/// RFC 3339 in UTC with a fixed width, so that text order is time order.
fn timestamp(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_microseconds_and_a_lease_ends_later() {
        assert_eq!(now().len(), "2026-01-01T00:00:00.000000Z".len(), "{}", now());
        assert!(now().ends_with('Z'));
        assert!(lease_end() > now());
    }

    #[test]
    fn no_two_handles_have_one_name() {
        assert_ne!(new_owner(), new_owner());
        assert_eq!(new_owner().len(), 32);
    }
}
