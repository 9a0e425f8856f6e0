//! Claims: each trial is trained by one process at a time.

use crate::availability::{Availability, availability};
use crate::backend::{self, Failure, Statement, Transaction, placeholders};
use crate::columns::{Column as _, Columns as _};
use crate::error::{Error, Result};
use crate::family::with_family;
use crate::identity::IDENTITY_VERSION;
use crate::lease::RunningProcess;
use crate::location::Location;
use crate::record::{NewRun, RunStatus};
use crate::store::Store;

/// The answer to a claim of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller trains it, in this new run.
    New(i64),
    /// The caller trains it and continues this interrupted run.
    Continued(i64),
    /// A finished run has its results.
    Finished(i64),
    /// It diverged in this run, and would again.
    Diverged(i64),
    /// Another process trains it.
    Taken {
        /// In this run.
        run: i64,
        /// On this host.
        host: String,
        /// Under this number.
        process: i64,
    },
}

/// A run that no other handle claims, continues or writes while this is held.
#[derive(Debug)]
pub struct Held {
    transaction: Transaction,
    status: Option<RunStatus>,
    location: Location,
}

impl Held {
    /// The run's state; `None` where there is no such run.
    pub fn status(&self) -> Option<RunStatus> {
        self.status
    }

    /// Lets other handles write again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(self) -> Result<()> {
        let location = self.location;
        self.transaction.rollback().await.map_err(|failure| backend::classify(failure, &location))
    }
}

