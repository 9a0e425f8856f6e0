//! Which process trains a trial: exactly one, as long as it lives.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::{Column as _, Columns, placeholders};
use crate::error::{Error, Result};
use crate::family::with_family;
use crate::identity::IDENTITY_VERSION;
use crate::lease::{lease_end, now};
use crate::record::{NewRun, RunStatus};
use crate::sqlite::{self, Connection, Transaction};
use crate::store::Store;

/// What came of asking for a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the asker's, in this new run.
    New(i64),
    /// It is the asker's, who continues this interrupted run.
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

/// A run that nobody claims, continues or writes while this is held.
#[derive(Debug)]
pub struct Held {
    transaction: Transaction,
    status: Option<RunStatus>,
    path: PathBuf,
}

impl Held {
    /// The run's state; `None` where there is no such run.
    pub fn status(&self) -> Option<RunStatus> {
        self.status
    }

    /// Lets others go on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(self) -> Result<()> {
        let path = self.path;
        self.transaction.rollback().await.map_err(|error| sqlite::classify(error, &path))
    }
}

impl Store {
    /// Keeps everybody from a run, or from starting one of this number, until the answer is released. Others
    /// wait meanwhile: it is for moments only.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn hold(&self, run: i64) -> Result<Held> {
        let failed = |error| self.failed(error);
        let mut transaction = self.begin(&self.pool).await?;
        let row = sqlx::query("SELECT status FROM runs WHERE id = $1")
            .bind(run)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let status = row.map(|row| RunStatus::read(&row, "status")).transpose().map_err(failed)?;
        Ok(Held { transaction, status, path: self.path().to_owned() })
    }

    /// Asks for the trial with this configuration hash. Whatever others ask at the same time, one gets
    /// it: a new run, or the interrupted one, under its own id. `process_started` tells this process from
    /// a later one of the same number.
    ///
    /// # Errors
    /// When the database cannot be written, and when a count is negative.
    pub async fn claim(&self, run: &NewRun, process_started: Option<&str>) -> Result<Claim> {
        let failed = |error| self.failed(error);
        let mut transaction = self.begin(&self.pool).await?;
        let held = sqlx::query(
            "SELECT id, status, host, process FROM runs
             WHERE config_hash = $1 AND status IN ('finished', 'diverged', 'running', 'interrupted')
             ORDER BY CASE status WHEN 'finished' THEN 0 WHEN 'diverged' THEN 1 WHEN 'running' THEN 2 ELSE 3 END,
                id DESC
             LIMIT 1",
        )
        .bind(&run.config_hash)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        let claim = match held {
            None => Claim::New(self.insert_run(&mut transaction, run, process_started).await?),
            Some(row) => {
                let id: i64 = row.try_get("id").map_err(failed)?;
                let status: String = row.try_get("status").map_err(failed)?;
                match status.as_str() {
                    "finished" => Claim::Finished(id),
                    "diverged" => Claim::Diverged(id),
                    "running" => Claim::Taken {
                        run: id,
                        host: row.try_get("host").map_err(failed)?,
                        process: row.try_get("process").map_err(failed)?,
                    },
                    _ => {
                        self.take_over(&mut transaction, id, run, process_started).await?;
                        Claim::Continued(id)
                    }
                }
            }
        };
        transaction.commit().await.map_err(failed)?;
        Ok(claim)
    }

    /// Records a run that starts now and returns its id, which is never given to another run.
    ///
    /// # Errors
    /// When the database cannot be written, and when a count is negative.
    pub async fn start_run(&self, run: &NewRun) -> Result<i64> {
        let mut transaction = self.begin(&self.pool).await?;
        let id = self.insert_run(&mut transaction, run, None).await?;
        transaction.commit().await.map_err(|error| self.failed(error))?;
        Ok(id)
    }

    async fn insert_run(
        &self,
        connection: &mut Connection,
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
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(now())
            .bind(IDENTITY_VERSION)
            .bind(&self.owner)
            .bind(lease_end())
            .bind(process_started);
        let row =
            run.bind(query).fetch_one(connection).await.map_err(|error| self.refused_run(error, run))?;
        row.try_get("id").map_err(|error| self.failed(error))
    }

    /// The interrupted run becomes this handle's; its row says from what it is continued now.
    async fn take_over(
        &self,
        connection: &mut Connection,
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
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(now())
            .bind(IDENTITY_VERSION)
            .bind(&self.owner)
            .bind(lease_end())
            .bind(process_started)
            .bind(id);
        run.bind(query).execute(connection).await.map_err(|error| self.refused_run(error, run))?;
        Ok(())
    }

    fn refused_run(&self, error: sqlx::Error, run: &NewRun) -> Error {
        match sqlite::broken_rule(&error) {
            Some(reason) => Error::Refused { record: format!("a run of {}", run.label), reason },
            None => self.failed(error),
        }
    }

    /// Drops what a run recorded after `epoch`, and returns how many epochs and steps are left.
    ///
    /// # Errors
    /// When the run does not exist or was taken over, and when the database cannot be written.
    pub async fn rewind(&self, run: i64, epoch: i64) -> Result<(i64, i64)> {
        let failed = |error| self.failed(error);
        let mut transaction = self.begin(&self.pool).await?;
        self.check_owner(&mut transaction, run).await?;
        for table in ["step_metrics", "epoch_metrics"] {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE run_id = $1 AND epoch > $2")))
                .bind(run)
                .bind(epoch)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        if epoch == 0 {
            sqlx::query("DELETE FROM validation_predictions WHERE run_id = $1")
                .bind(run)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        let left = sqlx::query_as(
            "SELECT (SELECT COUNT(DISTINCT epoch) FROM epoch_metrics WHERE run_id = $1),
                (SELECT COUNT(DISTINCT step) FROM step_metrics WHERE run_id = $1)",
        )
        .bind(run)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(left)
    }
}

/// What a continued run's row takes from the new process. A tree that was dirty once is never clean again.
fn assignment(name: &str, index: usize) -> String {
    match name {
        "git_dirty" => format!("{name} = CASE WHEN {name} IS TRUE THEN {name} ELSE ${index} END"),
        _ => format!("{name} = ${index}"),
    }
}
