//! The owner of a run, and how long it counts as alive without a further heartbeat.
//!
//! A run belongs to the handle that started or continued it. Its lease is renewed by heartbeats; a handle
//! that lost it, say in a machine that slept, has its records refused.

use crate::backend::{self, Outcome, Parameter, Row, Statement, Transaction};
use crate::columns::Column as _;
use crate::error::{Error, Result};
use crate::record::RunStatus;
use crate::store::Store;

/// Whether the lease of a running run has lapsed, with the placeholders now, the latest end of a lease and, for runs
/// without one, the oldest heartbeat. A later end comes from a clock that was set back since; a live process renews
/// its lease by the right time.
pub(crate) const LAPSED: &str = "COALESCE(lease_expires_at < $1 OR lease_expires_at > $2, heartbeat_at < $3)";

/// A run that is marked as running, and the process that should be training it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningProcess {
    /// The run.
    pub run: i64,
    /// Host name.
    pub host: String,
    /// Process id there.
    pub process: i64,
    /// When that process started, as it said when it claimed the run.
    pub process_started: Option<String>,
    /// Whether its last heartbeat is too old.
    pub lapsed: bool,
    heartbeat_at: String,
}

/// Whether a process runs, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It runs.
    Alive,
    /// It does not run any more.
    Gone,
    /// It runs elsewhere and cannot be asked: its heartbeat decides.
    Unknown,
}

impl Store {
    /// Records that the run is alive, also one that was marked as interrupted, and checks that the database's file is
    /// still at its path.
    ///
    /// # Errors
    /// When the run does not exist, ended or was taken over, and when the database cannot be written.
    pub async fn heartbeat(&self, run: i64) -> Result<()> {
        self.repeating(move || async move {
            let columns = ["status", "heartbeat_at", "lease_expires_at", "ended_at"];
            let record = "its heartbeat";
            let refused = |failure| self.refused(failure, run, record);
            let mut transaction = self.begin_run(&self.pool, run).await?;
            let (clock, ended_at) = (transaction.clock(), Parameter::Text(None));
            let values =
                vec![RunStatus::Running.parameter(), clock.now().into(), clock.lease_end().into(), ended_at];
            self.change_own(&mut transaction, run, record, &columns, values).await?;
            backend::count(&mut transaction).await.map_err(refused)?;
            transaction.commit().await.map_err(refused)
        })
        .await
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
        let clock = self.pool.clock().await.map_err(|failure| self.failed(failure))?;
        let rows = Statement::new(format!(
            "SELECT id, host, process, process_started, heartbeat_at, {LAPSED} AS lapsed
             FROM runs WHERE status = 'running' ORDER BY id",
        ))
        .bind(clock.now())
        .bind(clock.latest_lease_end())
        .bind(clock.oldest_heartbeat())
        .all(&self.pool)
        .await;
        let running = rows.and_then(|rows| rows.iter().map(read_process).collect::<Outcome<Vec<_>>>());
        let running = running.map_err(|failure| self.failed(failure))?;
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
        self.repeating(move || async move {
            let abandoned = self.abandoned(liveness).await?;
            if abandoned.is_empty() {
                return Ok(Vec::new());
            }
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            let mut marked = Vec::new();
            for process in abandoned {
                // Unless it was continued or showed itself in the meantime.
                let changed = Statement::new(
                    "UPDATE runs SET status = 'interrupted', ended_at = $1
                 WHERE id = $2 AND status = 'running' AND heartbeat_at = $3",
                )
                .bind(transaction.clock().now())
                .bind(process.run)
                .bind(&process.heartbeat_at)
                .execute(&mut transaction)
                .await
                .map_err(failed)?;
                if changed > 0 {
                    marked.push(process.run);
                }
            }
            transaction.commit().await.map_err(failed)?;
            Ok(marked)
        })
        .await
    }

    /// Releases a run that this handle owns; another process may continue it.
    ///
    /// # Errors
    /// When the run does not exist, ended or was taken over, and when the database cannot be written.
    pub async fn interrupt_run(&self, run: i64) -> Result<()> {
        self.repeating(move || async move {
            let (columns, record) = (["status", "ended_at", "owner", "lease_expires_at"], "its interruption");
            let (owner, lease_end) = (Parameter::Text(None), Parameter::Text(None));
            let mut transaction = self.begin_run(&self.pool, run).await?;
            let ended_at = transaction.clock().now().into();
            let values = vec![RunStatus::Interrupted.parameter(), ended_at, owner, lease_end];
            self.change_own(&mut transaction, run, record, &columns, values).await?;
            transaction.commit().await.map_err(|failure| self.refused(failure, run, record))
        })
        .await
    }

    /// Sets columns of a run that has not ended, and that this handle owns, to these values; `record` says in an error
    /// what was to be written.
    pub(crate) async fn change_own(
        &self,
        connection: &mut Transaction,
        run: i64,
        record: &str,
        columns: &[&str],
        values: Vec<Parameter>,
    ) -> Result<()> {
        let assignments: Vec<String> =
            columns.iter().zip(3..).map(|(name, index)| format!("{name} = ${index}")).collect();
        let sql = format!(
            "UPDATE runs SET {}
             WHERE id = $1 AND owner = $2 AND status IN ('running', 'interrupted')",
            assignments.join(", "),
        );
        let statement = Statement::new(sql).bind(run).bind(&self.owner).bind_all(values);
        let changed = statement.execute(&mut *connection).await;
        match changed.map_err(|failure| self.refused(failure, run, record))? {
            0 => Err(self.not_running(connection, run).await),
            _ => Ok(()),
        }
    }

    /// Why this handle may not write a run any more.
    async fn not_running(&self, connection: &mut Transaction, run: i64) -> Error {
        let statement = Statement::new("SELECT status FROM runs WHERE id = $1").bind(run);
        let row = statement.optional(&mut *connection).await;
        match row.and_then(|row| row.map(|row| RunStatus::read(&row, "status")).transpose()) {
            Ok(Some(RunStatus::Running | RunStatus::Interrupted)) => {
                let error = self.check_owner(connection, run).await.err();
                error.unwrap_or(Error::Ended { run, status: RunStatus::Interrupted })
            }
            Ok(Some(status)) => Error::Ended { run, status },
            Ok(None) => Error::UnknownRun { run },
            Err(failure) => self.failed(failure),
        }
    }

    /// Refuses to write to a run that another handle holds.
    pub(crate) async fn check_owner(&self, connection: &mut Transaction, run: i64) -> Result<()> {
        // The database refuses the write itself then.
        if self.read_only {
            return Ok(());
        }
        let statement = Statement::new("SELECT owner, host, process FROM runs WHERE id = $1").bind(run);
        let row = statement.optional(connection).await.map_err(|failure| self.failed(failure))?;
        let Some(row) = row else { return Err(Error::UnknownRun { run }) };
        let read = |row: &Row| -> Outcome<(Option<String>, String, i64)> {
            Ok((row.get("owner")?, row.get("host")?, row.get("process")?))
        };
        let (owner, host, process) = read(&row).map_err(|failure| self.failed(failure))?;
        if owner.as_deref() == Some(self.owner.as_str()) {
            return Ok(());
        }
        Err(Error::TakenOver { run, host, process })
    }
}

pub(crate) fn read_process(row: &Row) -> Outcome<RunningProcess> {
    Ok(RunningProcess {
        run: row.get("id")?,
        host: row.get("host")?,
        process: row.get("process")?,
        process_started: row.get("process_started")?,
        lapsed: row.get("lapsed")?,
        heartbeat_at: row.get("heartbeat_at")?,
    })
}