impl Store {
    /// Keeps other handles from writing a run, or starting one of this number, until the answer is released. They
    /// wait meanwhile: hold it for moments only.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn hold(&self, run: i64) -> Result<Held> {
        self.repeating(move || async move {
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            let statement = Statement::new("SELECT status FROM runs WHERE id = $1").bind(run);
            let row = statement.optional(&mut transaction).await.map_err(failed)?;
            let status = row.map(|row| RunStatus::read(&row, "status")).transpose().map_err(failed)?;
            Ok(Held { transaction, status, location: self.location().clone() })
        })
        .await
    }

    /// Claims the trial with this configuration hash. Of several handles that claim it at the same time, one
    /// gets it: a new run, or the interrupted one under the id that it has. `process_started` distinguishes this
    /// process from a later one of the same number.
    ///
    /// # Errors
    /// When the database cannot be written, and when a count is negative.
    pub async fn claim(&self, run: &NewRun, process_started: Option<&str>) -> Result<Claim> {
        self.repeating(move || async move {
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            let hashes = std::slice::from_ref(&run.config_hash);
            let clock = transaction.clock();
            let mut found = availability(&mut transaction, hashes, clock).await.map_err(failed)?;
            let claim = match found.remove(&run.config_hash).unwrap_or_default() {
                Availability::Free => {
                    Claim::New(self.insert_run(&mut transaction, run, process_started).await?)
                }
                Availability::Finished(run) => Claim::Finished(run),
                Availability::Diverged(run) => Claim::Diverged(run),
                Availability::Running(RunningProcess { run, host, process, .. }) => {
                    Claim::Taken { run, host, process }
                }
                Availability::Interrupted(id) => {
                    self.take_over(&mut transaction, id, run, process_started).await?;
                    Claim::Continued(id)
                }
            };
            transaction.commit().await.map_err(failed)?;
            Ok(claim)
        })
        .await
    }

    /// Records a run that starts now and returns its id, which is never given to another run.
    ///
    /// # Errors
    /// When the database cannot be written, and when a count is negative.
    pub async fn start_run(&self, run: &NewRun) -> Result<i64> {
        self.repeating(move || async move {
            let mut transaction = self.begin(&self.pool).await?;
            let id = self.insert_run(&mut transaction, run, None).await?;
            transaction.commit().await.map_err(|failure| self.failed(failure))?;
            Ok(id)
        })
        .await
    }

    async fn insert_run(
        &self,
        connection: &mut Transaction,
        run: &NewRun,
        process_started: Option<&str>,
    ) -> Result<i64> {
        let run = &with_family(run);
        let names = NewRun::NAMES;
        let sql = format!(
            "INSERT INTO runs
                (status, started_at, heartbeat_at, identity_version, owner, lease_expires_at, process_started, {})
             VALUES ('{}', $1, $1, $2, $3, $4, $5, {}) RETURNING id",
            names.join(", "),
            RunStatus::Running,
            placeholders(6, names.len()),
        );
        let statement = Statement::new(sql)
            .bind(connection.clock().now())
            .bind(IDENTITY_VERSION)
            .bind(&self.owner)
            .bind(connection.clock().lease_end())
            .bind(process_started)
            .bind_all(run.parameters());
        let row = statement.one(connection).await.map_err(|failure| self.refused_run(failure, run))?;
        row.get("id").map_err(|failure| self.failed(failure))
    }

    /// Makes this handle the owner of an interrupted run; the row records the settings and process that continue it.
    async fn take_over(
        &self,
        connection: &mut Transaction,
        id: i64,
        run: &NewRun,
        process_started: Option<&str>,
    ) -> Result<()> {
        let run = &with_family(run);
        let assignments: Vec<String> =
            NewRun::NAMES.iter().zip(7..).map(|(name, index)| assignment(name, index)).collect();
        let sql = format!(
            "UPDATE runs SET status = 'running', ended_at = NULL, interruptions = interruptions + 1,
                heartbeat_at = $1, identity_version = $2, owner = $3, lease_expires_at = $4, process_started = $5, {}
             WHERE id = $6",
            assignments.join(", "),
        );
        let statement = Statement::new(sql)
            .bind(connection.clock().now())
            .bind(IDENTITY_VERSION)
            .bind(&self.owner)
            .bind(connection.clock().lease_end())
            .bind(process_started)
            .bind(id)
            .bind_all(run.parameters());
        statement.execute(connection).await.map_err(|failure| self.refused_run(failure, run))?;
        Ok(())
    }

    fn refused_run(&self, failure: Failure, run: &NewRun) -> Error {
        match backend::broken_rule(&failure) {
            Some(reason) => Error::Refused { record: format!("a run of {}", run.label), reason },
            None => self.failed(failure),
        }
    }

    /// Drops what a run recorded after `epoch`, and returns how many epochs and steps are left.
    ///
    /// # Errors
    /// When the run does not exist or was taken over, and when the database cannot be written.
    pub async fn rewind(&self, run: i64, epoch: i64) -> Result<(i64, i64)> {
        self.repeating(move || async move {
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin_run(&self.pool, run).await?;
            self.check_owner(&mut transaction, run).await?;
            for table in ["step_metrics", "epoch_metrics"] {
                Statement::new(format!("DELETE FROM {table} WHERE run_id = $1 AND epoch > $2"))
                    .bind(run)
                    .bind(epoch)
                    .execute(&mut transaction)
                    .await
                    .map_err(failed)?;
            }
            if epoch == 0 {
                Statement::new("DELETE FROM validation_predictions WHERE run_id = $1")
                    .bind(run)
                    .execute(&mut transaction)
                    .await
                    .map_err(failed)?;
            }
            let left = Statement::new(
                "SELECT (SELECT COUNT(DISTINCT epoch) FROM epoch_metrics WHERE run_id = $1),
                (SELECT COUNT(DISTINCT step) FROM step_metrics WHERE run_id = $1)",
            )
            .bind(run)
            .one(&mut transaction)
            .await
            .map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            Ok((left.get(0).map_err(failed)?, left.get(1).map_err(failed)?))
        })
        .await
    }
}

/// What a continued run's row takes from the new process. A tree that was dirty once is never clean again.
fn assignment(name: &str, index: usize) -> String {
    match name {
        "git_dirty" => format!("{name} = CASE WHEN {name} IS TRUE THEN {name} ELSE ${index} END"),
        _ => format!("{name} = ${index}"),
    }
}
